"""The arithmetic between an accumulator and an 8-bit value: scales become integers here, and only here.

Rules: TFLite's reference kernels (`kernels/internal/common.h`, gemmlowp `fixedpoint.h`) and the TFLite 8-bit
quantisation specification; Jacob et al., arXiv 1712.05877. All integer work is int64.
"""

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rounding: TypeAlias = Literal["double", "single"]
Activation: TypeAlias = Literal["none", "relu", "relu6"]

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1
INT8_MIN, INT8_MAX = -128, 127
SHIFT_MIN, SHIFT_MAX = -31, 30
_BLOCK_ELEMENTS = 1 << 15


def round_half_away(value: float) -> int:
    """The integer nearest to `value`; ties go away from zero (C's `round`)."""
    magnitude = math.floor(abs(value) + 0.5)
    if magnitude - abs(value) > 0.5:  # abs + 0.5 itself rounded up, e.g. 0.49999999999999994
        magnitude -= 1
    return -magnitude if value < 0 else magnitude


def quantise_multiplier(real: float) -> tuple[int, int]:
    """`(M, shift)`, `real` ≈ M · 2^(shift − 31), M in [2^30, 2^31); (0, 0) where shift would be below −31.

    Source: `QuantizeMultiplier` of TFLite's `kernels/internal/quantization_util.cc`.

    Raises
    ------
    ValueError
        When `real` is negative, not finite, or so large that the shift would be above 30.
    """
    if not math.isfinite(real) or real < 0:
        raise ValueError(f"a multiplier must be finite and not negative, not {real!r}")
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    if shift > SHIFT_MAX:
        raise ValueError(f"a multiplier must be below 2^{SHIFT_MAX}, not {real!r}")
    if shift < SHIFT_MIN:
        return 0, 0
    return multiplier, shift


def activation_range(activation: Activation, scale: float, zero_point: int) -> tuple[int, int]:
    """`(minimum, maximum)` of a fused activation for an int8 output of `scale` and `zero_point`.

    Source: `CalculateActivationRangeQuantized` of TFLite; the quotient 6 ÷ scale is taken in float32 there.
    """
    if activation == "none":
        return INT8_MIN, INT8_MAX
    minimum = max(INT8_MIN, zero_point)
    if activation == "relu":
        return minimum, INT8_MAX
    return minimum, min(INT8_MAX, zero_point + round_half_away(float(np.float32(6) / np.float32(scale))))


def requantise(
    accumulator: NDArray[np.int64],
    multiplier: ArrayLike,
    shift: ArrayLike,
    *,
    zero_point: int,
    minimum: int,
    maximum: int,
    rounding: Rounding = "double",
) -> NDArray[np.int64]:
    """Accumulators to output values: scale by M · 2^(shift − 31), add `zero_point`, clamp.

    Parameters
    ----------
    accumulator
        int64 of any shape, each element in the int32 range; the last axis is the channel.
    multiplier, shift
        One integer, or one per channel: M in [0, 2^31), shift in −31 … 30.
    rounding
        "double": rounding doubling high multiply, then half away from zero at the shift (TFLite's default).
        "single": one rounding, ties up (`TFLITE_SINGLE_ROUNDING`).

    Limits
    ------
    A left-shifted accumulator that leaves int32 is saturated. Since M ≥ 2^30 (or 0), what it scales to is
    beyond ±2^30 either way, so the clamped result is that of unlimited integers as long as the clamp is
    narrower.

    Raises
    ------
    ValueError
        When multiplier, shift or an accumulator is out of range, or the rounding rule has no such name.
    """
    x = np.asarray(accumulator, dtype=np.int64)
    m = np.asarray(multiplier, dtype=np.int64)
    s = np.asarray(shift, dtype=np.int64)
    _check_range("multiplier", m, 0, INT32_MAX)
    _check_range("shift", s, SHIFT_MIN, SHIFT_MAX)
    _check_range("accumulator", x, INT32_MIN, INT32_MAX)
    if rounding not in ("double", "single"):
        raise ValueError(f"rounding must be 'double' or 'single', not {rounding!r}")
    scale = _scale_double if rounding == "double" else _scale_single

    shape = x.shape
    rows = np.atleast_1d(x).reshape(-1, shape[-1] if shape else 1)
    result = np.empty_like(rows)
    step = max(1, _BLOCK_ELEMENTS // max(1, rows.shape[1]))  # blocks that stay in the cache
    for start in range(0, rows.shape[0], step):
        y = scale(rows[start : start + step], m, s)
        y += zero_point
        np.clip(y, minimum, maximum, out=result[start : start + step])
    return result.reshape(shape)


def _scale_double(x: NDArray[np.int64], m: NDArray[np.int64], s: NDArray[np.int64]) -> NDArray[np.int64]:
    """h = (x·2^max(s,0)·M + 2^30) >> 31, then h ÷ 2^max(−s,0) half away from zero."""
    if s.max() > 0:
        x = np.clip(x << np.maximum(s, 0), INT32_MIN, INT32_MAX)
    h = x * m
    h += 1 << 30
    h >>= 31
    e = np.maximum(-s, 0)
    # Half away from zero as one biased shift: + half, and one less below zero so that its ties go down.
    sign = h >> 63
    sign &= np.where(e > 0, -1, 0)
    h += sign
    h += (1 << e) >> 1
    h >>= e
    return h


def _scale_single(x: NDArray[np.int64], m: NDArray[np.int64], s: NDArray[np.int64]) -> NDArray[np.int64]:
    """(x·M + 2^(30−s)) >> (31−s)."""
    h = x * m
    h += 1 << (30 - s)
    h >>= 31 - s
    return h


def _check_range(what: str, values: NDArray[np.int64], low: int, high: int) -> None:
    if values.size and (values.min() < low or values.max() > high):
        raise ValueError(f"{what} must be in {low} … {high}, not {values.min()} … {values.max()}")
