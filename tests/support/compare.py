"""Comparison of tensors; the first mismatch is named by layer, row, column, channel."""

import numpy as np
from numpy.typing import NDArray


class Mismatch(AssertionError):
    """A result that is not the expected one."""


def assert_tensor_equal(layer: str, actual: NDArray[np.int8], expected: NDArray[np.int8]) -> None:
    """Raises `Mismatch` unless both (height, width, channels) tensors agree in shape, type and every element."""
    try:
        np.testing.assert_array_equal(actual, expected, strict=True)
    except AssertionError as error:
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            raise Mismatch(f"{layer}: {error}") from None
        wrong = np.argwhere(actual != expected)
        row, column, channel = (int(index) for index in wrong[0])
        raise Mismatch(
            f"{layer}: row {row}, column {column}, channel {channel}: {actual[row, column, channel]}, expected"
            f" {expected[row, column, channel]}; {len(wrong)} of {actual.size} elements differ"
        ) from None
