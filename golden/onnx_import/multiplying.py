"""Conv, Gemm and MatMul to layers with weights.

Multipliers are s_in · s_w ÷ s_out in double, TFLite's int8 rule.
"""

import math

import numpy as np
from numpy.typing import NDArray

from golden.importer.site import check_accumulator
from golden.layer import LayerSpec, QuantisedLayer, Shape
from golden.model import ModelError, Node
from golden.onnx_import.values import (
    Attributes,
    Clamp,
    DequantisedConstant,
    Inputs,
    Pending,
    Quantisation,
    Tensor,
    check_spec,
    plane,
    quantised,
)
from golden.onnx_import.weights import Bias, channel_scales, int8_values, int32_bias, operands, zero_point_of
from golden.onnx_import.window import window_of
from golden.quantise import quantise_multiplier


def convolution(inputs: Inputs, attributes: Attributes) -> Pending:
    """Conv, weights (c_out, c_in ÷ group, kh, kw): of group 1, or depthwise where group = c_in > 1.

    A single input channel is a full convolution: ONNX cannot tell it from a depthwise one.
    """
    source, weights, bias = operands(inputs)
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
    moved = int8_values(weights).transpose(2, 3, 1, 0)
    arranged = moved[:, :, 0] if op == "depthwise" else moved[0, 0] if op == "pointwise" else moved
    return _pending("Conv", spec, source, weights, 0, arranged, bias, (1, filters, *size))


def gemm(inputs: Inputs, attributes: Attributes) -> Pending:
    """Gemm, alpha = beta = 1: x · B, or x · Bᵀ under transB; a flattened picture is read as it lies."""
    if attributes.get("alpha", 1.0) != 1 or attributes.get("beta", 1.0) != 1 or attributes.get("transA", 0):
        raise ModelError("alpha and beta other than 1, and transA, are not supported")
    return _product("Gemm", inputs, bool(attributes.get("transB", 0)))


def matmul(inputs: Inputs, attributes: Attributes) -> Pending:
    """MatMul of a vector with a matrix of weights."""
    return _product("MatMul", inputs, transposed=False)


def _product(kind: str, inputs: Inputs, transposed: bool) -> Pending:
    source, weights, bias = operands(inputs)
    if weights.values.ndim != 2:
        raise ModelError(f"weights must be a matrix, not {weights.values.shape}")
    matrix = int8_values(weights).T if transposed else int8_values(weights)
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


def _pending(
    kind: str,
    spec: LayerSpec,
    source: Tensor,
    weights: DequantisedConstant,
    axis: int,
    arranged: NDArray[np.int8],
    bias: Bias,
    shape: tuple[int, ...],
) -> Pending:
    """`arranged`: the weights in the layer's axis order; `axis`: the file's axis of the output channels."""
    scale_in = quantised(source)[1].scale
    zero_point = zero_point_of(weights)
    scales = channel_scales(weights, axis, spec.output_shape[2])
    integers = int32_bias(bias, scale_in * scales, spec.output_shape[2])

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
