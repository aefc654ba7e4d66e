"""A `.tflite` file to a `Model`: fold what is not computed, name the layers, convert each operator."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from golden.importer.names import name_layers
from golden.importer.operators import OPERATORS, Site, op_of
from golden.importer.reader import FileGraph, FileOperator, FileTensor, check_identifier, read_graph
from golden.layer import NO_PADDING, Padding
from golden.model import Model, ModelError, Node, Port, picture_shape
from golden.network import INPUT, Network

_Result = TypeVar("_Result")
SUPPORTED = (*OPERATORS, "PAD")
MAX_FILE_BYTES = 1 << 30


def load_tflite(path: str | Path) -> Model:
    """The model in a `.tflite` file: int8 per channel or uint8 per tensor.

    Raises
    ------
    ModelError
        When the file cannot be read, is malformed, or holds what is not supported; the message names the
        operator.
    """
    try:
        with Path(path).open("rb") as file:
            check_identifier(file.read(8))  # before the rest, which may be long
            file.seek(0)
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ModelError(f"files of at most {MAX_FILE_BYTES >> 20} MiB are supported")
        return parse_tflite(content)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def parse_tflite(content: bytes) -> Model:
    """The model in the bytes of a `.tflite` file; raises `ModelError` as `load_tflite` does."""
    graph = read_graph(content)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or -1 in (*graph.inputs, *graph.outputs):
        raise ModelError(
            f"one input and one output are supported, not {len(graph.inputs)} and {len(graph.outputs)}"
        )
    folding = _fold(graph)
    kept = [operator for operator in graph.operators if operator.index not in folding.folded]
    if not kept:
        raise ModelError("the file has no operators")
    ops = [_at(o, lambda o=o: op_of(o, graph.tensors, folding.padding_of(o))) for o in kept]
    family, names = name_layers(ops)
    nodes = tuple(
        _at(operator, lambda o=operator, n=name, k=op: _convert(o, n, k, graph, folding))
        for operator, name, op in zip(kept, names, ops, strict=True)
    )
    return _assemble(graph, folding, family, kept, nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folding:
    """Operators that compute nothing: their output tensor stands for another one, perhaps padded."""

    folded: set[int] = field(default_factory=set)
    stands_for: dict[int, int] = field(default_factory=dict)
    padding: dict[int, Padding] = field(default_factory=dict)

    def source(self, tensor: int) -> int:
        """The computed tensor behind `tensor`."""
        return self.stands_for.get(tensor, tensor)

    def padding_of(self, operator: FileOperator) -> Padding:
        """Padding folded into `operator`."""
        return self.padding.get(operator.inputs[0], NO_PADDING) if operator.inputs else NO_PADDING


def _at(operator: FileOperator, convert: Callable[[], _Result]) -> _Result:
    """`convert()`, its errors told with the operator they come from."""
    try:
        return convert()
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ModelError(f"{operator}: {error}") from error


def _fold(graph: FileGraph) -> _Folding:
    folding = _Folding()
    readers: dict[int, list[FileOperator]] = {}
    for operator in graph.operators:
        if operator.kind not in SUPPORTED:
            raise ModelError(f"{operator} is not supported; supported are {', '.join(sorted(SUPPORTED))}")
        for tensor in operator.inputs:
            readers.setdefault(tensor, []).append(operator)
    for operator in graph.operators:
        if operator.kind == "PAD":
            _at(operator, lambda o=operator: _fold_pad(o, graph, readers, folding))
        elif operator.kind in ("RESHAPE", "SQUEEZE"):
            _at(operator, lambda o=operator: _fold_reshape(o, graph, readers, folding))
    return folding


def _fold_pad(
    operator: FileOperator, graph: FileGraph, readers: dict[int, list[FileOperator]], folding: _Folding
) -> None:
    """PAD in front of convolutions becomes their padding: both pad with the zero point."""
    site = Site(operator=operator, tensors=graph.tensors, name="")
    source, output, amounts = site.input(0), site.output, site.input(1)
    consumers = readers.get(output.index, [])
    convolutions = ("CONV_2D", "DEPTHWISE_CONV_2D")
    if not consumers or any(reader.kind not in convolutions for reader in consumers):
        raise ModelError(f"only padding in front of {' or '.join(convolutions)} is supported")
    if output.index in graph.outputs or any(output.index in reader.inputs[1:] for reader in consumers):
        raise ModelError("padding must be the first input of a convolution")
    if amounts.dtype not in ("int32", "int64") or amounts.shape != (4, 2) or len(source.shape) != 4:
        raise ModelError("padding must be int32 (4, 2) of a tensor with 4 axes")
    same = source.scales.tolist() == output.scales.tolist()
    if not same or source.zero_points.tolist() != output.zero_points.tolist():
        raise ModelError("input and output of a padding must have one scale and zero point")
    sides = amounts.constant().tolist()
    if sides[0] != [0, 0] or sides[3] != [0, 0]:
        raise ModelError(f"only height and width can be padded, not {sides}")
    (top, bottom), (left, right) = sides[1], sides[2]
    grown = tuple(extent + sum(side) for extent, side in zip(source.shape, sides, strict=True))
    if grown != output.shape:
        raise ModelError(f"{source.shape} padded by {sides} is {grown}, not {output.shape}")
    folding.folded.add(operator.index)
    folding.stands_for[output.index] = folding.source(source.index)
    before = folding.padding.get(source.index, NO_PADDING)
    folding.padding[output.index] = Padding(
        top=before.top + top, bottom=before.bottom + bottom, left=before.left + left, right=before.right +
        right
    )


def _fold_reshape(
    operator: FileOperator, graph: FileGraph, readers: dict[int, list[FileOperator]], folding: _Folding
) -> None:
    """A reshape vanishes where it changes nothing but the number of axes."""
    site = Site(operator=operator, tensors=graph.tensors, name="")
    source, output = site.input(0), site.output
    unchanged = picture_shape(source.shape) == picture_shape(output.shape) and source.dtype == output.dtype
    if unchanged and source.data is None and source.index not in graph.inputs:
        folding.folded.add(operator.index)
        folding.stands_for[output.index] = folding.source(source.index)


def _convert(operator: FileOperator, name: str, op: str, graph: FileGraph, folding: _Folding) -> Node:
    site = Site(
        operator=_unpadded(operator, graph, folding), tensors=graph.tensors, name=name,
        padding=folding.padding_of(operator),
    )  # fmt: skip
    return OPERATORS[operator.kind][1](site, op)


def _unpadded(operator: FileOperator, graph: FileGraph, folding: _Folding) -> FileOperator:
    """The operator reading the tensor before its padding."""
    inputs = tuple(folding.source(i) if i in folding.padding else i for i in operator.inputs)
    return FileOperator(
        index=operator.index, kind=operator.kind, inputs=inputs, outputs=operator.outputs,
        options=operator.options
    )


def _assemble(
    graph: FileGraph, folding: _Folding, family: str, kept: Iterable[FileOperator], nodes: tuple[Node, ...]
) -> Model:
    made = {graph.inputs[0]: INPUT}
    inputs, ports, aliases = [], [], {}
    for operator, node in zip(kept, nodes, strict=True):
        sources = [folding.source(i) for i in operator.inputs if i >= 0 and graph.tensors[i].data is None]
        if any(source not in made for source in sources):
            raise ModelError(f"{operator} reads a tensor that no operator before it makes")
        inputs.append(tuple(made[source] for source in sources))
        output = operator.outputs[0]
        if output in made:
            raise ModelError(f"{operator} makes tensor {output} a second time")
        made[output] = node.spec.name
        ports.append(_port(graph.tensors[output]))
        aliases[f"#{operator.index}"] = node.spec.name
    for tensor, name in made.items():
        if name != INPUT and graph.tensors[tensor].name:
            aliases.setdefault(graph.tensors[tensor].name, name)
    end = folding.source(graph.outputs[0])
    if made.get(end) != nodes[-1].spec.name:
        raise ModelError("the output of the file must be made by its last operator")
    network = _checked_network(family, nodes, inputs)
    return Model(
        network=network, nodes=nodes, ports=tuple(ports), aliases=MappingProxyType(aliases),
        input=_port(graph.tensors[graph.inputs[0]]), output=_port(graph.tensors[graph.outputs[0]]),
    )  # fmt: skip


def _checked_network(family: str, nodes: tuple[Node, ...], inputs: list[tuple[str, ...]]) -> Network:
    try:
        return Network(name=family, layers=tuple(node.spec for node in nodes), inputs=tuple(inputs))
    except ValueError as error:
        raise ModelError(str(error)) from error


def _port(tensor: FileTensor) -> Port:
    if tensor.dtype not in ("int8", "uint8", "float32"):
        raise ModelError(f"tensor {tensor.index} is {tensor.dtype}; int8, uint8 and float32 are supported")
    quantised = tensor.dtype != "float32" and len(tensor.scales) == 1 and len(tensor.zero_points) == 1
    picture_shape(tensor.shape)
    return Port(
        name=tensor.name, dtype=tensor.dtype, shape=tensor.shape, index=tensor.index,
        scale=float(tensor.scales[0]) if quantised else None,
        zero_point=int(tensor.zero_points[0]) if quantised else None,
    )  # fmt: skip
