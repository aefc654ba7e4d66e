"""Average pooling over windows, and the mean over a whole picture, as layers in integers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec, check_int8
from golden.quantise import INT8_MAX, INT8_MIN, Rounding, quantise_multiplier, requantise


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePoolLayer:
    """Average over `spec.kernel` windows; input and output share scale and zero point.

    Members
    -------
    unsigned: the model is uint8: values are averaged 128 higher, where ties round differently
    minimum, maximum: clamp of the output
    """

    spec: LayerSpec
    unsigned: bool = False
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    def __post_init__(self) -> None:
        check_int8(self.spec.name, "minimum", self.minimum)
        check_int8(self.spec.name, "maximum", self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLayer:
    """Mean over height and width, rescaled to the output's own scale.

    Members
    -------
    multiplier, shift: of s_in ÷ (s_out · taps), as `mean_constants` makes them
    """

    spec: LayerSpec
    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    def __post_init__(self) -> None:
        check_int8(self.spec.name, "input_zero_point", self.input_zero_point)
        check_int8(self.spec.name, "output_zero_point", self.output_zero_point)


def mean_constants(scale_in: float, scale_out: float, taps: int) -> tuple[int, int]:
    """`(multiplier, shift)` of a mean of `taps` values; the division is folded into M, truncated.

    Source: `QuantizedMeanOrSum` of TFLite's `reference/reduce.h`.
    """
    multiplier, shift = quantise_multiplier(scale_in / scale_out)
    folded = min(taps.bit_length() - 1, 32, 31 + shift)
    return (multiplier << folded) // taps, shift - folded


def average_pool(x: NDArray[np.int8], layer: AveragePoolLayer) -> NDArray[np.int8]:
    """int8 (h, w, c) to int8 (h', w', c).

    Taps outside the image are not counted. int8: the raw sum, zero point left in, is divided half away from
    zero; uint8: the same on values 128 higher, which are never negative. Source:
    `reference_integer_ops::AveragePool` and `reference_ops::AveragePool` of TFLite.
    """
    spec, pad = layer.spec, layer.spec.padding
    offset = 128 if layer.unsigned else 0
    sides = ((pad.top, pad.bottom), (pad.left, pad.right), (0, 0))
    total = _window_sums(np.pad(x.astype(np.int64) + offset, sides), spec)
    inside = np.ones((*x.shape[:2], 1), dtype=np.int64)
    taps = _window_sums(np.pad(inside, sides), spec)
    magnitude = (np.abs(total) + taps // 2) // taps
    return np.clip(np.sign(total) * magnitude - offset, layer.minimum, layer.maximum).astype(np.int8)


def mean(x: NDArray[np.int8], layer: MeanLayer, rounding: Rounding = "double") -> NDArray[np.int8]:
    """int8 (h, w, c) to int8 (1, 1, c)."""
    total = x.sum(axis=(0, 1), keepdims=True, dtype=np.int64)
    return requantise(
        total - layer.input_zero_point * x.shape[0] * x.shape[1],
        layer.multiplier,
        layer.shift,
        zero_point=layer.output_zero_point,
        minimum=INT8_MIN,
        maximum=INT8_MAX,
        rounding=rounding,
    ).astype(np.int8)


def _window_sums(padded: NDArray[np.int64], spec: LayerSpec) -> NDArray[np.int64]:
    windows = np.lib.stride_tricks.sliding_window_view(padded, spec.kernel, axis=(0, 1))
    return windows[:: spec.stride[0], :: spec.stride[1]].sum(axis=(-2, -1))
