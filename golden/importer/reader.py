"""The flatbuffer of a `.tflite` file as plain data: tensors, operators, options; every length checked before
use.

Schema: TensorFlow's `tensorflow/compiler/mlir/lite/schema/schema.fbs`, through the `tflite` package.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.model import ModelError

MAX_ELEMENTS = 1 << 26
"""Largest tensor that is believed: four times VGG-16's largest at 448 pixels."""

CONSTANT_TYPES = ("int8", "uint8", "int32", "int64", "float32")

_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_OPTIONS = {
    "CONV_2D": ("Conv2DOptions", (*_WINDOW, "DilationHFactor", "DilationWFactor")),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", (*_WINDOW, "DilationHFactor", "DilationWFactor")),
    "AVERAGE_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth")),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("FusedActivationFunction", "WeightsFormat")),
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "SUB": ("SubOptions", ("FusedActivationFunction",)),
    "MUL": ("MulOptions", ("FusedActivationFunction",)),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
}
_BROKEN = (
    struct.error, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError,
    MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileTensor:
    """One tensor of the file; `data` is its constant bytes, None for an activation."""

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int
    data: NDArray[np.uint8] | None

    def constant(self) -> NDArray[Any]:
        """The constant values; raises `ModelError` when there are none or not as many as the shape says."""
        if self.data is None:
            raise ModelError(f"tensor {self.index} must be a constant")
        if self.dtype not in CONSTANT_TYPES:
            raise ModelError(f"tensor {self.index} is {self.dtype}, not {' or '.join(CONSTANT_TYPES)}")
        dtype = np.dtype(self.dtype).newbyteorder("<")
        if self.data.nbytes != math.prod(self.shape) * dtype.itemsize:
            raise ModelError(
                f"tensor {self.index} is {self.dtype}{self.shape} but has {self.data.nbytes} bytes of data"
            )
        return self.data.view(dtype).reshape(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOperator:
    """One operator of the file; a missing optional input is −1."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]

    def __str__(self) -> str:
        return f"operator #{self.index} {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGraph:
    """The main subgraph."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]


def read_graph(content: bytes) -> FileGraph:
    """Tensors and operators of the main subgraph of a `.tflite` file.

    Raises
    ------
    ModelError
        When the bytes are not a well-formed file.
    """
    check_identifier(content)
    import tflite  # costs as much as NumPy, so only those who import a file pay for it

    try:
        return _Reader(content, tflite).graph()
    except ModelError:
        raise
    except _BROKEN as error:
        raise ModelError(f"malformed TFLite file: {type(error).__name__}: {error}") from error


def check_identifier(content: bytes) -> None:
    """Raise `ModelError` unless the bytes begin as a TFLite file does; eight of them are enough."""
    if content[4:8] != b"TFL3":
        raise ModelError("not a TFLite file: the identifier TFL3 is missing")


class _Reader:
    def __init__(self, content: bytes, schema: Any) -> None:
        self.content = content
        self.schema = schema
        self.model = schema.Model.GetRootAs(content, 0)
        self.kinds = _names_of(schema.BuiltinOperator)
        self.types = {value: name.lower() for value, name in _names_of(schema.TensorType).items()}
        self.unions = _names_of(schema.BuiltinOptions)

    def graph(self) -> FileGraph:
        if self.model.SubgraphsLength() != 1:
            raise ModelError(f"the file has {self.model.SubgraphsLength()} subgraphs; 1 is supported")
        graph = self.model.Subgraphs(0)
        tensors = tuple(self._tensor(graph, i) for i in range(self._length("tensors", graph.TensorsLength())))
        operators = tuple(
            self._operator(graph, i, len(tensors)) for i in range(self._length("operators",
            graph.OperatorsLength()))
        )
        return FileGraph(
            inputs=self._indices(graph.InputsLength(), graph.InputsAsNumpy, len(tensors)),
            outputs=self._indices(graph.OutputsLength(), graph.OutputsAsNumpy, len(tensors)),
            tensors=tensors,
            operators=operators,
        )

    def _length(self, what: str, length: int) -> int:
        """A count from the file; each element takes four bytes at least."""
        if not 0 <= length <= len(self.content) // 4:
            raise ModelError(f"malformed TFLite file: {length} {what} in {len(self.content)} bytes")
        return length

    def _indices(self, length: int, read: Any, tensors: int) -> tuple[int, ...]:
        if not length:
            return ()
        indices = tuple(int(i) for i in read()[: self._length("indices", length)])
        if min(indices) < -1 or max(indices) >= tensors:
            raise ModelError(f"malformed TFLite file: tensor indices {indices[:8]} of {tensors} tensors")
        return indices

    def _tensor(self, graph: Any, index: int) -> FileTensor:
        tensor = graph.Tensors(index)
        rank = self._length("axes", tensor.ShapeLength())
        shape = tuple(int(extent) for extent in tensor.ShapeAsNumpy()) if rank else ()
        if rank > 8 or min(shape, default=1) < 0 or math.prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"tensor {index} has shape {shape[:8]}; {MAX_ELEMENTS} elements are supported")
        scales = np.zeros(0, dtype=np.float32)
        zero_points, axis = np.zeros(0, dtype=np.int64), 0
        quantisation = tensor.Quantization()
        if quantisation is not None:
            axis = quantisation.QuantizedDimension()
            if quantisation.ScaleLength():
                scales = quantisation.ScaleAsNumpy()
                zero_points = np.zeros(len(scales), dtype=np.int64)
            if quantisation.ZeroPointLength():
                zero_points = quantisation.ZeroPointAsNumpy()
        number = tensor.Buffer()
        if not 0 <= number < self._length("buffers", self.model.BuffersLength()):
            raise ModelError(f"malformed TFLite file: tensor {index} is in missing buffer {number}")
        buffer = self.model.Buffers(number)
        data = buffer.DataAsNumpy() if buffer.DataLength() else None
        return FileTensor(
            index=index, name=(tensor.Name() or b"").decode("utf-8", "replace"),
            dtype=self.types.get(tensor.Type(), f"type {tensor.Type()}"), shape=shape,
            scales=scales, zero_points=zero_points, axis=axis, data=data,
        )  # fmt: skip

    def _operator(self, graph: Any, index: int, tensors: int) -> FileOperator:
        operator = graph.Operators(index)
        number = operator.OpcodeIndex()
        if not 0 <= number < self._length("operator codes", self.model.OperatorCodesLength()):
            raise ModelError(f"malformed TFLite file: operator #{index} has missing code {number}")
        code = self.model.OperatorCodes(number)
        value = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # the old field holds codes below 127
        kind = self.kinds.get(value, f"code {value}")
        return FileOperator(
            index=index, kind=kind,
            inputs=self._indices(operator.InputsLength(), operator.InputsAsNumpy, tensors),
            outputs=self._indices(operator.OutputsLength(), operator.OutputsAsNumpy, tensors),
            options=self._options(operator, index, kind),
        )  # fmt: skip

    def _options(self, operator: Any, index: int, kind: str) -> Mapping[str, Any]:
        if kind not in _OPTIONS:
            return {}
        table_name, fields = _OPTIONS[kind]
        options = getattr(self.schema, table_name)()
        found = operator.BuiltinOptions()
        if found is None or self.unions.get(operator.BuiltinOptionsType()) != table_name:
            raise ModelError(f"operator #{index} {kind} has no {table_name}")
        options.Init(found.Bytes, found.Pos)
        return {name: getattr(options, name)() for name in fields}


def _names_of(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
