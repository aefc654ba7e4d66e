"""TFLite's quantised softmax in its own fixed-point arithmetic, bit for bit.

A raw value of `bits` integer bits stands for raw ÷ 2^(31 − bits). Algorithm: `reference/softmax.h` of TFLite
on gemmlowp's `fixedpoint.h` (exponential by a Taylor series on [−1/4, 0) and a product of constants for the
higher bits; reciprocal by three Newton–Raphson steps).
"""

import math

import numpy as np
from numpy.typing import NDArray

from golden.quantise import INT8_MAX, INT8_MIN, INT32_MAX, INT32_MIN, quantise_multiplier

Raw = NDArray[np.int64]

_DIFFERENCE_BITS = 5
_SUM_BITS = 12
_ONE = INT32_MAX
_EXP_EIGHTH = round(math.exp(-1 / 8) * 2**31)
_THIRD = round(2**31 / 3)
_EXP_POWERS = tuple((exponent, round(math.exp(-(2.0**exponent)) * 2**31)) for exponent in range(-2, 5))
_48_OVER_17, _32_OVER_17 = round(48 / 17 * 2**29), round(32 / 17 * 2**29)


def softmax_constants(scale: float) -> tuple[int, int]:
    """`(multiplier, shift)` that bring differences of scores of `scale` (times beta) to five integer bits.

    Raises
    ------
    ValueError
        When `scale` is too small for the kernel (its multiplier must exceed 1).
    """
    multiplier, shift = quantise_multiplier(min(scale * 2.0 ** (31 - _DIFFERENCE_BITS), 2.0**31 - 1))
    if shift < 1:
        raise ValueError(f"softmax of a scale of {scale} is not supported")
    return multiplier, shift


def softmax(x: NDArray[np.int8], multiplier: int, shift: int) -> NDArray[np.int8]:
    """int8 probabilities (scale 1/256, zero point −128) over the last axis of int8 scores."""
    scores = x.astype(np.int64)
    difference = scores - scores.max(axis=-1, keepdims=True)
    near = difference >= -_input_radius(shift)
    rescaled = _multiply(np.where(near, difference, 0) << shift, np.int64(multiplier))
    powers = np.where(near, _exponential(rescaled), 0)
    total = _divide_by_power(powers, _SUM_BITS).sum(axis=-1, keepdims=True)
    scale, bits_over_one = _reciprocal(total)
    outputs = _divide_by_power(_multiply(scale, powers), bits_over_one + 31 - 8) + INT8_MIN
    return np.where(near, np.clip(outputs, INT8_MIN, INT8_MAX), INT8_MIN).astype(np.int8)


def _input_radius(shift: int) -> int:
    """Largest difference that five integer bits hold."""
    return ((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) >> shift


def _multiply(a: Raw, b: Raw | np.int64 | int) -> Raw:
    """Rounding doubling high multiply."""
    return np.minimum((a * b + (1 << 30)) >> 31, INT32_MAX)


def _divide_by_power(x: Raw, exponent: Raw | int) -> Raw:
    """x ÷ 2^exponent, half away from zero."""
    half = (np.int64(1) << np.asarray(exponent, dtype=np.int64)) >> 1
    return (x + half - (x < 0)) >> exponent


def _exponential(a: Raw) -> Raw:
    """exp of non-positive values with five integer bits; the result has none."""
    fraction = 31 - _DIFFERENCE_BITS
    quarter = 1 << (fraction - 2)
    low = (a & (quarter - 1)) - quarter
    result = _exponential_below_quarter(low << _DIFFERENCE_BITS)
    remainder = low - a
    for exponent, factor in _EXP_POWERS:
        bit = (remainder >> (fraction + exponent)) & 1
        result = np.where(bit == 1, _multiply(result, factor), result)
    return np.where(a == 0, _ONE, result)


def _exponential_below_quarter(a: Raw) -> Raw:
    """exp on [−1/4, 0) by its Taylor series around −1/8."""
    x = a + (1 << 28)
    x2 = _multiply(x, x)
    x3, x4 = _multiply(x2, x), _multiply(x2, x2)
    tail = _divide_by_power(_multiply(_divide_by_power(x4, 2) + x3, _THIRD) + x2, 1)
    return _EXP_EIGHTH + _multiply(x + tail, _EXP_EIGHTH)


def _reciprocal(total: Raw) -> tuple[Raw, Raw]:
    """`(1 ÷ m, e)` with `total` = m · 2^e, m in [1, 2); the sum has twelve integer bits."""
    leading = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    a = (total << leading) - (1 << 31)
    half = (a + _ONE + 1) >> 1
    x = _48_OVER_17 - _multiply(half, _32_OVER_17)
    for _ in range(3):
        rest = (1 << 29) - _multiply(half, x)
        x = x + np.clip(_multiply(x, rest) << 2, INT32_MIN, INT32_MAX)
    return np.clip(x << 1, INT32_MIN, INT32_MAX), _SUM_BITS - leading
