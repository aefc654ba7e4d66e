"""The constants of layers with weights, as golden has them.

Weights are int8 or uint8, with scales per channel or per tensor and one zero point, 0 as a rule. A bias is int32
in the scale s_in · s_w, as onnxruntime's quantiser writes it, or a float constant, which is rounded to that scale.
"""

import numpy as np
from numpy.typing import NDArray

from golden.model import ModelError
from golden.onnx_import.values import OFFSET, Constant, DequantisedConstant, Inputs, Tensor, quantised
from golden.quantise import INT32_MAX, INT32_MIN, round_half_away

Bias = Constant | DequantisedConstant | None

_BIAS_TOLERANCE = 1e-4
"""How far, relatively, the scale of a bias may be from s_in · s_w: float32 products are within 2e-7."""


def operands(inputs: Inputs) -> tuple[Tensor, DequantisedConstant, Bias]:
    """`(activation, weights, bias)`; raises `ModelError` when they are something else."""
    source, weights = inputs[0], inputs[1]
    if source is None or not isinstance(weights, DequantisedConstant):
        raise ModelError("weights must be a constant behind DequantizeLinear")
    if weights.values.size == 0:
        raise ModelError("weights must not be empty")
    bias = inputs[2] if len(inputs) > 2 else None
    if not isinstance(bias, Constant | DequantisedConstant | None):
        raise ModelError("a bias must be a constant")
    return quantised(source)[0], weights, bias


def int8_values(weights: DequantisedConstant) -> NDArray[np.int8]:
    """The integers in the int8 domain."""
    values = weights.values
    if values.dtype not in (np.int8, np.uint8):
        raise ModelError(f"weights must be int8 or uint8, not {values.dtype}")
    return (values ^ np.uint8(128)).view(np.int8) if values.dtype == np.uint8 else values


def zero_point_of(weights: DequantisedConstant) -> int:
    """The weights' only zero point, in the int8 domain."""
    found = {int(zero_point) for zero_point in weights.zero_points}
    if len(found) != 1:
        raise ModelError("weights must have one zero point")
    (zero_point,) = found
    return zero_point - OFFSET[str(weights.values.dtype)]


def channel_scales(weights: DequantisedConstant, axis: int, channels: int) -> NDArray[np.float64]:
    """Per channel, as doubles of the file's float32; 0 is a dead channel."""
    scales, rank = weights.scales, weights.values.ndim
    if len(scales) not in (1, channels):
        raise ModelError(f"weights have {len(scales)} scales for {channels} channels")
    if len(scales) > 1 and weights.axis % rank != axis:
        raise ModelError(f"weights are quantised along axis {weights.axis}; axis {axis} is supported")
    if (scales < 0).any():
        raise ModelError("weights have a scale below 0")
    return np.broadcast_to(scales.astype(np.float64), (channels,))


def int32_bias(
    bias: Bias, scales: NDArray[np.float64], channels: int
) -> NDArray[np.int32]:
    """The bias in the accumulators' scales, s_in · s_w of each channel."""
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
