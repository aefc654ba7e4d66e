"""The residual add of two quantised tensors, as a layer in integers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec, check_int8
from golden.quantise import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    INT32_MIN,
    Rounding,
    quantise_multiplier,
    requantise,
)

LEFT_SHIFT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLayer:
    """Sum of two tensors of one shape; each operand has its own scale.

    Members
    -------
    multipliers, shifts: of operand 0, operand 1, and of the sum
    input_zero_points: of operand 0 and operand 1
    output_zero_point, minimum, maximum: as in `golden.layer.QuantisedLayer`

    Source: `reference_integer_ops::Add` and `kernels/add.cc` of TFLite.
    """

    spec: LayerSpec
    multipliers: tuple[int, int, int]
    shifts: tuple[int, int, int]
    input_zero_points: tuple[int, int]
    output_zero_point: int
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    def __post_init__(self) -> None:
        for what in ("output_zero_point", "minimum", "maximum"):
            check_int8(self.spec.name, what, getattr(self, what))
        for zero_point in self.input_zero_points:
            check_int8(self.spec.name, "input_zero_points", zero_point)
        if max(self.shifts) > 0:
            raise ValueError(f"{self.spec.name}: shifts of an add must not be positive, not {self.shifts}")


def add_constants(
    scale_0: float, scale_1: float, scale_out: float
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """`(multipliers, shifts)` of an add from its three scales (the file's float32 values as doubles)."""
    twice = 2.0 * max(scale_0, scale_1)
    pairs = [
        quantise_multiplier(real)
        for real in (scale_0 / twice, scale_1 / twice, twice / ((1 << LEFT_SHIFT) * scale_out))
    ]
    multipliers, shifts = zip(*pairs, strict=True)
    return multipliers, shifts


def add(
    x0: NDArray[np.int8], x1: NDArray[np.int8], layer: AddLayer, rounding: Rounding = "double"
) -> NDArray[np.int8]:
    """int8 sum of two int8 (h, w, c) tensors."""
    total = np.zeros(x0.shape, dtype=np.int64)
    for operand, x in enumerate((x0, x1)):
        total += requantise(
            (x.astype(np.int64) - layer.input_zero_points[operand]) << LEFT_SHIFT,
            layer.multipliers[operand],
            layer.shifts[operand],
            zero_point=0,
            minimum=INT32_MIN,
            maximum=INT32_MAX,
            rounding=rounding,
        )
    return requantise(
        total,
        layer.multipliers[2],
        layer.shifts[2],
        zero_point=layer.output_zero_point,
        minimum=layer.minimum,
        maximum=layer.maximum,
        rounding=rounding,
    ).astype(np.int8)
