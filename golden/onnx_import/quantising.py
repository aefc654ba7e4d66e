"""QuantizeLinear and DequantizeLinear: where real numbers become integers and the other way round."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.host import Quantise, Rescale
from golden.importer.site import check_accumulator
from golden.layer import LayerSpec
from golden.model import ModelError
from golden.onnx_import.assemble import Builder
from golden.onnx_import.values import (
    OFFSET,
    Attributes,
    Constant,
    DequantisedConstant,
    Inputs,
    Pending,
    Quantisation,
    Tensor,
    Value,
    scale_of,
)
from golden.quantise import INT8_MAX, INT8_MIN, quantise_multiplier


def quantise_linear(inputs: Inputs, attributes: Attributes, builder: Builder) -> Value:
    """QuantizeLinear ends a triple, quantises a float, or changes a scale."""
    value = inputs[0]
    if isinstance(value, Constant):
        builder.spend(value.values.size)
        return _quantised_constant(value, inputs, attributes)
    target = _quantisation(inputs, attributes)
    if isinstance(value, Pending):
        node = value.make(target, value.clamp)
        spec = replace(node.spec, activation=value.clamp.activation)
        return builder.append(replace(node, spec=spec), value, target)
    if not isinstance(value, Tensor) or not value.real:
        raise ModelError("only activations and constants can be quantised")
    given, shape = value.quantisation, value.picture
    if given == target:
        return replace(value, real=False)
    spec = LayerSpec(name="quantize", op="quantize", input_shape=shape, output_shape=shape)
    if given is None:
        node = Quantise(spec=spec, scale=target.scale, zero_point=target.zero_point)
        return builder.append(node, value, target)
    multiplier, shift = quantise_multiplier(given.scale / target.scale)
    check_accumulator(255, shift)
    node = Rescale(
        spec=spec, multiplier=multiplier, shift=shift,
        input_zero_point=given.zero_point, output_zero_point=target.zero_point,
    )  # fmt: skip
    return builder.append(node, value, target)


def _quantised_constant(value: Constant, inputs: Inputs, attributes: Attributes) -> Constant:
    """Float weights to integers as ONNX says it: value ÷ scale in float32, ties to even, saturated."""
    _check_block(attributes)
    scales, zero_points = _scales(inputs), _zero_points(inputs)
    if zero_points is None:
        zero_points = np.zeros(len(scales), dtype=np.uint8)
    dtype, rank = zero_points.dtype, value.values.ndim
    if value.values.dtype != np.float32 or str(dtype) not in OFFSET or len(zero_points) != len(scales):
        raise ModelError("float32 constants can be quantised to int8 or uint8, with as many zero points as scales")
    along = [1] * rank
    if len(scales) > 1:
        along[range(rank)[attributes.get("axis", 1)]] = len(scales)
    with np.errstate(all="ignore"):
        quotients = value.values / scales.reshape(along or -1)
    if not np.isfinite(quotients).all():
        raise ModelError("a constant that is not finite cannot be quantised")
    limits = np.iinfo(dtype)
    integers = np.rint(quotients.astype(np.float64)) + zero_points.reshape(along or -1)
    return Constant(values=np.clip(integers, limits.min, limits.max).astype(dtype).reshape(value.values.shape))


def dequantise_linear(inputs: Inputs, attributes: Attributes, builder: Builder) -> Value:
    """DequantizeLinear of an activation or a constant."""
    value = inputs[0]
    if isinstance(value, Tensor):
        if value.real or _quantisation(inputs, attributes) != value.quantisation:
            raise ModelError("scale, zero point and type must be those of QuantizeLinear before it")
        return replace(value, real=True)
    if not isinstance(value, Constant) or value.values.dtype not in (np.int8, np.uint8, np.int32):
        raise ModelError("only activations and int8, uint8 or int32 constants can be dequantised")
    _check_block(attributes)
    scales, zero_points = _scales(inputs), _zero_points(inputs)
    if zero_points is not None and zero_points.dtype != value.values.dtype:
        raise ModelError(f"a zero point must have its tensor's type, {value.values.dtype}")
    whole = np.zeros(len(scales), np.int64) if zero_points is None else zero_points.astype(np.int64)
    if len(whole) != len(scales):
        raise ModelError(f"{len(scales)} scales but {len(whole)} zero points")
    return DequantisedConstant(
        values=value.values, scales=scales, zero_points=whole, axis=attributes.get("axis", 1)
    )


def _quantisation(inputs: Inputs, attributes: Attributes) -> Quantisation:
    """Of an activation: one scale, one zero point; without a zero point the type is uint8."""
    _check_block(attributes)
    scales, zero_points = _scales(inputs), _zero_points(inputs)
    if zero_points is None:
        zero_points = np.zeros(1, dtype=np.uint8)
    dtype = str(zero_points.dtype)
    if len(scales) != 1 or len(zero_points) != 1 or dtype not in OFFSET:
        raise ModelError(f"an activation needs one scale and one int8 or uint8 zero point, not {dtype}")
    scale = scale_of(float(scales[0]))
    zero_point = int(zero_points[0]) - OFFSET[dtype]
    assert INT8_MIN <= zero_point <= INT8_MAX
    return Quantisation(scale=scale, zero_point=zero_point, dtype=dtype)


def _check_block(attributes: Attributes) -> None:
    if attributes.get("block_size", 0) or not attributes.get("saturate", 1):
        raise ModelError("quantisation by blocks and without saturation are not supported")


def _scales(inputs: Inputs) -> NDArray[np.float32]:
    scale = inputs[1] if len(inputs) > 1 else None
    if not isinstance(scale, Constant) or scale.values.dtype != np.float32 or scale.values.ndim > 1:
        raise ModelError("a scale must be a constant float32")
    if not np.isfinite(scale.values).all():
        raise ModelError("a scale is not a number or infinite")
    return scale.values.reshape(-1)


def _zero_points(inputs: Inputs) -> NDArray[Any] | None:
    zero_point = inputs[2] if len(inputs) > 2 else None
    if zero_point is None:
        return None
    if not isinstance(zero_point, Constant) or zero_point.values.ndim > 1:
        raise ModelError("a zero point must be a constant")
    return zero_point.values.reshape(-1)
