"""Where two tensors first differ, said so that a person can find it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first element that differs, in row-major order, and how many do."""

    layer: str
    row: int
    column: int
    channel: int
    expected: int
    got: int
    count: int
    total: int

    def __str__(self) -> str:
        return (
            f"{self.layer}: row {self.row}, column {self.column}, channel {self.channel} is {self.got}, "
            f"expected {self.expected} ({self.count} of {self.total} elements differ)"
        )


def first_mismatch(layer: str, expected: NDArray[Any], got: NDArray[Any]) -> Mismatch | None:
    """The first difference of two (h, w, c) tensors of `layer`, None when there is none.

    Raises
    ------
    ValueError
        When shapes or types differ, or the tensors have not three axes.
    """
    if expected.shape != got.shape or expected.dtype != got.dtype or expected.ndim != 3:
        raise ValueError(
            f"{layer}: expected {expected.dtype}{expected.shape} with three axes, got {got.dtype}{got.shape}"
        )
    places = np.argwhere(expected != got)
    if not len(places):
        return None
    row, column, channel = (int(index) for index in places[0])
    return Mismatch(
        layer=layer, row=row, column=column, channel=channel,
        expected=int(expected[row, column, channel]), got=int(got[row, column, channel]),
        count=len(places), total=expected.size,
    )  # fmt: skip
