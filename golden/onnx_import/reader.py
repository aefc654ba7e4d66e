"""An ONNX file as plain data: constants, operators, attributes; every length checked before use.

Schema: `onnx.proto` of the ONNX project, through the `onnx` package (optional: `pip install sepconv[onnx]`).
"""

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.importer.reader import MAX_ELEMENTS
from golden.model import ModelError

DTYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64"}
"""`TensorProto.DataType` of the types that are read."""

_FIELDS = {"float32": "float_data", "int64": "int64_data"}
_ATTRIBUTES = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints"}
_DOMAINS = ("", "ai.onnx")
_QUANTISING = ("QuantizeLinear", "DequantizeLinear")
_BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxOperator:
    """One operator of the file; a missing optional input is ""."""

    index: int
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        return f"operator #{self.index} {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxGraph:
    """The main graph.

    Members
    -------
    input, input_shape: its only input, float32, the batch as 1
    output: its only output
    """

    input: str
    input_shape: tuple[int, ...]
    output: str
    operators: tuple[OnnxOperator, ...]
    constants: Mapping[str, NDArray[Any]]


def read_graph(content: bytes) -> OnnxGraph:
    """Constants and operators of an ONNX file.

    Raises
    ------
    ModelError
        When the `onnx` package is missing, or the bytes are not a well-formed file with one float32 input.
    """
    check_start(content)
    try:
        onnx = importlib.import_module("onnx")
        decode_error = importlib.import_module("google.protobuf.message").DecodeError
    except ImportError as error:
        raise ModelError("ONNX files need the package onnx: pip install 'sepconv[onnx]'") from error
    try:
        return _graph(onnx.ModelProto.FromString(content).graph)
    except ModelError:
        raise
    except decode_error as error:
        raise ModelError(f"not an ONNX file: {error}") from error
    except _BROKEN as error:
        raise ModelError(f"malformed ONNX file: {type(error).__name__}: {error}") from error


def check_start(content: bytes) -> None:
    """Raise `ModelError` unless the bytes can begin a ModelProto: a field of number or bytes, from 1 on."""
    if not content or content[0] >> 3 == 0 or content[0] & 7 not in (0, 2):
        raise ModelError("not an ONNX file")


def _graph(graph: Any) -> OnnxGraph:
    if not graph.node:
        raise ModelError("not an ONNX file, or one without operators")
    constants = {tensor.name: _array(tensor) for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ModelError(
            f"one input and one output are supported, not {len(inputs)} and {len(graph.output)}"
        )
    return OnnxGraph(
        input=inputs[0].name, input_shape=_input_shape(inputs[0]), output=graph.output[0].name,
        operators=tuple(_operator(node, index) for index, node in enumerate(graph.node)),
        constants=constants,
    )  # fmt: skip


def _input_shape(value: Any) -> tuple[int, ...]:
    tensor = value.type.tensor_type
    if DTYPES.get(tensor.elem_type) != "float32":
        raise ModelError(f"input {value.name!r} must be float32, not type {tensor.elem_type}")
    extents = [int(axis.dim_value) for axis in tensor.shape.dim]
    if len(extents) > 1 and extents[0] == 0:
        extents[0] = 1  # a batch without a number
    if not 1 <= len(extents) <= 4 or min(extents) < 1 or math.prod(extents) > MAX_ELEMENTS:
        raise ModelError(f"input {value.name!r} needs up to 4 known axes, not {extents[:8]}")
    return tuple(extents)


def _operator(node: Any, index: int) -> OnnxOperator:
    microsoft = node.domain == "com.microsoft" and node.op_type in _QUANTISING
    kind = node.op_type if node.domain in _DOMAINS or microsoft else f"{node.domain}.{node.op_type}"
    attributes = {}
    for attribute in node.attribute:
        field = _ATTRIBUTES.get(attribute.type)
        if field is None:
            raise ModelError(f"operator #{index} {kind}: attribute {attribute.name!r} is not supported")
        value = getattr(attribute, field)
        attributes[attribute.name] = (
            _array(value) if field == "t" else tuple(value) if field in ("floats", "ints") else value
        )
    return OnnxOperator(
        index=index, kind=kind, inputs=tuple(node.input), outputs=tuple(node.output), attributes=attributes
    )


def _array(tensor: Any) -> NDArray[Any]:
    """The values of a TensorProto."""
    dtype = DTYPES.get(tensor.data_type)
    if dtype is None:
        supported = ", ".join(DTYPES.values())
        raise ModelError(f"constant {tensor.name!r} has type {tensor.data_type}; supported are {supported}")
    if tensor.data_location or tensor.external_data:
        raise ModelError(f"constant {tensor.name!r} is in another file, which is not supported")
    shape = tuple(int(extent) for extent in tensor.dims)
    if tensor.HasField("raw_data"):
        if len(tensor.raw_data) % np.dtype(dtype).itemsize:
            raise ModelError(f"constant {tensor.name!r} has {len(tensor.raw_data)} bytes of {dtype}")
        values = np.frombuffer(tensor.raw_data, dtype=np.dtype(dtype).newbyteorder("<"))
    else:
        values = np.array(getattr(tensor, _FIELDS.get(dtype, "int32_data")))
        if values.size and dtype != "float32" and not _fits(values, dtype):
            raise ModelError(f"constant {tensor.name!r} has values outside {dtype}")
    if len(shape) > 8 or min(shape, default=1) < 0 or math.prod(shape) != values.size:
        raise ModelError(f"constant {tensor.name!r} is {dtype}{shape[:8]} but has {values.size} values")
    return values.astype(dtype).reshape(shape)


def _fits(values: NDArray[Any], dtype: str) -> bool:
    limits = np.iinfo(dtype)
    return bool(limits.min <= values.min() and values.max() <= limits.max)
