"""GlobalAveragePool, ReduceMean and AveragePool."""

from golden.importer.site import check_accumulator
from golden.layer import LayerSpec, Shape
from golden.model import ModelError, Node
from golden.onnx_import.values import (
    Attributes,
    Clamp,
    Constant,
    Inputs,
    Pending,
    Quantisation,
    check_spec,
    first,
    plane,
    quantised,
)
from golden.onnx_import.window import window_of
from golden.pool import AveragePoolLayer, MeanLayer, mean_constants
from golden.quantise import INT8_MAX, INT8_MIN


def global_average_pool(inputs: Inputs, attributes: Attributes) -> Pending:
    """GlobalAveragePool: TFLite's MEAN over height and width."""
    return _mean("GlobalAveragePool", inputs, keep=True)


def reduce_mean(inputs: Inputs, attributes: Attributes) -> Pending:
    """ReduceMean over height and width, its axes an attribute or, from opset 18 on, an input."""
    given = inputs[1] if len(inputs) > 1 else None
    axes = given.values.reshape(-1).tolist() if isinstance(given, Constant) else attributes.get("axes", ())
    if sorted(int(axis) % 4 for axis in axes) != [2, 3]:
        raise ModelError(f"the mean over axes 2 and 3 is supported, not {list(axes)[:8]}")
    return _mean("ReduceMean", inputs, keep=bool(attributes.get("keepdims", 1)))


def _mean(kind: str, inputs: Inputs, keep: bool) -> Pending:
    source, given = quantised(first(inputs))
    height, width, channels = plane(source).picture
    pooled: Shape = (1, 1, channels)
    spec = LayerSpec(
        name="mean", op="mean", input_shape=source.picture, output_shape=pooled, kernel=(height, width)
    )

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multiplier, shift = mean_constants(given.scale, output.scale, height * width)
        check_accumulator(255 * height * width, shift)
        if clamp.limits(output) != {"minimum": INT8_MIN, "maximum": INT8_MAX}:
            raise ModelError("a Relu or Clip after a mean is not supported")
        return MeanLayer(
            spec=spec, multiplier=multiplier, shift=shift,
            input_zero_point=given.zero_point, output_zero_point=output.zero_point,
        )  # fmt: skip

    shape = (1, channels, 1, 1) if keep else (1, channels)
    return Pending(kind=kind, shape=shape, picture=pooled, sources=(source,), make=make)


def average_pool(inputs: Inputs, attributes: Attributes) -> Pending:
    """AveragePool; over a whole picture it may change the scale, as a mean does."""
    source, given = quantised(first(inputs))
    height, width, channels = plane(source).picture
    kernel = tuple(attributes.get("kernel_shape", ()))
    if len(kernel) != 2 or attributes.get("ceil_mode", 0):
        raise ModelError(f"kernel_shape {kernel}: a window of two axes is supported, ceil_mode is not")
    stride, padding, size = window_of((height, width), (kernel[0], kernel[1]), attributes)
    padded = max(padding.top, padding.bottom, padding.left, padding.right) > 0
    if padded and attributes.get("count_include_pad", 0):
        raise ModelError("count_include_pad is not supported")
    spec = check_spec(
        LayerSpec(
            name="average_pool", op="average_pool", input_shape=source.picture,
            output_shape=(*size, channels), kernel=(kernel[0], kernel[1]), stride=stride, padding=padding,
        )
    )  # fmt: skip
    whole = kernel == (height, width) and not padded

    def make(output: Quantisation, clamp: Clamp) -> Node:
        if given == output:
            return AveragePoolLayer(spec=spec, unsigned=output.dtype == "uint8", **clamp.limits(output))
        if whole:
            return _mean("AveragePool", inputs, keep=True).make(output, clamp)
        raise ModelError("input and output of a pool must have one type, scale and zero point")

    shape = (1, channels, *size)
    return Pending(kind="AveragePool", shape=shape, picture=spec.output_shape, sources=(source,), make=make)
