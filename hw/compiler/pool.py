"""Pooling over a whole picture, as the depthwise unit runs it: taps of one, windows side by side, added up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.pool import AveragePoolLayer, MeanLayer
from golden.quantise import INT8_MAX, INT8_MIN, quantise_multiplier, requantise
from hw.compiler.errors import CompileError
from hw.config import KERNEL


@dataclass(frozen=True, kw_only=True)
class PoolNumbers:
    """What `pack_depthwise` and a `depthwise` command need; `single` None leaves the rounding to the program."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]
    input_zero_point: int
    output_zero_point: int
    minimum: int
    maximum: int
    weight_zero_point: int = 0
    single: bool | None = None


def pool_numbers(layer: AveragePoolLayer | MeanLayer) -> PoolNumbers:
    """The pool as sums and one requantisation.

    A mean is that by definition. An average divides: here by a multiplication whose result is compared with the
    division for every sum there can be. Raises `CompileError` if no multiplier does.
    """
    height, width, channels = layer.spec.input_shape
    taps, raised = height * width, 0
    if isinstance(layer, MeanLayer):
        multiplier, shift, single = layer.multiplier, layer.shift, None
        zero_points, limits = (layer.input_zero_point, layer.output_zero_point), (INT8_MIN, INT8_MAX)
    else:
        raised = 128 if layer.unsigned else 0
        multiplier, shift, single = _division(layer.spec.name, taps, raised)
        zero_points, limits = (0, -raised), (layer.minimum, layer.maximum)
    return PoolNumbers(
        weights=np.ones((KERNEL, KERNEL, channels), np.int8), bias=np.full(channels, raised * taps, np.int32),
        multiplier=np.full(channels, multiplier, np.int64), shift=np.full(channels, shift, np.int64),
        input_zero_point=zero_points[0], output_zero_point=zero_points[1], minimum=limits[0], maximum=limits[1],
        single=single)


def _division(name: str, taps: int, raised: int) -> tuple[int, int, bool]:
    """(multiplier, shift, single rounding) that divides each sum of `taps` values by their number.

    Rounds half away from zero. The values are int8, `raised` higher: a uint8 model's average is never negative.
    """
    sums = np.arange((INT8_MIN + raised) * taps, (INT8_MAX + raised) * taps + 1, dtype=np.int64)
    quotients = np.sign(sums) * ((np.abs(sums) + taps // 2) // taps)
    nearest, shift = quantise_multiplier(1 / taps)
    for multiplier in range(nearest - 2, nearest + 4):
        for single in (False, True):
            found = requantise(sums[:, None], np.array([multiplier]), np.array([shift]), zero_point=0,
                               minimum=INT8_MIN + raised, maximum=INT8_MAX + raised,
                               rounding="single" if single else "double")
            if np.array_equal(found[:, 0], quotients):
                return multiplier, shift, single
    raise CompileError(f"{name}: no multiplier divides by {taps} as the average does")
