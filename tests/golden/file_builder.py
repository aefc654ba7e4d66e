"""Writes `.tflite` files of any tensors and operators, so that tests make layers of their own."""

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

TYPES = {"float32": 0, "int32": 2, "uint8": 3, "int64": 4, "int8": 9}
TABLES = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "MEAN": "ReducerOptions",
    "PAD": "PadOptions",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
}


@dataclass(kw_only=True)
class T:
    """A tensor; `data` makes it a constant."""

    shape: tuple[int, ...]
    dtype: str = "int8"
    scales: Any = ()
    zero_points: Any = ()
    axis: int = 0
    data: np.ndarray | None = None
    name: str = ""


@dataclass(kw_only=True)
class Op:
    """An operator; options by the schema's field names, e.g. `StrideH`."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    table: str | None = None
    version: int = 3


def build_file(
    tensors: list[T], operators: list[Op], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> bytes:
    """The bytes of a file with one subgraph."""
    b = flatbuffers.Builder(1024)
    buffers = [_buffer(b, None)] + [_buffer(b, t.data) for t in tensors]
    tensor_offsets = [_tensor(b, t, number + 1) for number, t in enumerate(tensors)]
    kinds = sorted({(op.kind, op.version) for op in operators})
    codes = [_code(b, kind, version) for kind, version in kinds]
    operator_offsets = [_operator(b, op, kinds.index((op.kind, op.version))) for op in operators]
    vectors = [
        _offsets(b, tensor_offsets),
        _integers(b, inputs),
        _integers(b, outputs),
        _offsets(b, operator_offsets),
    ]
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, vectors[0])
    tflite.SubGraphAddInputs(b, vectors[1])
    tflite.SubGraphAddOutputs(b, vectors[2])
    tflite.SubGraphAddOperators(b, vectors[3])
    subgraph = tflite.SubGraphEnd(b)
    code_vector, graph_vector, buffer_vector = (
        _offsets(b, codes),
        _offsets(b, [subgraph]),
        _offsets(b, buffers),
    )
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, code_vector)
    tflite.ModelAddSubgraphs(b, graph_vector)
    tflite.ModelAddBuffers(b, buffer_vector)
    b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
    return bytes(b.Output())


def _integers(b, values, dtype=np.int32):
    return b.CreateNumpyVector(np.asarray(values, dtype=dtype).reshape(-1))


def _offsets(b, offsets):
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def _buffer(b, data):
    content = None
    if data is not None:
        b.StartVector(1, data.nbytes, 16)
        b.head -= data.nbytes
        b.Bytes[b.head : b.head + data.nbytes] = np.ascontiguousarray(data).tobytes()
        content = b.EndVector()
    tflite.BufferStart(b)
    if content is not None:
        tflite.BufferAddData(b, content)
    return tflite.BufferEnd(b)


def _tensor(b, t, buffer):
    name, shape = b.CreateString(t.name), _integers(b, t.shape)
    scales = _integers(b, t.scales, np.float32)
    zero_points = _integers(b, t.zero_points, np.int64)
    tflite.QuantizationParametersStart(b)
    if np.size(t.scales):
        tflite.QuantizationParametersAddScale(b, scales)
        tflite.QuantizationParametersAddZeroPoint(b, zero_points)
        tflite.QuantizationParametersAddQuantizedDimension(b, t.axis)
    quantisation = tflite.QuantizationParametersEnd(b)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, TYPES[t.dtype])
    tflite.TensorAddBuffer(b, buffer)
    tflite.TensorAddName(b, name)
    tflite.TensorAddQuantization(b, quantisation)
    return tflite.TensorEnd(b)


def _code(b, kind, version):
    value = getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(value, 127))
    tflite.OperatorCodeAddVersion(b, version)
    tflite.OperatorCodeAddBuiltinCode(b, value)
    return tflite.OperatorCodeEnd(b)


def _operator(b, op, code):
    table = op.table or TABLES[op.kind]
    getattr(tflite, f"{table}Start")(b)
    for name, value in op.options.items():
        getattr(tflite, f"{table}Add{name}")(b, value)
    options = getattr(tflite, f"{table}End")(b)
    inputs, outputs = _integers(b, op.inputs), _integers(b, op.outputs)
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, code)
    tflite.OperatorAddInputs(b, inputs)
    tflite.OperatorAddOutputs(b, outputs)
    tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, table))
    tflite.OperatorAddBuiltinOptions(b, options)
    return tflite.OperatorEnd(b)
