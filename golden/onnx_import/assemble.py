"""Layers in the order they are found, then named and put together as a `Model`."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from golden.importer.names import name_layers
from golden.importer.reader import MAX_ELEMENTS
from golden.layer import QuantisedLayer, Shape
from golden.model import Model, ModelError, Node, Port
from golden.network import INPUT, Network
from golden.onnx_import.reader import OnnxOperator
from golden.onnx_import.values import OFFSET, Pending, Quantisation, Tensor

_INPUT = -1


class Builder:
    """Collects layers; `operator` is the one that is being converted."""

    def __init__(self, name: str, shape: tuple[int, ...], *, channels_last: bool = False) -> None:
        self.name = name
        picture = _picture((1, *np.roll(shape[1:], 1).tolist()) if channels_last else shape)
        self.input = Tensor(layer=_INPUT, shape=shape, picture=picture, channels_last=channels_last)
        self.operator: OnnxOperator | None = None
        self.nodes: list[Node] = []
        self.sources: list[tuple[int, ...]] = []
        self.tensors: list[Tensor] = []
        self.operators: list[OnnxOperator | None] = []
        self.elements = 0

    def spend(self, elements: int) -> None:
        """Raise `ModelError` once a file that names one constant many times would take too much memory."""
        self.elements += elements
        if self.elements > MAX_ELEMENTS:
            raise ModelError(f"a model of at most {MAX_ELEMENTS} weights is supported")

    def append(self, node: Node, value: Tensor | Pending, quantisation: Quantisation | None) -> Tensor:
        """A layer that makes what `value` describes; returns the tensor it makes."""
        if isinstance(node, QuantisedLayer):
            self.spend(node.weights.size)
        sources = value.sources if isinstance(value, Pending) else (value,)
        tensor = Tensor(
            layer=len(self.nodes), shape=value.shape, picture=node.spec.output_shape,
            quantisation=quantisation, real=quantisation is None,
            channels_last=isinstance(value, Tensor) and value.channels_last,
        )  # fmt: skip
        self.nodes.append(node)
        self.sources.append(tuple(source.layer for source in sources))
        self.tensors.append(tensor)
        self.operators.append(self.operator)
        return tensor

    def model(self, output: Tensor, output_name: str) -> Model:
        """The whole model; raises `ModelError` or ValueError when the layers are not one network."""
        if output.layer != len(self.nodes) - 1 or not self.nodes:
            raise ModelError("the output of the file must be made by its last layer")
        family, names = name_layers([node.spec.op for node in self.nodes])
        nodes = tuple(
            replace(node, spec=replace(node.spec, name=name)) for node, name in zip(self.nodes, names, strict=True)
        )
        called = {_INPUT: INPUT, **dict(enumerate(names))}
        inputs = tuple(tuple(called[layer] for layer in sources) for sources in self.sources)
        network = Network(name=family, layers=tuple(node.spec for node in nodes), inputs=inputs)
        aliases, file_names = {}, []
        for operator, name in zip(self.operators, names, strict=True):
            made = operator.outputs[0] if operator else name
            file_names.append(made)
            if operator:
                aliases.setdefault(f"#{operator.index}", name)
            if made not in network.names:
                aliases[made] = name
        ports = tuple(_port(n, t) for n, t in zip(file_names, self.tensors, strict=True))
        return Model(
            network=network, nodes=nodes, ports=ports, aliases=MappingProxyType(aliases),
            input=_port(self.name, self.input), output=_port(output_name, output),
        )  # fmt: skip


def _picture(shape: tuple[int, ...]) -> Shape:
    """(h, w, c) of ONNX's (n, c, h, w) or (n, c)."""
    if shape[0] != 1 or len(shape) not in (2, 4):
        raise ModelError(f"the input must be a batch of one, (1, c, h, w) or (1, c), not {shape}")
    return (shape[2], shape[3], shape[1]) if len(shape) == 4 else (1, 1, shape[1])


def _port(name: str, tensor: Tensor) -> Port:
    """The tensor seen from outside: (1, h, w, c), or (1, c) where the file has no rows and columns."""
    given = tensor.quantisation
    shape = (1, tensor.picture[2]) if len(tensor.shape) < 4 and tensor.picture[:2] == (1, 1) else (1, *tensor.picture)
    if given is None:
        return Port(name=name, dtype="float32", shape=shape)
    return Port(
        name=name, dtype=given.dtype, shape=shape, scale=given.scale,
        zero_point=given.zero_point + OFFSET[given.dtype],
    )  # fmt: skip
