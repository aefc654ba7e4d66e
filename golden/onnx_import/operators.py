"""The operators that can be imported, by kind."""

from collections.abc import Callable, Mapping

from golden.host import Dequantise, FloatSoftmax
from golden.layer import LayerSpec
from golden.model import ModelError
from golden.onnx_import import adding, bounding, multiplying, pooling, shaping
from golden.onnx_import.assemble import Builder
from golden.onnx_import.quantising import dequantise_linear, quantise_linear
from golden.onnx_import.reader import OnnxOperator
from golden.onnx_import.values import Attributes, Constant, Inputs, Pending, Tensor, Value, channels_first


def convert(operator: OnnxOperator, inputs: Inputs, builder: Builder) -> Value:
    """What the operator's output stands for; layers go into `builder`.

    Raises
    ------
    ModelError, ValueError
        When the operator does not fit; the caller adds which it was.
    """
    accepted, conversion = OPERATORS[operator.kind]
    unknown = sorted(set(operator.attributes) - set(accepted))
    if unknown:
        raise ModelError(f"attribute {unknown[0]!r} is not supported; supported are {', '.join(accepted) or 'none'}")
    least = 0 if operator.kind == "Constant" else 1
    if len(inputs) < least or (least and inputs[0] is None):
        raise ModelError("input 0 is missing")
    builder.operator = operator
    attributes = dict(operator.attributes)
    if conversion is None:
        return _BUILDING[operator.kind](inputs, attributes, builder)
    return conversion(inputs, attributes)


def final_tensor(value: Value, builder: Builder) -> Tensor:
    """The float32 or integer tensor behind the model's output."""
    if isinstance(value, Tensor):
        return _as_floats(value, builder) if value.real else value
    if isinstance(value, Pending):
        raise ModelError(f"the output of the last {value.kind} is not quantised; only QDQ models are supported")
    raise ModelError("the output is a constant")


def _softmax(inputs: Inputs, attributes: Attributes, builder: Builder) -> Value:
    """Softmax over the channels, in float32 on the host."""
    value = inputs[0]
    if not isinstance(value, Tensor) or not value.real:
        raise ModelError("an input is not an activation")
    channels_first(value)
    rank = len(value.shape)
    axis = attributes.get("axis", -1) % rank
    if value.picture[:2] != (1, 1) or value.shape[axis] != value.picture[2]:
        raise ModelError(f"softmax over the channels of one pixel is supported, not axis {axis} of {value.shape}")
    source = _as_floats(value, builder)
    spec = LayerSpec(name="softmax", op="softmax", input_shape=value.picture, output_shape=value.picture)
    return builder.append(FloatSoftmax(spec=spec), source, None)


def _constant(inputs: Inputs, attributes: Attributes, builder: Builder) -> Value:
    """Constant of a tensor."""
    if set(attributes) != {"value"}:
        raise ModelError("a constant tensor is supported")
    return Constant(values=attributes["value"])


def _as_floats(tensor: Tensor, builder: Builder) -> Tensor:
    if tensor.quantisation is None:
        return tensor
    spec = LayerSpec(
        name="dequantize", op="dequantize", input_shape=tensor.picture, output_shape=tensor.picture
    )
    given = tensor.quantisation
    return builder.append(Dequantise(spec=spec, scale=given.scale, zero_point=given.zero_point), tensor, None)


_WINDOW = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")
_LINEAR = ("axis", "block_size", "saturate")
_BUILDING: Mapping[str, Callable[[Inputs, Attributes, Builder], Value]] = {
    "QuantizeLinear": quantise_linear,
    "DequantizeLinear": dequantise_linear,
    "Softmax": _softmax,
    "Constant": _constant,
}
OPERATORS: Mapping[str, tuple[tuple[str, ...], Callable[[Inputs, Attributes], Value] | None]] = {
    "Conv": ((*_WINDOW, "group"), multiplying.convolution),
    "Gemm": (("alpha", "beta", "transA", "transB"), multiplying.gemm),
    "MatMul": ((), multiplying.matmul),
    "Add": ((), adding.add),
    "GlobalAveragePool": ((), pooling.global_average_pool),
    "ReduceMean": (("axes", "keepdims", "noop_with_empty_axes"), pooling.reduce_mean),
    "AveragePool": ((*_WINDOW, "ceil_mode", "count_include_pad"), pooling.average_pool),
    "Relu": ((), bounding.relu),
    "Clip": (("min", "max"), bounding.clip),
    "Flatten": (("axis",), shaping.flatten),
    "Reshape": (("allowzero",), shaping.reshape),
    "Squeeze": (("axes",), shaping.squeeze),
    "Identity": ((), shaping.identity),
    "Transpose": (("perm",), shaping.transpose),
    "QuantizeLinear": (_LINEAR, None),
    "DequantizeLinear": (_LINEAR, None),
    "Softmax": (("axis",), None),
    "Constant": (("value",), None),
}
"""Operators by kind: attributes that are understood, and what converts them (None: one of `_BUILDING`)."""
