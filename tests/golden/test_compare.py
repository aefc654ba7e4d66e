"""The report of a mismatch."""

import numpy as np
import pytest

from golden.compare import first_mismatch


def test_first_mismatch():
    expected = np.arange(24, dtype=np.int8).reshape(2, 3, 4)
    got = expected.copy()
    assert first_mismatch("conv1", expected, got) is None
    got[1, 0, 2] = -5
    got[1, 2, 0] = -6
    assert str(first_mismatch("conv1", expected, got)) == (
        "conv1: row 1, column 0, channel 2 is -5, expected 14 (2 of 24 elements differ)"
    )


@pytest.mark.parametrize(
    "other", [np.zeros((2, 3, 4), np.uint8), np.zeros((2, 4, 3), np.int8), np.zeros((2, 12), np.int8)]
)
def test_unlike_tensors_are_refused(other):
    with pytest.raises(ValueError, match=r"conv1: expected int8\(2, 3, 4\) with three axes, got"):
        first_mismatch("conv1", np.zeros((2, 3, 4), np.int8), other)
