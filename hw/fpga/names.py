"""Names in a netlist, in the words of the source.

Yosys names what it makes after what it was made of: ``sepconv.engine.pointwise.drain.row_TRELLIS_FF_Q_3_DI_LUT4_Z`` is
a LUT in front of bit 3 of the register ``row`` in the block ``engine.pointwise.drain``. What it made of something
without a name is called ``$`` and a number.
"""

import re

from hw.fpga.pins import CELLS, ENGINE

OTHER = "other"
"""Block of what has no name of the source."""

_SERIAL = re.compile(r"\$\d+$")
_NAMELESS = re.compile(r"U|\d+|memory|ram")
"""What belongs to the block it is in: an instance without a name, a memory, a bit of one."""
_MADE = re.compile(r"_(TRELLIS|LUT\d|CCU2C?|PFUMX|L6MUX21|DP16KD|MULT\d+X\d+D?|PDPW16KD|SB_\w+|FD1P3\w+|WIDEFN9|DFF\w*"
                   r"|ALU|CC_\w+|FDRE|FDSE|CARRY\d)(_.*|$)|\[\d+\]$|\$\D.*")


def split_name(name: str) -> tuple[str, str]:
    """(block, signal) of a cell or a net: its path below the engine, and what the source calls it there."""
    *path, last = name.split(".")
    blocks = [part for part in (_SERIAL.sub("", part) for part in path) if not _NAMELESS.fullmatch(part)]
    if blocks[:1] == [ENGINE]:
        blocks = blocks[1:] or ["top"]
    elif name.startswith(CELLS):
        blocks = [CELLS]
    else:
        blocks = [OTHER]
    return ".".join(blocks), _MADE.sub("", last)


def block_of(name: str) -> str:
    """Block of a cell."""
    return split_name(name)[0]
