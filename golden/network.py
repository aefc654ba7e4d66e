"""A network as data: its layers in execution order and who feeds whom."""

import difflib
from dataclasses import dataclass

from golden.layer import LayerSpec
from golden.refusal import Refusal

INPUT = "input"
"""Name that stands for the picture among the inputs of a layer."""


class UnknownLayer(Refusal):
    """A layer name that the network does not have; the message gives the nearest match and all the names."""

    def __init__(self, name: str, network: str, names: tuple[str, ...]) -> None:
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        super().__init__(f"{network} has no layer {name!r}.{hint} Its layers: {', '.join(names)}")
        self.name = name
        self.names = names


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Layers in execution order.

    Members
    -------
    layers: a producer comes before its consumers
    inputs: for each layer, in the same order, the names of the layers (or `INPUT`) it reads

    Raises
    ------
    ValueError
        When two layers share a name, or a layer reads what does not come before it, or a shape does not
        match.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    inputs: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.layers or len(self.layers) != len(self.inputs):
            raise ValueError(f"{self.name}: {len(self.layers)} layers, {len(self.inputs)} lists of inputs")
        shapes = {INPUT: self.layers[0].input_shape}
        for spec, sources in zip(self.layers, self.inputs, strict=True):
            if spec.name in shapes:
                raise ValueError(f"{self.name}: two layers are called {spec.name!r}")
            for source in sources:
                if source not in shapes:
                    raise ValueError(f"{self.name}: {spec.name} reads {source!r}, which is not before it")
                if shapes[source] != spec.input_shape:
                    raise ValueError(
                        f"{self.name}: {spec.name} takes {spec.input_shape}, {source} makes {shapes[source]}"
                    )
            shapes[spec.name] = spec.output_shape

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the picture."""
        return self.layers[0].input_shape

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(spec.macs for spec in self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """Layer names in execution order."""
        return tuple(spec.name for spec in self.layers)

    def index(self, name: str) -> int:
        """Position of the layer called `name`; raises `UnknownLayer`."""
        for index, spec in enumerate(self.layers):
            if spec.name == name:
                return index
        raise UnknownLayer(name, self.name, self.names)

    def layer(self, name: str) -> LayerSpec:
        """The layer called `name`; raises `UnknownLayer`."""
        return self.layers[self.index(name)]

    def inputs_of(self, name: str) -> tuple[str, ...]:
        """Names of the layers (or `INPUT`) that `name` reads; raises `UnknownLayer`."""
        return self.inputs[self.index(name)]

    def consumers(self, name: str) -> tuple[str, ...]:
        """Names of the layers that read `name`."""
        pairs = zip(self.layers, self.inputs, strict=True)
        return tuple(spec.name for spec, sources in pairs if name in sources)

    def pair(self, name: str) -> tuple[LayerSpec, LayerSpec] | None:
        """The separable pair of `name`: a depthwise layer and the pointwise one that alone reads it."""
        spec = self.layer(name)
        if spec.op == "pointwise":
            sources = self.inputs_of(name)
            return None if sources[0] == INPUT else self._pair_from(self.layer(sources[0]))
        return self._pair_from(spec)

    def _pair_from(self, spec: LayerSpec) -> tuple[LayerSpec, LayerSpec] | None:
        consumers = self.consumers(spec.name)
        if spec.op != "depthwise" or len(consumers) != 1:
            return None
        following = self.layer(consumers[0])
        return (spec, following) if following.op == "pointwise" else None
