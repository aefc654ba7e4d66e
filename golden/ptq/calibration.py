"""The range of every tensor of a float network over some pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.model import ModelError
from golden.network import INPUT
from golden.ptq.float_model import FloatModel

PERCENTILE = 99.99
"""Of a tensor's values within its range, by default; `calibrate` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Real values from `low` to `high`."""

    low: float
    high: float

    def union(self, other: "Range") -> "Range":
        """The smallest range that holds both."""
        return Range(low=min(self.low, other.low), high=max(self.high, other.high))


def calibrate(
    model: FloatModel, pictures: Iterable[NDArray[np.float32]], percentile: float = PERCENTILE
) -> Mapping[str, Range]:
    """Range of the input and of each layer's output, by name (`INPUT` is the picture).

    Each picture gives the range between the percentiles 100 − p and p of its values; the ranges of several
    pictures are united. At 100 that is minimum and maximum. Just below, a few large values no longer widen the
    steps of all others: torchvision's MobileNetV2, calibrated on 8 of scikit-image's pictures and compared with
    float on 14 others, keeps its scores to 10.9 dB at 100, 14.0 at 99.99, 14.3 at 99.9 and 11.3 at 99.5 (mean
    signal to noise), and float's best class in 11, 13, 12 and 10 of them. Hence the default.

    Raises
    ------
    ModelError
        When there are no pictures, one does not fit, or the percentile is not in (50, 100].
    """
    if not 50 < percentile <= 100:
        raise ModelError(f"the percentile must be above 50 and at most 100, not {percentile}")
    ranges: dict[str, Range] = {}
    for picture in pictures:
        for name, values in ((INPUT, picture), *model.trace(picture)):
            found = _range(values, percentile)
            ranges[name] = ranges[name].union(found) if name in ranges else found
    if not ranges:
        raise ModelError("calibration needs at least one picture")
    return ranges


def _range(values: NDArray[np.float32], percentile: float) -> Range:
    if not np.isfinite(values).all():
        raise ModelError("calibration met values that are not finite")
    if percentile == 100:
        return Range(low=float(values.min()), high=float(values.max()))
    low, high = np.percentile(values, (100 - percentile, percentile))
    return Range(low=float(low), high=float(high))
