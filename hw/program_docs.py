"""The text of `docs/program.md`: the format of programs, from the tables of `hw.commands`."""

import textwrap
from collections.abc import Iterable

from hw.commands import (
    BLOCK_BYTES,
    BODY,
    CHECKSUM_BYTES,
    COUNT_BITS,
    FORMAT_VERSION,
    HEADER,
    HEADER_BITS,
    MAGIC,
    MOST_COMMANDS,
    PROGRAM_HEADER,
    TAG,
    UNITS,
    Field,
    positions,
)
from hw.config import KERNEL, OCTET, PARAMETER_BYTES
from hw.faults import FAULTS
from hw.registers import PROGRAM_ALIGNMENT

DOES = {
    "load": "moves rows of a tensor from DRAM into the activation memory",
    "store": "moves rows of a tensor from the activation memory to DRAM",
    "weights": "moves weights and parameters from DRAM into a weight memory",
    "depthwise": "computes depthwise layers and pools, window by window",
    "pointwise": "computes pointwise and fully connected layers, and convolutions tap by tap, in the systolic array",
}

TEXT = f"""# Programs

What the engine runs: the format of a program in DRAM, as the compiler writes it, `fetch` reads it and `sepconv disasm`
shows it. `python -m hw.program_text` makes this page from the tables in `hw/commands.py`, and
`hw/driver/sepconv_program.h` with it: a C header with the same fields, and functions that read and write them.

## Blocks

A program is a run of blocks of {BLOCK_BYTES} bytes, without gaps: one program header, then one block per command in the
order in which they are delivered. It begins at a multiple of {PROGRAM_ALIGNMENT} bytes. Numbers are little-endian:
bit n of a block is bit n mod 8 of its byte n ÷ 8. Fields follow one another from the least significant bit, in the
order of the tables below; bits that belong to no field are zero. Signed fields are in two's complement.

The last {CHECKSUM_BYTES} bytes of a block, bits {8 * (BLOCK_BYTES - CHECKSUM_BYTES)}–{8 * BLOCK_BYTES - 1}, are a
checksum over the {BLOCK_BYTES - CHECKSUM_BYTES} before them: CRC-32 (ISO-HDLC, the one of zlib, gzip and Ethernet:
polynomial 0x04C11DB7, bits reflected, start and final inversion 0xFFFFFFFF). Each block is checked as it comes, before
anything in it is believed.

All blocks of a program carry the same *tag*. It tells a block of this program from one that an earlier, longer program
left behind it in memory: that block is intact, but not ours. Any number does that differs from program to program; the
compiler takes the first {TAG.bits // 8} bytes of the SHA-256 digest of the commands encoded with tag 0.

## Program header

The magic number is {MAGIC:#010x}, `{MAGIC.to_bytes(4, "little").decode()}` in memory; the format version is
{FORMAT_VERSION}. The hash is that of the `EngineConfig`: `sepconv verilog` writes it beside the Verilog as
`config_hash`, `sepconv compile` into `map.json`.
"""

TOKENS = f"""## Waiting: tokens

Commands are delivered in program order, each to the queue of its unit; while that queue is full, the commands behind
it wait too. A unit starts its commands in order and ends them in order. So "command 7 of `depthwise` has ended" is a
number: each unit has a count of the commands it has ended since the start, {COUNT_BITS} bits wide.

A command starts when, for every unit, that count has reached the command's `wait_` field. The field is the number of
commands of that unit that must have ended, so who needs command n (from 0) waits for n + 1, and 0 waits for nothing.
Count c has reached wait w if (c − w) mod 2^{COUNT_BITS} is less than 2^{COUNT_BITS - 1}; so that 0 is always reached,
a program has at most {MOST_COMMANDS:,} commands for each unit.

The bits of `space` say what each wait is for. 1: the unit there must be done with a place this command writes; 0: it
must have made what this command reads. Only the stall account looks at them.

A program can't deadlock if each wait names a command that comes before it in the program: the oldest command that has
not ended always has what it waits for. The compiler makes no other waits.
"""

BODIES = f"""## Bodies of commands

A command's own fields begin at bit {HEADER_BITS}. What words, rows, blocks, rings, passes and vectors are is said in
`docs/architecture.md`. An address of a pixel counts words of the activation memory, `pe_pixels` of them a row.
"""

DATA = f"""## What commands move

**Tensors** are int8. In DRAM a tensor is a run of channel blocks, `dram_stride` bytes from one to the next. A block has
`pe_rows` channels and its pixels in row order, `pe_rows` bytes each; what channels beyond the last hold does not
matter. `map.json` of `sepconv compile` says where each tensor is. If it has `patches`, the host writes the picture as
patches: one pixel for each window, of the first convolution or of 2 × 2 pixels side by side, whose channels are what
lies under the window, tap by tap in row order and channel by channel within a tap; taps in the padding are the zero
point.

**Parameters** of an output channel are {PARAMETER_BYTES} bytes, little-endian: bias (4, signed), multiplier M (4),
shift s (1, signed). A sum of products is scaled by M · 2^(s − 31).

**Weights of `pointwise`**: for each block of `pe_cols` output channels one tile per pass, then the block's parameters.
A tile has `pe_rows` rows, one for each input channel, of `pe_cols` bytes. Passes go tap by tap, from top to bottom and
from left to right, and within a tap input block by input block. Of the parameters the biases and multipliers come
first, channel by channel, then all shifts; what fills up the last word is zero.

**Weights of `depthwise`**: each block of `pe_rows` channels is cut into groups of `dw_channels`. A group has the
{KERNEL * KERNEL} taps of each of its channels in row order, then the parameters of each, and is filled up with zeros to
whole words.

A word of the pointwise weight memory is the larger of `pe_cols` and the bytes of a bus beat, one of the depthwise
memory the larger of {OCTET} and the bytes of a beat. Weights of channels that are not there equal the zero point.
"""

ERROR_TEXT = """## Errors

At the first block that is not what it should be the engine stops with one of these codes. `docs/registers.md` has the
registers that hold them and the other codes.
"""


def _filled(text: str) -> str:
    """Paragraphs of `text` filled anew: numbers in them are as long as they are."""
    return "\n\n".join(part if part.startswith("#") else textwrap.fill(part, 120, break_on_hyphens=False)
                       for part in text.strip().split("\n\n")) + "\n"


def _table(fields: Iterable[tuple[Field, int]]) -> str:
    rows = ["| bits | width | field | meaning |", "|---|---:|---|---|"]
    for field, first in fields:
        bits = f"{first}–{first + field.bits - 1}" if field.bits > 1 else f"{first}"
        width = f"{field.bits}, signed" if field.signed else f"{field.bits}"
        rows.append(f"| {bits} | {width} | `{field.name}` | {field.doc} |")
    return "\n".join(rows) + "\n"


def markdown() -> str:
    """The page."""
    codes = ", ".join(f"{code} `{unit}`" for code, unit in enumerate(UNITS))
    parts = [_filled(TEXT), _table(positions(PROGRAM_HEADER)),
             f"## Command header\n\nThe first {HEADER_BITS} bits of a command. Units: {codes}.\n",
             _table(positions(HEADER)), _filled(TOKENS), _filled(BODIES)]
    for unit in UNITS:
        parts += [f"### {unit}\n\n`{unit}` {DOES[unit]}.\n", _table(positions(BODY[unit], HEADER_BITS))]
    parts.append(_filled(DATA))
    rows = [f"| {fault.code} | {fault.name} | {fault.text} |" for fault in FAULTS if "block" in fault.address]
    parts += [ERROR_TEXT, "\n".join(["| code | name | what happened |", "|---:|---|---|", *rows]) + "\n"]
    return "\n".join(parts)
