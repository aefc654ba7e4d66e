"""Rings: the part of a tensor that is on chip, in a place of its own in the activation memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

from hw.compiler.errors import DoesNotFit
from hw.compiler.tokens import Cells, Region, Space
from hw.config import EngineConfig


@dataclass(frozen=True, kw_only=True)
class Ring:
    """`rows` rows and `kept` channel blocks of a tensor; row y lies at y mod `rows`, block b at b mod `kept`.

    Its pixels follow one another, and rows · width is a multiple of `pe_pixels`, so pixel (y, x) of any ring of
    the same width lies in bank (y · width + x) mod `pe_pixels`.

    Parameters
    ----------
    shape: (height, width, channels) of the whole tensor
    rows, kept: rows and blocks kept at a time
    base: activation memory row of block 0
    stride: activation memory rows of a block
    """

    config: EngineConfig
    shape: tuple[int, int, int]
    rows: int
    kept: int
    base: int
    stride: int
    space: Space

    @property
    def blocks(self) -> int:
        return -(-self.shape[2] // self.config.pe_rows)

    @property
    def pixels(self) -> int:
        return self.stride * self.config.pe_pixels

    @property
    def size(self) -> int:
        """Bytes."""
        return self.kept * self.stride * self.config.row_bytes

    @property
    def groups(self) -> range:
        """Bank groups the ring lies in."""
        rows = self.config.group_rows
        return range(self.base // rows, -(-(self.base + self.kept * self.stride) // rows))

    def pixel(self, y: int) -> int:
        """Pixel of row y within a block."""
        return y % self.rows * self.shape[1]

    def row(self, block: int) -> int:
        """Activation memory row of a block."""
        return self.base + block % self.kept * self.stride

    def region(self, first: int, last: int, block: int = 0, count: int | None = None) -> list[Region]:
        """Rows `first` to `last`, without `last`, of `count` blocks from `block` on, or of all of them."""
        start = block % self.kept
        end = self.kept if count is None else start + count
        return [Region(self.space, Cells(y % self.rows, y % self.rows + rows, start, end))
                for y, rows in runs(first, last, [self])]


def runs(first: int, last: int, rings: Sequence[Ring]) -> Iterator[tuple[int, int]]:
    """Cuts rows `first` to `last` into (row, count) that are in one piece in each of the rings."""
    while first < last:
        count = min([last - first, *(ring.rows - first % ring.rows for ring in rings)])
        yield first, count
        first += count


def pieces(first: int, last: int, apart: bool) -> Iterator[tuple[int, int]]:
    """Rows `first` to `last` one by one if they lie `apart`, else as one piece."""
    if apart:
        yield from ((row, row + 1) for row in range(first, last))
    elif first < last:
        yield first, last


def aligned_rows(config: EngineConfig, shape: tuple[int, int, int], rows: int) -> int:
    """Rows of a ring that holds at least `rows`: all of the tensor, or a number that ends on a bank boundary."""
    height, width, _ = shape
    unit = config.pe_pixels // gcd(config.pe_pixels, width)
    rounded = -(-rows // unit) * unit
    return rounded if rounded < height else height


class Wanted(NamedTuple):
    """A ring to be placed: `kept` channel blocks, or all of them."""

    name: str
    shape: tuple[int, int, int]
    rows: int
    kept: int | None = None

    def ring(self, config: EngineConfig, base: int = 0) -> Ring:
        rows = aligned_rows(config, self.shape, self.rows)
        kept = -(-self.shape[2] // config.pe_rows) if self.kept is None else self.kept
        return Ring(config=config, shape=self.shape, rows=rows, kept=kept, base=base,
                    stride=-(-rows * self.shape[1] // config.pe_pixels), space=Space())


def place(config: EngineConfig, wanted: Sequence[Wanted], held: Ring | None = None) -> list[Ring]:
    """Rings, each in bank groups of its own; `held`, if any, keeps the groups it has.

    Within one cascade each ring has one unit that writes and one that reads it; groups of their own make that
    one reader and one writer per bank, whatever the timing. The last ring goes to the end of the memory that
    `held` is not at, so that it can be held in its turn.

    Raises `DoesNotFit`.
    """
    free = [True] * config.activation_groups
    if held is not None:
        for group in held.groups:
            free[group] = False
    high = held is not None and held.base == 0
    rings: dict[int, Ring] = {}
    for index in (len(wanted) - 1, *range(len(wanted) - 1)):
        count = len(wanted[index].ring(config).groups)
        starts = [start for start in range(config.activation_groups - count + 1) if all(free[start:start + count])]
        if not starts:
            raise _does_not_fit(config, wanted, held)
        start = starts[-1] if high and index == len(wanted) - 1 else starts[0]
        free[start:start + count] = [False] * count
        rings[index] = wanted[index].ring(config, start * config.group_rows)
    return [rings[index] for index in range(len(wanted))]


def _does_not_fit(config: EngineConfig, wanted: Sequence[Wanted], held: Ring | None) -> DoesNotFit:
    rings = {item.name: item.ring(config) for item in wanted}
    groups = sum(len(ring.groups) for ring in rings.values()) + (len(held.groups) if held else 0)
    group_bytes = config.group_rows * config.row_bytes
    short = max(0, groups - config.activation_groups) * group_bytes
    listed = ", ".join(f"{name} {ring.size} bytes" for name, ring in rings.items())
    return DoesNotFit(f"activation memory of {config.name}: {groups} groups of {group_bytes} bytes needed,"
                      f" {config.activation_groups} there ({listed}): "
                      + (f"{short} bytes short" if short else "those that are free are not side by side"),
                      memory="activation_bytes", short=short)
