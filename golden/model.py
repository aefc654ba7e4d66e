"""A whole quantised network that runs: a `Network`, its layers' integers, and how it looks from outside."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.host import HostLayer
from golden.layer import LayerSpec
from golden.network import INPUT, Network, UnknownLayer
from golden.ops import Layer, run_layer
from golden.quantise import Rounding
from golden.refusal import Refusal

Node = Layer | HostLayer


class ModelError(Refusal):
    """A model that cannot be read or run; the message says where and what would be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A tensor as the model's file has it.

    Members
    -------
    name: the file's own name
    dtype: "int8", "uint8" or "float32"
    shape: the file's own, with the batch
    scale, zero_point: None for float32, or where the model has no real scale (synthesised)
    index: number of the tensor in the file, −1 without a file
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None
    index: int = -1

    def read(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values as outside to values as inside: (h, w, c), int8 domain or float32.

        Raises
        ------
        ModelError
            When type or shape is another, or a float is not finite.
        """
        values = np.asarray(values)
        if str(values.dtype) != self.dtype or values.shape not in (self.shape, self.shape[1:]):
            raise ModelError(
                f"{self.name or 'input'} must be {self.dtype}{self.shape}, not {values.dtype}{values.shape}"
            )
        if self.dtype == "float32" and not np.isfinite(values).all():
            raise ModelError(f"{self.name or 'input'} has values that are not finite")
        inside = (values ^ np.uint8(128)).view(np.int8) if self.dtype == "uint8" else values
        return inside.reshape(picture_shape(self.shape))

    def write(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values as inside to values as outside: the inverse of `read`."""
        outside = values.view(np.uint8) ^ np.uint8(128) if self.dtype == "uint8" else values
        return outside.reshape(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A network with numbers.

    Members
    -------
    network: shapes and edges
    nodes: one per layer of `network`, in the same order
    ports: the output of each node as the file has it, in the same order
    input, output: the ends of the model
    aliases: further names of layers (the file's own, `#` and the operator's index) to their names
    """

    network: Network
    nodes: tuple[Node, ...]
    ports: tuple[Port, ...]
    input: Port
    output: Port
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def resolve(self, name: str) -> str:
        """The layer's name in `network`, from that name, the file's own, or `#index`; raises
        `UnknownLayer`."""
        if name in self.network.names:
            return name
        if name in self.aliases:
            return self.aliases[name]
        raise UnknownLayer(name, self.network.name, self.network.names)

    def layer(self, name: str) -> Node:
        """The node of that name (`resolve`)."""
        return self.nodes[self.network.index(self.resolve(name))]

    def port(self, name: str) -> Port:
        """The output of that layer (`resolve`) as the file has it, or the model's input for `INPUT`."""
        return self.input if name == INPUT else self.ports[self.network.index(self.resolve(name))]

    def run(self, x: NDArray[Any], rounding: Rounding = "double") -> NDArray[Any]:
        """The model's output for one picture, both in the model's own type and shape (batch 1).

        Raises
        ------
        ModelError
            When `x` has not the model's input type and shape.
        """
        outputs = (output for _, output in self.trace(x, rounding))
        (last,) = deque(outputs, maxlen=1)
        return self.output.write(last)

    def trace(
        self, x: NDArray[Any], rounding: Rounding = "double"
    ) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name, output) of each layer in order, as inside: (h, w, c), int8 domain (or float32 at the ends).

        `port(name).write(output)` is the same tensor as the file has it. A tensor is dropped after its last
        use.
        """
        tensors = {INPUT: self.input.read(x)}
        last_use = {source: spec.name for spec, sources in self._steps() for source in sources}
        for node, (spec, sources) in zip(self.nodes, self._steps(), strict=True):
            y = run_node(node, *(tensors[source] for source in sources), rounding=rounding)
            yield spec.name, y
            for source in set(sources):
                if last_use[source] == spec.name:
                    del tensors[source]
            tensors[spec.name] = y

    def feed(
        self, name: str, x: NDArray[Any], rounding: Rounding = "double"
    ) -> tuple[NDArray[Any], ...]:
        """What the layer of that name (`resolve`) reads when the model is given `x`, as inside.

        Raises
        ------
        UnknownLayer, ModelError
            As `resolve` and `run` do.
        """
        sources = self.network.inputs_of(self.resolve(name))
        wanted = {INPUT: self.input.read(x)} if INPUT in sources else {}
        outputs = self.trace(x, rounding)
        while len(wanted) < len(set(sources)):
            layer, output = next(outputs)
            if layer in sources:
                wanted[layer] = output
        return tuple(wanted[source] for source in sources)

    def _steps(self) -> Iterator[tuple[LayerSpec, tuple[str, ...]]]:
        return zip(self.network.layers, self.network.inputs, strict=True)


def run_node(node: Node, *inputs: NDArray[Any], rounding: Rounding = "double") -> NDArray[Any]:
    """The output of any node, engine or host, as inside."""
    if isinstance(node, HostLayer):
        return node.apply(inputs[0], rounding)
    return run_layer(node, *inputs, rounding=rounding)


def picture_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(h, w, c) of a tensor of batch 1 with 1 to 4 axes.

    Raises
    ------
    ModelError
        When the batch is not 1 or there are more axes.
    """
    if (len(shape) > 1 and shape[0] != 1) or not 1 <= len(shape) <= 4:
        raise ModelError(f"a tensor must be a batch of one picture with at most 4 axes, not {shape}")
    padded = (1, 1, 1, *shape[1:]) if len(shape) > 1 else (1, 1, *shape)
    return padded[-3], padded[-2], padded[-1]
