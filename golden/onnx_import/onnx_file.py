"""An ONNX file in QDQ form to a `Model`.

What is read: int8 models as onnxruntime's static quantiser writes them in QDQ format: each operator computes
on real numbers between DequantizeLinear and QuantizeLinear. The triple becomes one layer in integers.

Layout: ONNX is (n, c, h, w), golden (h, w, c); the model that comes out takes and gives (1, h, w, c), weights
and flattened vectors are arranged accordingly. A flattening that would show another order outside is refused.
A file whose own input is (n, h, w, c) and goes straight to Transpose, as TensorFlow's exporters write, keeps it.

Exactness: QDQ says which real number each output stands for, not how it is rounded. Golden computes TFLite's
integer semantics on the file's integers and scales, as for a `.tflite` with the same numbers: M and shift from
s_in · s_w ÷ s_out in double, double rounding, ties away from zero; Add with left shift 20; GlobalAveragePool
and ReduceMean as MEAN; quantising a float half away from zero. onnxruntime's CPU rounds
float32(accumulator) · float32(scale) once, ties to even. Fed the same input, a layer differs from
onnxruntime's by at most 1, in about 0.2 % of elements (onnxruntime 1.31.1: 16723 of 7048304 in torchvision's
MobileNetV2; 1288 of 698028 in a net of random weights, by its fused kernels and its plain float graph alike);
through a network such differences spread. `tests/golden/test_onnx_runtime.py` and `test_onnx_mobilenet.py` bound it.
"""

from dataclasses import replace
from pathlib import Path

from golden.files import read_bytes
from golden.model import Model, ModelError
from golden.onnx_import.assemble import Builder
from golden.onnx_import.operators import OPERATORS, convert, final_tensor
from golden.onnx_import.reader import OnnxGraph, check_start, read_graph
from golden.onnx_import.values import Constant, Tensor, Value, channels_first

MAX_FILE_BYTES = 1 << 28


def load_onnx(path: str | Path) -> Model:
    """The model in an `.onnx` file of QDQ int8.

    Raises
    ------
    ModelError
        When the file cannot be read, is malformed, holds what is not supported (the message names the
        operator), or the `onnx` package is missing.
    """
    content = read_bytes(path, MAX_FILE_BYTES, check_start)
    try:
        return parse_onnx(content)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def parse_onnx(content: bytes) -> Model:
    """The model in the bytes of an `.onnx` file; raises `ModelError` as `load_onnx` does."""
    graph = read_graph(content)
    for operator in graph.operators:
        if operator.kind not in OPERATORS:
            raise ModelError(f"{operator} is not supported; supported are {', '.join(sorted(OPERATORS))}")
    builder = Builder(graph.input, graph.input_shape, channels_last=_channels_last(graph))
    values: dict[str, Value] = {name: Constant(values=array) for name, array in graph.constants.items()}
    values[graph.input] = builder.input
    for operator in graph.operators:
        try:
            inputs = tuple(values[name] if name else None for name in operator.inputs)
        except KeyError as error:
            raise ModelError(f"{operator} reads {error}, which no operator before it makes") from error
        if len(operator.outputs) != 1 or operator.outputs[0] in values:
            raise ModelError(f"{operator} must make one new tensor, not {operator.outputs[:8]}")
        try:
            values[operator.outputs[0]] = convert(operator, inputs, builder)
        except (ValueError, ArithmeticError, LookupError, TypeError) as error:
            raise ModelError(f"{operator}: {error}") from error
    try:
        return builder.model(_output(values, graph.output, builder), graph.output)
    except ValueError as error:
        raise ModelError(str(error)) from error


def _channels_last(graph: OnnxGraph) -> bool:
    """Whether the input goes to nothing but Transpose to (n, c, h, w), through QDQ or not."""
    reached, found = {graph.input}, False
    for operator in graph.operators:
        if operator.inputs and operator.inputs[0] in reached:
            if operator.kind in ("QuantizeLinear", "DequantizeLinear", "Identity"):
                reached.update(operator.outputs)
            elif operator.kind == "Transpose":
                found = True
    return found and len(graph.input_shape) == 4


def _output(values: dict[str, Value], name: str, builder: Builder) -> Tensor:
    value = values.get(name)
    if value is None:
        raise ModelError(f"no operator makes the output {name!r}")
    tensor = channels_first(final_tensor(value, builder))
    height, width, channels = tensor.picture
    if tensor.shape != (1, channels, height, width) and (height, width) != (1, 1):
        raise ModelError(f"an output that flattens a picture, {tensor.shape}, is not supported")
    return replace(tensor, real=True)
