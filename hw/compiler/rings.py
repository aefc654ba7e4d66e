"""Rings: the rows of a tensor that are on chip, in a place of their own in the activation memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from hw.compiler.errors import CompileError
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


def aligned_rows(config: EngineConfig, shape: tuple[int, int, int], rows: int) -> int:
    """Rows of a ring that holds at least `rows`: all of the tensor, or a number that ends on a bank boundary."""
    height, width, _ = shape
    unit = config.pe_pixels // gcd(config.pe_pixels, width)
    rounded = -(-rows // unit) * unit
    return rounded if rounded < height else height


def place(config: EngineConfig, wanted: Sequence[tuple[str, tuple[int, int, int], int]]) -> list[Ring]:
    """Rings for (name, shape, rows), each in bank groups of its own.

    Within one cascade each ring has one unit that writes and one that reads it; groups of their own make that
    one reader and one writer per bank, whatever the timing.

    Raises `CompileError` if they do not fit.
    """
    rings, group = [], 0
    for _, shape, rows in wanted:
        kept = aligned_rows(config, shape, rows)
        stride = -(-kept * shape[1] // config.pe_pixels)
        blocks = -(-shape[2] // config.pe_rows)
        rings.append(Ring(config=config, shape=shape, rows=kept, base=group * config.group_rows, stride=stride,
                          space=Space(kept, blocks)))
        group += -(-blocks * stride // config.group_rows)
    if group > config.activation_groups:
        sizes = ", ".join(f"{name} {ring.blocks * ring.stride * config.row_bytes} bytes"
                          for (name, _, _), ring in zip(wanted, rings, strict=True))
        raise CompileError(f"activation memory of {config.name}: {group} groups of"
                           f" {config.group_rows * config.row_bytes} bytes needed, {config.activation_groups} there"
                           f" ({sizes})")
    return rings
