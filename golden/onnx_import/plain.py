"""Operators without weights: Add, the pools, Relu and Clip, and those that only reshape."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from golden.add import AddLayer, add_constants
from golden.host import Multiply, Subtract
from golden.importer.site import check_accumulator
from golden.layer import LayerSpec, Shape
from golden.model import ModelError, Node
from golden.onnx_import.values import (
    OFFSET,
    Clamp,
    Constant,
    DequantisedConstant,
    Pending,
    Quantisation,
    Tensor,
    Value,
    channels_first,
    check_spec,
    plane,
    quantised,
    reshaped,
    scale_of,
)
from golden.onnx_import.window import window_of
from golden.pool import AveragePoolLayer, MeanLayer, mean_constants
from golden.quantise import INT8_MAX, INT8_MIN, quantise_multiplier

Inputs = tuple[Value | None, ...]
Attributes = dict[str, Any]


def add(inputs: Inputs, attributes: Attributes) -> Pending:
    """Add of two activations of one shape, or of one and a constant per channel (on the host)."""
    constants = [value for value in inputs if isinstance(value, DequantisedConstant)]
    if len(inputs) == 2 and len(constants) == 1:
        return _add_constant(next(value for value in inputs if value is not constants[0]), constants[0])
    operands = [quantised(value) for value in inputs if value is not None]
    if len(operands) != 2 or operands[0][0].shape != operands[1][0].shape:
        raise ModelError("both operands must be activations of one shape")
    (first, q0), (second, q1) = operands
    if first.picture != second.picture:
        raise ModelError("both operands must lie alike")
    spec = LayerSpec(name="add", op="add", input_shape=first.picture, output_shape=first.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multipliers, shifts = add_constants(q0.scale, q1.scale, output.scale)
        return AddLayer(
            spec=spec, multipliers=multipliers, shifts=shifts, output_zero_point=output.zero_point,
            input_zero_points=(q0.zero_point, q1.zero_point), **clamp.limits(output),
        )  # fmt: skip

    return Pending(kind="Add", shape=first.shape, picture=first.picture, sources=(first, second), make=make)


def _add_constant(value: Value | None, constant: DequantisedConstant) -> Pending:
    """x + constant, as x − (−constant)."""
    if value is None:
        raise ModelError("input 0 is missing")
    source, given = quantised(value)
    dtype, channels = str(constant.values.dtype), source.picture[2]
    if dtype not in OFFSET or len(constant.scales) != 1 or constant.values.size != channels:
        raise ModelError("a constant operand must be int8 or uint8, one value per channel, of one scale")
    along = -3 if len(source.shape) == 4 else -1
    if channels > 1 and (constant.values.ndim < -along or constant.values.shape[along] != channels):
        raise ModelError(f"a constant of shape {constant.values.shape} does not lie along the channels")
    scale = scale_of(float(constant.scales[0]))
    values = constant.values.reshape(-1).astype(np.int64) - constant.zero_points[0]
    spec = LayerSpec(name="sub", op="sub", input_shape=source.picture, output_shape=source.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multipliers, shifts = add_constants(given.scale, scale, output.scale)
        return Subtract(
            spec=spec, constant=-values, constant_first=False, multipliers=multipliers, shifts=shifts,
            input_zero_point=given.zero_point, output_zero_point=output.zero_point, **clamp.limits(output),
        )  # fmt: skip

    return Pending(kind="Add", shape=source.shape, picture=source.picture, sources=(source,), make=make)


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
    source, given = quantised(_first(inputs))
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
    source, given = quantised(_first(inputs))
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


def relu(inputs: Inputs, attributes: Attributes) -> Pending:
    """Relu; fused into the operator before it."""
    return _clamped("Relu", _first(inputs), 0.0, math.inf)


def clip(inputs: Inputs, attributes: Attributes) -> Pending:
    """Clip, its bounds attributes or, from opset 11 on, inputs; fused into the operator before it."""
    low, high = (_scalar(inputs, index, attributes, name) for index, name in ((1, "min"), (2, "max")))
    return _clamped("Clip", _first(inputs), -math.inf if low is None else low, math.inf if high is None else high)


def _scalar(inputs: Inputs, index: int, attributes: Attributes, name: str) -> float | None:
    value = inputs[index] if index < len(inputs) else None
    if value is None:
        return attributes.get(name)
    if isinstance(value, DequantisedConstant) and value.values.size == 1 == len(value.scales):
        return float((int(value.values.reshape(-1)[0]) - int(value.zero_points[0])) * value.scales[0])
    if not isinstance(value, Constant) or value.values.size != 1:
        raise ModelError(f"{name} must be a constant number")
    return float(value.values.reshape(-1)[0])


def _clamped(kind: str, value: Value, low: float, high: float) -> Pending:
    if isinstance(value, Pending):
        return replace(value, clamp=value.clamp.within(low, high))
    source, given = quantised(value)
    spec = LayerSpec(name="mul", op="mul", input_shape=source.picture, output_shape=source.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multiplier, shift = quantise_multiplier(given.scale / output.scale)
        check_accumulator(255, shift)
        return Multiply(  # by 1: a change of scale with bounds
            spec=spec, constant=np.ones(1, dtype=np.int64), multiplier=multiplier, shift=shift,
            input_zero_point=given.zero_point, output_zero_point=output.zero_point, **clamp.limits(output),
        )  # fmt: skip

    return Pending(
        kind=kind, shape=source.shape, picture=source.picture, sources=(source,), make=make,
        clamp=Clamp().within(low, high),
    )  # fmt: skip


def flatten(inputs: Inputs, attributes: Attributes) -> Value:
    """Flatten from axis 1 on."""
    value = _shaped(inputs)
    if attributes.get("axis", 1) not in (1, 1 - len(value.shape)):
        raise ModelError(f"axis 1 is supported, not {attributes['axis']}")
    return reshaped(value, (value.shape[0], math.prod(value.shape[1:])))


def reshape(inputs: Inputs, attributes: Attributes) -> Value:
    """Reshape; 0 keeps an axis (unless allowzero), one −1 takes what is left."""
    value = _shaped(inputs)
    target = inputs[1] if len(inputs) > 1 else None
    if not isinstance(target, Constant) or target.values.dtype != np.int64 or target.values.size > 8:
        raise ModelError("the new shape must be a constant of at most 8 axes")
    wanted = [int(extent) for extent in target.values.reshape(-1)]
    if attributes.get("allowzero", 0) and 0 in wanted:
        raise ModelError("an axis of 0 is not supported")
    wanted = [value.shape[i] if extent == 0 else extent for i, extent in enumerate(wanted)]
    if wanted.count(-1) == 1:
        known = math.prod(extent for extent in wanted if extent != -1)
        wanted[wanted.index(-1)] = math.prod(value.shape) // known
    if min(wanted, default=1) < 1:
        raise ModelError(f"{value.shape} cannot become {wanted}")
    return reshaped(value, tuple(wanted))


def squeeze(inputs: Inputs, attributes: Attributes) -> Value:
    """Squeeze, its axes an attribute or, from opset 13 on, an input; without axes all but the batch."""
    value = _shaped(inputs)
    given = inputs[1] if len(inputs) > 1 else None
    axes = given.values.reshape(-1).tolist() if isinstance(given, Constant) else attributes.get("axes")
    rank = len(value.shape)
    gone = {i for i in range(1, rank) if value.shape[i] == 1} if axes is None else {int(a) % rank for a in axes}
    if any(value.shape[i] != 1 for i in gone) or 0 in gone:
        raise ModelError(f"axes {sorted(gone)} of {value.shape} cannot be squeezed; the batch must stay")
    return reshaped(value, tuple(extent for i, extent in enumerate(value.shape) if i not in gone))


def transpose(inputs: Inputs, attributes: Attributes) -> Tensor:
    """Transpose of an input (n, h, w, c) to (n, c, h, w): golden's layout stays."""
    value = _first(inputs)
    if not isinstance(value, Tensor) or not value.real or not value.channels_last:
        raise ModelError("only an input with the channels last can be transposed")
    if tuple(attributes.get("perm", ())) != (0, 3, 1, 2):
        raise ModelError(f"perm (0, 3, 1, 2) is supported, not {attributes.get('perm', ())}")
    height, width, channels = value.picture
    return replace(value, shape=(1, channels, height, width), channels_last=False)


def identity(inputs: Inputs, attributes: Attributes) -> Value:
    """Identity."""
    return _first(inputs)


def _first(inputs: Inputs) -> Value:
    if not inputs or inputs[0] is None:
        raise ModelError("input 0 is missing")
    return inputs[0]


def _shaped(inputs: Inputs) -> Tensor | Pending:
    value = _first(inputs)
    if not isinstance(value, Tensor | Pending) or (isinstance(value, Tensor) and not value.real):
        raise ModelError("an input is not an activation")
    return channels_first(value) if isinstance(value, Tensor) else value
