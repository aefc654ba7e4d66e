"""Amounts of what a device is made of."""

import dataclasses
from dataclasses import dataclass
from operator import add, sub


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a device has, or a design takes.

    Parameters
    ----------
    lut: lookup tables of the device's own size, those that are memory or half of an adder's cell included
    ff: registers
    dsp: hard multipliers
    bram: memory blocks of the device's own size
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(**{name: add(*pair) for name, pair in self._beside(other)})

    def __sub__(self, other: "Resources") -> "Resources":
        return Resources(**{name: sub(*pair) for name, pair in self._beside(other)})

    def _beside(self, other: "Resources") -> list[tuple[str, tuple[int, int]]]:
        return [(name, (getattr(self, name), getattr(other, name))) for name in NAMES]

    def short_of(self, device: "Resources") -> dict[str, int]:
        """What a device lacks to hold this, by name; empty if it fits."""
        return {name: mine - its for name, (mine, its) in self._beside(device) if mine > its}

    def as_dict(self) -> dict[str, int]:
        return dataclasses.asdict(self)


NAMES = tuple(field.name for field in dataclasses.fields(Resources))
