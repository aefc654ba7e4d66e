"""Conv, Gemm and MatMul to layers with weights.

Weights are int8 with zero point 0, per channel or per tensor, or uint8 per tensor with any zero point. A bias
is int32 in the scale s_in · s_w, as onnxruntime's quantiser writes it, or a float constant, which is rounded
to that scale. Multipliers are s_in · s_w ÷ s_out in double, TFLite's int8 rule.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.importer.site import check_accumulator
from golden.layer import LayerSpec, QuantisedLayer, Shape
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
    check_spec,
    plane,
    quantised,
)
from golden.onnx_import.window import window_of
from golden.quantise import INT32_MAX, INT32_MIN, quantise_multiplier, round_half_away

_BIAS_TOLERANCE = 1e-4
"""How far, relatively, the scale of a bias may be from s_in · s_w: float32 products are within 2e-7."""


def convolution(inputs: tuple[Value | None, ...], attributes: dict[str, Any]) -> Pending:
    """Conv, weights (c_out, c_in ÷ group, kh, kw): of group 1, or depthwise where group = c_in > 1.

    A single input channel is a full convolution: ONNX cannot tell it from a depthwise one.
    """
    source, weights, bias = _operands(inputs)
    height, width, channels = plane(source).picture
    if weights.values.ndim != 4:
        raise ModelError(f"weights must be (c_out, c_in, kh, kw), not {weights.values.shape}")
    filters, depth, *taps = weights.values.shape
    kernel = (taps[0], taps[1])
    if tuple(attributes.get("kernel_shape", kernel)) != kernel:
        raise ModelError(f"kernel_shape {attributes['kernel_shape']} is not that of the weights, {kernel}")
    group = attributes.get("group", 1)
    depthwise = group == channels > 1 and depth == 1
    if not depthwise and (group != 1 or depth != channels):
        raise ModelError(f"group {group} of {channels} channels: only 1 and depthwise are supported")
    stride, padding, size = window_of((height, width), kernel, attributes)
    unpadded = max(padding.top, padding.bottom, padding.left, padding.right) == 0
    op = "depthwise" if depthwise else "pointwise" if (*kernel, *stride) == (1,) * 4 and unpadded else "conv"
    spec = check_spec(
        LayerSpec(
            name=op, op=op, input_shape=source.picture, output_shape=(*size, filters), kernel=kernel,
            stride=stride, padding=padding, depth_multiplier=filters // channels if depthwise else 1,
        )
    )  # fmt: skip
    moved = _int8(weights).transpose(2, 3, 1, 0)
    arranged = moved[:, :, 0] if op == "depthwise" else moved[0, 0] if op == "pointwise" else moved
    return _pending("Conv", spec, source, weights, 0, arranged, bias, (1, filters, *size))


def gemm(inputs: tuple[Value | None, ...], attributes: dict[str, Any]) -> Pending:
    """Gemm, alpha = beta = 1: x · B, or x · Bᵀ under transB; a flattened picture is read as it lies."""
    if attributes.get("alpha", 1.0) != 1 or attributes.get("beta", 1.0) != 1 or attributes.get("transA", 0):
        raise ModelError("alpha and beta other than 1, and transA, are not supported")
    return _product("Gemm", inputs, bool(attributes.get("transB", 0)))


def matmul(inputs: tuple[Value | None, ...], attributes: dict[str, Any]) -> Pending:
    """MatMul of a vector with a matrix of weights."""
    return _product("MatMul", inputs, transposed=False)


def _product(kind: str, inputs: tuple[Value | None, ...], transposed: bool) -> Pending:
    source, weights, bias = _operands(inputs)
    if weights.values.ndim != 2:
        raise ModelError(f"weights must be a matrix, not {weights.values.shape}")
    matrix = _int8(weights).T if transposed else _int8(weights)
    rows, columns = matrix.shape
    if source.shape[-1] != rows or math.prod(source.picture) != rows:
        raise ModelError(f"an input of shape {source.shape} does not fit weights of {rows} rows")
    height, width, channels = source.picture
    matrix = matrix.reshape(channels, height, width, columns).transpose(1, 2, 0, 3).reshape(rows, columns)
    output: Shape = (1, 1, columns)
    op = "fully_connected"
    spec = check_spec(LayerSpec(name=op, op=op, input_shape=source.picture, output_shape=output))
    axis = 0 if transposed else 1
    return _pending(kind, spec, source, weights, axis, matrix, bias, (*source.shape[:-1], columns))


def _operands(
    inputs: tuple[Value | None, ...],
) -> tuple[Tensor, DequantisedConstant, Constant | DequantisedConstant | None]:
    source, weights = inputs[0], inputs[1]
    if source is None or not isinstance(weights, DequantisedConstant):
        raise ModelError("weights must be a constant behind DequantizeLinear")
    if weights.values.size == 0:
        raise ModelError("weights must not be empty")
    bias = inputs[2] if len(inputs) > 2 else None
    if not isinstance(bias, Constant | DequantisedConstant | None):
        raise ModelError("a bias must be a constant")
    return quantised(source)[0], weights, bias


def _pending(
    kind: str,
    spec: LayerSpec,
    source: Tensor,
    weights: DequantisedConstant,
    axis: int,
    arranged: NDArray[np.int8],
    bias: Constant | DequantisedConstant | None,
    shape: tuple[int, ...],
) -> Pending:
    """`arranged`: the weights in the layer's axis order; `axis`: the file's axis of the output channels."""
    scale_in = quantised(source)[1].scale
    zero_point = _weight_zero_point(weights)
    scales = _weight_scales(weights, axis, spec.output_shape[2])
    integers = _bias(bias, scale_in * scales, spec.output_shape[2])

    def make(output: Quantisation, clamp: Clamp) -> Node:
        pairs = [quantise_multiplier(scale_in * float(scale) / output.scale) for scale in scales]
        constants = np.array(pairs, dtype=np.int64)
        layer = QuantisedLayer(
            spec=spec, weights=np.ascontiguousarray(arranged), bias=integers,
            multiplier=constants[:, 0].copy(), shift=constants[:, 1].copy(),
            input_zero_point=quantised(source)[1].zero_point, weight_zero_point=zero_point,
            output_zero_point=output.zero_point, **clamp.limits(output),
        )  # fmt: skip
        for bound, left in zip(layer.accumulator_bound().tolist(), layer.shift.tolist(), strict=True):
            check_accumulator(bound, left)
        return layer

    return Pending(kind=kind, shape=shape, picture=spec.output_shape, sources=(source,), make=make)


def _int8(weights: DequantisedConstant) -> NDArray[np.int8]:
    values = weights.values
    if values.dtype not in (np.int8, np.uint8):
        raise ModelError(f"weights must be int8 or uint8, not {values.dtype}")
    return (values ^ np.uint8(128)).view(np.int8) if values.dtype == np.uint8 else values


def _weight_zero_point(weights: DequantisedConstant) -> int:
    found = {int(zero_point) for zero_point in weights.zero_points}
    if len(found) != 1:
        raise ModelError("weights must have one zero point")
    (zero_point,) = found
    return zero_point - OFFSET[str(weights.values.dtype)]


def _weight_scales(weights: DequantisedConstant, axis: int, channels: int) -> NDArray[np.float64]:
    """Per channel, as doubles of the file's float32; 0 is a dead channel."""
    scales, rank = weights.scales, weights.values.ndim
    if len(scales) not in (1, channels):
        raise ModelError(f"weights have {len(scales)} scales for {channels} channels")
    if len(scales) > 1 and weights.axis % rank != axis:
        raise ModelError(f"weights are quantised along axis {weights.axis}; axis {axis} is supported")
    if (scales < 0).any():
        raise ModelError("weights have a scale below 0")
    return np.broadcast_to(scales.astype(np.float64), (channels,))


def _bias(
    bias: Constant | DequantisedConstant | None, scales: NDArray[np.float64], channels: int
) -> NDArray[np.int32]:
    if bias is None:
        return np.zeros(channels, dtype=np.int32)
    values = bias.values.reshape(-1)
    if values.size != channels:
        raise ModelError(f"a bias of {values.size} values does not fit {channels} channels")
    if isinstance(bias, DequantisedConstant):
        close = np.isclose(bias.scales.astype(np.float64), scales, rtol=_BIAS_TOLERANCE, atol=0)
        if values.dtype != np.int32 or bias.zero_points.any() or not close.all():
            raise ModelError("a quantised bias must be int32 of zero point 0 and the scale s_in · s_w")
        return values.copy()
    if values.dtype != np.float32 or not np.isfinite(values).all():
        raise ModelError(f"a bias must be finite float32 or int32, not {values.dtype}")
    live = np.where(scales > 0, scales, 1)
    return np.array(
        [round_half_away(min(max(float(b) / s, INT32_MIN), INT32_MAX)) for b, s in zip(values, live, strict=True)],
        dtype=np.int32,
    )
