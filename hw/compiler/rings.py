"""Rings: the rows of a tensor that are on chip, in a place of their own in the activation memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from hw.compiler.errors import DoesNotFit
from hw.compiler.tokens import Region, Space
from hw.config import EngineConfig


@dataclass(frozen=True, kw_only=True)
class Ring:
    """`rows` rows of a tensor; row y lies at y mod `rows`.

    Its pixels follow one another, and rows · width is a multiple of `pe_pixels`, so pixel (y, x) of any ring of
    the same width lies in bank (y · width + x) mod `pe_pixels`.

    Parameters
    ----------
    shape: (height, width, channels) of the whole tensor
    rows: kept at a time
    base: activation memory row of block 0
    stride: activation memory rows of a block
    """

    config: EngineConfig
    shape: tuple[int, int, int]
    rows: int
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
        return self.blocks * self.stride * self.config.row_bytes

    @property
    def groups(self) -> range:
        """Bank groups the ring lies in."""
        rows = self.config.group_rows
        return range(self.base // rows, -(-(self.base + self.blocks * self.stride) // rows))

    def pixel(self, y: int) -> int:
        """Pixel of row y within a block."""
        return y % self.rows * self.shape[1]

    def region(self, first: int, last: int) -> list[Region]:
        """Rows `first` to `last`, without `last`, of all blocks."""
        return [Region(self.space, (slice(start % self.rows, start % self.rows + count), slice(None)))
                for start, count in runs(first, last, [self])]


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


def place(config: EngineConfig, wanted: Sequence[tuple[str, tuple[int, int, int], int]],
          held: Ring | None = None) -> list[Ring]:
    """Rings for (name, shape, rows), each in bank groups of its own; `held`, if any, keeps the groups it has.

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
        _, shape, rows = wanted[index]
        kept = aligned_rows(config, shape, rows)
        stride = -(-kept * shape[1] // config.pe_pixels)
        blocks = -(-shape[2] // config.pe_rows)
        count = -(-blocks * stride // config.group_rows)
        starts = [start for start in range(config.activation_groups - count + 1) if all(free[start:start + count])]
        if not starts:
            raise _does_not_fit(config, wanted, held)
        start = starts[-1] if high and index == len(wanted) - 1 else starts[0]
        free[start:start + count] = [False] * count
        rings[index] = Ring(config=config, shape=shape, rows=kept, base=start * config.group_rows, stride=stride,
                            space=Space(kept, blocks))
    return [rings[index] for index in range(len(wanted))]


def _does_not_fit(config: EngineConfig, wanted: Sequence[tuple[str, tuple[int, int, int], int]],
                  held: Ring | None) -> DoesNotFit:
    sizes = {}
    for name, shape, rows in wanted:
        blocks = -(-shape[2] // config.pe_rows)
        sizes[name] = blocks * -(-aligned_rows(config, shape, rows) * shape[1] // config.pe_pixels)
    groups = sum(-(-rows // config.group_rows) for rows in sizes.values()) + (len(held.groups) if held else 0)
    group_bytes = config.group_rows * config.row_bytes
    short = max(0, groups - config.activation_groups) * group_bytes
    listed = ", ".join(f"{name} {rows * config.row_bytes} bytes" for name, rows in sizes.items())
    return DoesNotFit(f"activation memory of {config.name}: {groups} groups of {group_bytes} bytes needed,"
                      f" {config.activation_groups} there ({listed}): "
                      + (f"{short} bytes short" if short else "those that are free are not side by side"),
                      memory="activation_bytes", short=short)
