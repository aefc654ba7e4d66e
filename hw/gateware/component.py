"""Base of all blocks."""

from typing import TYPE_CHECKING, Any

from amaranth.lib import wiring


class Component(wiring.Component):
    """A block whose ports are the members of the signature its constructor hands to `super().__init__`."""

    if TYPE_CHECKING:
        # Amaranth makes the attributes from the signature, whose shapes follow from the configuration.
        def __getattr__(self, name: str) -> Any: ...
