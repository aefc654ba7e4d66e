"""What a command touches, from its own fields: after the gateware, not after the compiler that made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hw.proof.cells import Cells

Fields = Mapping[str, int]
"""Of a command: its unit's own."""

PIXEL_SPACE = 1 << 20
"""Pixel addresses are counted modulo this."""

DRAM_CELL = 4
"""Bytes of a cell of DRAM: the narrowest beat."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Cells by memory: `activations`, words of `pe_rows` channels; `dram`, words of `DRAM_CELL` bytes; `pointwise` and
    `depthwise`, words of these units' weights.

    Parameters
    ----------
    reads, writes: whose values matter
    opened: activations that are read beside them and left out
    """

    reads: Mapping[str, list[Cells]]
    writes: Mapping[str, list[Cells]]
    opened: list[Cells] = field(default_factory=list)
