"""Cells of a memory, as a box of regular steps: what a command touches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells `start` + Σ i · step, for each i below the length of its dimension.

    Parameters
    ----------
    start: first cell
    shape: lengths, none of them 0
    steps: cells from one to the next in each dimension, none of them negative
    """

    start: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def last(self) -> int:
        last = self.start
        for length, step in zip(self.shape, self.steps, strict=True):
            last += (length - 1) * step
        return last

    def of(self, values: NDArray) -> NDArray:
        """The cells' own in `values`, one of each cell of the memory: a view."""
        if self.steps == (1,):
            return values[self.start:self.start + self.shape[0]]
        size = values.itemsize
        return np.ndarray(self.shape, values.dtype, values, self.start * size, [size * step for step in self.steps])

    def largest(self, rows: NDArray[np.int32]) -> list[int]:
        """Of each of `rows`, values of all cells, the largest of these cells."""
        size, row = rows.strides[1], rows.strides[0]
        view = np.ndarray((len(rows), *self.shape), rows.dtype, rows, self.start * size,
                          [row, *(size * step for step in self.steps)])
        return np.maximum.reduce(view, axis=tuple(range(1, view.ndim))).tolist()

    def find(self, marks: NDArray[np.bool_]) -> int:
        """The first of the cells that is marked, in the order of the box."""
        place = np.unravel_index(int(np.argmax(self.of(marks))), self.shape)
        return self.start + sum(int(index) * step for index, step in zip(place, self.steps, strict=True))
