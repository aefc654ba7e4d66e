"""Operators that stay on the host: softmax, and what some files put before the first or after the last layer.

Each class has a `spec` and an `apply(x, rounding)`. Quantised values are in the int8 domain; float values
float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.add import LEFT_SHIFT
from golden.layer import LayerSpec
from golden.quantise import INT8_MAX, INT8_MIN, INT32_MAX, INT32_MIN, Rounding, requantise
from golden.softmax import softmax

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """Softmax over the channels, int8 to int8 of scale 1/256 and zero point −128.

    Members
    -------
    multiplier, shift: as `golden.softmax.softmax_constants` makes them
    """

    spec: LayerSpec
    multiplier: int
    shift: int

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """Probabilities, of x's shape."""
        return softmax(x, self.multiplier, self.shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatSoftmax:
    """Softmax over the channels in float32, for files that dequantise before it."""

    spec: LayerSpec
    beta: float = 1.0

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """Probabilities, of x's shape."""
        scores = x.astype(np.float64) * self.beta
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """The same values in row-major order under another (h, w, c)."""

    spec: LayerSpec

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """x as `spec.output_shape`."""
        return x.reshape(self.spec.output_shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantise:
    """float32 to int8: value ÷ scale in float32, half away from zero, + zero point.

    Source: `AffineQuantize` of TFLite's `reference/quantize.h`.
    """

    spec: LayerSpec
    scale: float
    zero_point: int

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """int8 values."""
        with np.errstate(over="ignore"):  # an infinite quotient is clamped like a large one
            quotient = (x / np.float32(self.scale)).astype(np.float64)
        return _to_int8(np.trunc(quotient + np.copysign(0.5, quotient)) + self.zero_point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dequantise:
    """int8 to float32: (value − zero point) · scale."""

    spec: LayerSpec
    scale: float
    zero_point: int

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """float32 values."""
        return ((x.astype(np.float64) - self.zero_point) * self.scale).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale:
    """int8 to int8 of another scale and zero point (QUANTIZE between integers)."""

    spec: LayerSpec
    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """int8 values. Source: `Requantize` of TFLite's `reference/requantize.h`."""
        return requantise(
            x.astype(np.int64) - self.input_zero_point, self.multiplier, self.shift,
            zero_point=self.output_zero_point, minimum=INT8_MIN, maximum=INT8_MAX, rounding=rounding,
        ).astype(np.int8)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Multiply:
    """Product with a constant.

    Members
    -------
    constant: int64, its zero point taken off, broadcast against (h, w, c)
    """

    spec: LayerSpec
    constant: NDArray[np.int64]
    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """int8 values. Source: `reference_integer_ops::Mul` of TFLite."""
        return requantise(
            (x.astype(np.int64) - self.input_zero_point) * self.constant, self.multiplier, self.shift,
            zero_point=self.output_zero_point, minimum=self.minimum, maximum=self.maximum, rounding=rounding,
        ).astype(np.int8)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subtract:
    """Difference with a constant, computed as an add whose second operand is negated.

    Members
    -------
    constant: int64, its zero point taken off, broadcast against (h, w, c)
    constant_first: constant − x rather than x − constant
    multipliers, shifts: of operand 0, operand 1, and of the difference (`golden.add.add_constants`)
    """

    spec: LayerSpec
    constant: NDArray[np.int64]
    constant_first: bool
    multipliers: tuple[int, int, int]
    shifts: tuple[int, int, int]
    input_zero_point: int
    output_zero_point: int
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    def apply(self, x: Array, rounding: Rounding = "double") -> Array:
        """int8 values. Source: `kernels/sub.cc` of TFLite."""
        variable = x.astype(np.int64) - self.input_zero_point
        constant = np.broadcast_to(self.constant, variable.shape)
        operands = (constant, -variable) if self.constant_first else (variable, -constant)
        total = np.zeros(variable.shape, dtype=np.int64)
        for index, operand in enumerate(operands):
            total += requantise(
                operand << LEFT_SHIFT, self.multipliers[index], self.shifts[index],
                zero_point=0, minimum=INT32_MIN, maximum=INT32_MAX, rounding=rounding,
            )  # fmt: skip
        return requantise(
            total, self.multipliers[2], self.shifts[2],
            zero_point=self.output_zero_point, minimum=self.minimum, maximum=self.maximum, rounding=rounding,
        ).astype(np.int8)  # fmt: skip


HostLayer = Softmax | FloatSoftmax | Reshape | Quantise | Dequantise | Rescale | Multiply | Subtract


def _to_int8(values: Array) -> NDArray[np.int8]:
    return np.clip(values, INT8_MIN, INT8_MAX).astype(np.int8)
