"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED to layers with weights."""

import numpy as np
from numpy.typing import NDArray

from golden.importer.reader import FileTensor
from golden.importer.site import (
    INTEGER_OFFSET,
    Site,
    check_accumulator,
    check_rank,
    clamp,
    int8_constant,
    same_type,
    scale_of,
    window_spec,
    zero_point_of,
)  # fmt: skip
from golden.layer import LayerSpec, QuantisedLayer
from golden.model import ModelError, Node, picture_shape
from golden.quantise import quantise_multiplier


def convolution(site: Site, op: str) -> Node:
    """CONV_2D; weights (c_out, kh, kw, c_in) in the file."""
    check_rank(site.input(1), 4)
    weights = int8_constant(site.input(1)).transpose(1, 2, 3, 0)
    kernel = (weights.shape[0], weights.shape[1])
    if weights.shape[2] != picture_shape(site.input(0).shape)[2]:
        raise ModelError(f"weights of {weights.shape[2]} input channels: groups are not supported")
    spec = window_spec(site, op, kernel)
    return _layer(site, spec, weights[0, 0] if op == "pointwise" else weights, axis=0)


def depthwise(site: Site, op: str) -> Node:
    """DEPTHWISE_CONV_2D; weights (1, kh, kw, c_out) in the file."""
    check_rank(site.input(1), 4)
    weights = int8_constant(site.input(1))
    if weights.shape[0] != 1:
        raise ModelError(f"weights must be (1, height, width, channels), not {weights.shape}")
    channels = picture_shape(site.input(0).shape)[2]
    multiplier = max(1, weights.shape[3] // max(1, channels))
    spec = window_spec(site, op, (weights.shape[1], weights.shape[2]), depth_multiplier=multiplier)
    return _layer(site, spec, weights[0], axis=3)


def fully_connected(site: Site, op: str) -> Node:
    """FULLY_CONNECTED; weights (c_out, c_in) in the file; it rounds as TFLM does, like a 1×1 convolution."""
    if site.operator.options["WeightsFormat"] != 0:
        raise ModelError("shuffled weights are not supported")
    check_rank(site.input(1), 2)
    spec = site.spec(op, activation=site.activation)
    return _layer(site, spec, int8_constant(site.input(1)).transpose(1, 0), axis=0)


def _layer(site: Site, spec: LayerSpec, weights: NDArray[np.int8], axis: int) -> QuantisedLayer:
    """A layer with weights; `weights` already in the layer's axis order, `axis` their file's channel axis."""
    source, file_weights, output = site.input(0), site.input(1), site.output
    scale_of(source)
    same_type(source, file_weights, output)
    channels = spec.output_shape[2]
    if not (np.isfinite(file_weights.scales) & (file_weights.scales >= 0)).all():
        raise ModelError("weights have a scale that is not a number or below 0")  # 0 is a dead channel
    counts = {len(file_weights.scales), len(file_weights.zero_points)}
    if counts not in ({1}, {channels}):
        raise ModelError(f"weights have {len(file_weights.scales)} scales for {channels} channels")
    if len(file_weights.scales) > 1 and file_weights.axis != axis:
        raise ModelError(f"weights are quantised along axis {file_weights.axis}; axis {axis} is supported")
    zero_points = file_weights.zero_points - INTEGER_OFFSET[file_weights.dtype]
    if len(set(zero_points.tolist())) != 1:
        raise ModelError("weights must have one zero point")
    if file_weights.dtype == "int8" and zero_points[0] != 0:
        raise ModelError(f"int8 weights must have zero point 0, not {int(zero_points[0])}")
    multiplier, shift = _multipliers(spec, source, file_weights, output)
    layer = QuantisedLayer(
        spec=spec, weights=np.ascontiguousarray(weights), bias=_bias(site, channels),
        multiplier=multiplier, shift=shift, input_zero_point=zero_point_of(source),
        weight_zero_point=int(zero_points[0]), output_zero_point=zero_point_of(output), **clamp(site),
    )  # fmt: skip
    for bound, left in zip(layer.accumulator_bound().tolist(), shift.tolist(), strict=True):
        check_accumulator(bound, left)
    return layer


def _multipliers(
    spec: LayerSpec, source: FileTensor, weights: FileTensor, output: FileTensor
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per channel; TFLite takes s_in · s_w in float32 for uint8 and for fully connected layers, else in
    double."""
    single = source.dtype == "uint8" or (spec.op == "fully_connected" and len(weights.scales) == 1)
    scale_in, scale_out = scale_of(source), scale_of(output)
    if single:
        products = (np.float32(scale_in) * weights.scales).astype(np.float64)
    else:
        products = scale_in * weights.scales.astype(np.float64)
    pairs = [quantise_multiplier(float(product) / scale_out) for product in products]
    constants = np.array(pairs, dtype=np.int64)
    whole = np.broadcast_to(constants, (spec.output_shape[2], 2))
    return whole[:, 0].copy(), whole[:, 1].copy()


def _bias(site: Site, channels: int) -> NDArray[np.int32]:
    if len(site.operator.inputs) < 3 or site.operator.inputs[2] < 0:
        return np.zeros(channels, dtype=np.int32)
    tensor = site.input(2)
    if tensor.dtype != "int32":
        raise ModelError(f"a bias must be int32, not {tensor.dtype}")
    return tensor.constant().reshape(-1).astype(np.int32)
