"""The command set: one table from which encoder, decoder and the gateware's view are made.

A program is a run of blocks of `BLOCK_BYTES`: a program header, then one block per command. Each ends in a
checksum over itself, checked as it is fetched, and carries the tag of its program, so that a block left over from
another one is noticed. A command's block is a 128-bit header common to all units, and a body of the unit's own
fields, packed from the least significant bit in the order of the table.

A unit finishes its commands in order, so "command 7 of `depthwise` has ended" is a number: the count of
commands that unit has ended. A *token* is such a count. The header names, for each unit, the count that has
to be reached before the command may start.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from golden.refusal import Refusal

UNITS = ("load", "weights", "depthwise", "pointwise", "store")
"""Units that take commands, in the order of their codes. The sixth unit, `fetch`, delivers them."""

BLOCK_BYTES = 96
HEADER_BITS = 128
CHECKSUM_BYTES = 4
"""CRC-32 (ISO-HDLC, the one of zlib and Ethernet) over the rest of the block, little-endian."""
COUNT_BITS = 16
"""Bits of a token count. A count has reached a wait that lies at most half of the range behind it."""
MOST_COMMANDS = (1 << COUNT_BITS - 1) - 1
"""Of a unit in one program: beyond, its count would no longer have reached 0, which is waiting for nothing."""

MAGIC = 0x43504553  # "SEPC" in memory order
FORMAT_VERSION = 3


class CommandError(Refusal):
    """A field value that the command set can't carry, or a block that is not intact."""


@dataclass(frozen=True)
class Field:
    """One field of a command: `bits` wide, two's complement if `signed`."""

    name: str
    bits: int
    doc: str
    signed: bool = False

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest value."""
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)

    def decode(self, raw: int) -> int:
        return raw - (1 << self.bits) if self.signed and raw >> self.bits - 1 else raw


TAG = Field("tag", 16, "the same in all blocks of a program")
LAYER = Field("layer", 10, "layer the command belongs to")

HEADER = (
    Field("unit", 3, "unit that runs the command: its index in `UNITS`"),
    LAYER,
    *(Field(f"wait_{unit}", COUNT_BITS, f"commands of `{unit}` that must have ended") for unit in UNITS),
    Field("space", len(UNITS), "bit per unit: what is waited for there is space, not data"),
    TAG,
)

_TRANSFER = (
    Field("dram_address", 32, "byte address of the first beat; a multiple of the bus width"),
    Field("dram_stride", 32, "bytes from one channel block to the next"),
    Field("blocks", 10, "channel blocks"),
    Field("beats", 20, "bus beats of a block"),
    Field("row", 16, "activation memory row of the first beat"),
    Field("chunk", 6, "beat within that row"),
    Field("row_stride", 16, "rows from one channel block to the next"),
    Field("lead", 4, "pixels of the first beat that are not part of the transfer"),
    Field("tail", 4, "pixels of the last beat that are part of it"),
)

_NUMERICS = (
    Field("input_zero_point", 8, "zero point of the input", signed=True),
    Field("weight_zero_point", 8, "zero point of the weights", signed=True),
    Field("output_zero_point", 8, "zero point of the output", signed=True),
    Field("minimum", 8, "lower clamp of the output", signed=True),
    Field("maximum", 8, "upper clamp of the output", signed=True),
    Field("single_rounding", 1, "1: one rounding shift; 0: TFLite's doubling high multiply, then a rounding shift"),
)

BODY: Mapping[str, tuple[Field, ...]] = {
    "load": (
        *_TRANSFER,
        Field("split", 1, "1: pixels go by turns to two phases, those of even and of odd columns; if a beat holds two"
              " pixels, only one of the phases is loaded"),
        Field("phase_row_stride", 16, "rows from the phase of even columns to that of odd ones, if both are loaded"),
        Field("odd", 1, "phase that is loaded if only one is: 1 that of odd columns"),
        Field("half", 1, "pixel of the first place, `chunk`, that phase begins with"),
    ),
    "store": _TRANSFER,
    "weights": (
        Field("dram_address", 32, "byte address of the first beat; a multiple of the bus width"),
        Field("beats", 20, "bus beats"),
        Field("depthwise", 1, "destination: 1 the depthwise weight memory, 0 the pointwise one"),
        Field("word", 16, "first word there"),
    ),
    "depthwise": (
        Field("word", 16, "first word of taps and parameters"),
        Field("blocks", 10, "channel blocks"),
        Field("in_pixel", 20, "pixel address of the input's ring, first block"),
        Field("in_row_stride", 16, "activation memory rows from one input block to the next"),
        Field("ring_pixels", 20, "pixels in the input's ring of rows"),
        Field("first_pixel", 20, "ring position of the first window's top row"),
        Field("first_y", 13, "that row's place in the image; negative in the padding", signed=True),
        Field("height", 12, "rows of the whole input"),
        Field("width", 12, "pixels in an input row"),
        Field("row_step", 14, "ring pixels from one window row to the next: stride × width"),
        Field("stride", 2, "1 to 3"),
        Field("accumulate", 1, "1: the windows of a channel are added up to one output pixel"),
        Field("pad_left", 3, "padding columns before a row"),
        Field("column_blocks", 12, "reads of pe_pixels columns a row takes"),
        Field("out_rows", 12, "output rows"),
        Field("out_width", 12, "pixels in an output row"),
        Field("out_pixel", 20, "pixel address of the output, first block"),
        Field("out_row_stride", 16, "activation memory rows from one output block to the next"),
        *_NUMERICS,
    ),
    "pointwise": (
        Field("word", 16, "first word of tiles and parameters"),
        Field("passes", 14, "kernel_rows × kernel_cols × in_blocks: weight tiles of an output block"),
        Field("in_pixel", 20, "pixel address the first tap of lane 0 of the first vector reads, first input block"),
        Field("in_row_stride", 16, "rows from one input block to the next"),
        Field("in_blocks", 10, "blocks of pe_rows input channels, of one phase"),
        Field("kernel_rows", 4, "taps down"),
        Field("kernel_cols", 4, "taps across"),
        Field("split", 1, "1: the input is stored as 2 × 2 phases, for stride 2"),
        Field("phase_y", 1, "phase of the first tap"),
        Field("phase_x", 1, "phase of the first tap"),
        Field("phase_row_stride", 16, "rows from one phase to the next"),
        Field("shift_y", 4, "rows from output pixel to the first tap, in its phase", signed=True),
        Field("shift_x", 4, "columns from output pixel to the first tap, in its phase", signed=True),
        Field("windowed", 1, "1: taps outside of the input read nothing"),
        Field("height", 12, "rows of a phase of even rows"),
        Field("columns", 12, "columns of a phase of even columns"),
        Field("odd_height", 1, "1: phases of odd rows have a row less"),
        Field("odd_width", 1, "1: phases of odd columns have a column less"),
        Field("width", 12, "columns of the output, and pixels from one row of a phase to the next"),
        Field("first_y", 13, "row of lane 0 of the first vector; negative if it comes before the output", signed=True),
        Field("first_x", 12, "column of lane 0 of the first vector"),
        Field("end_y", 12, "row after the last"),
        Field("tiles", 10, "pixel tiles"),
        Field("tile_vectors", 10, "vectors of pe_pixels pixels in each tile but the last"),
        Field("last_vectors", 10, "vectors in the last tile"),
        Field("first_lane", 4, "first pixel of the first vector that is written"),
        Field("last_lanes", 4, "pixels of the last vector that are written"),
        Field("out_row", 16, "activation memory row of the first output vector"),
        Field("out_octet", 4, "slice of a word the first output channel lies in: 8 channels, or 4 if pe_cols is no"
              " multiple of 8"),
        Field("out_row_stride", 16, "rows from one output block to the next"),
        Field("out_blocks", 10, "blocks of pe_cols output channels"),
        Field("octets", 12, "slices of channels that are written"),
        *_NUMERICS,
        Field("residual_passes", 3, "passes of identity tiles that bring in the residual of a block; 0: none is added"),
        Field("residual_pixel", 20, "pixel address of the residual of lane 0 of the first vector, first output block"),
        Field("residual_row_stride", 16, "rows from one block of the residual to the next"),
        Field("residual_blocks", 10, "blocks of the residual from there on; those beyond read nothing"),
        Field("residual_zero_point", 8, "zero point of the residual", signed=True),
        *(Field(f"{name}_{what}", bits, f"{doc} of {of}")
          for name, of in (("residual", "the residual"), ("operand", "the layer's output"), ("sum", "the sum"))
          for what, bits, doc in (("multiplier", 31, "multiplier"), ("shift", 5, "right shift"))),
        Field("sum_zero_point", 8, "zero point of the sum", signed=True),
        Field("sum_minimum", 8, "lower clamp of the sum", signed=True),
        Field("sum_maximum", 8, "upper clamp of the sum", signed=True),
    ),
}

RESIDUAL = tuple(entry.name for entry in BODY["pointwise"]
                 if entry.name.partition("_")[0] in ("residual", "operand", "sum"))
"""Fields of a pointwise command that adds a residual."""


COUNTS: Mapping[str, tuple[str, ...]] = {
    "load": ("blocks", "beats"),
    "store": ("blocks", "beats"),
    "weights": ("beats",),
    "depthwise": ("blocks", "column_blocks", "out_rows", "out_width"),
    "pointwise": ("passes", "in_blocks", "kernel_rows", "kernel_cols", "tiles", "tile_vectors", "last_vectors",
                  "out_blocks", "octets"),
}
"""Fields that must not be 0: with nothing to do a unit would not come to an end, so `fetch` refuses the command."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its unit, its layer, the counts it waits for, and the unit's own fields."""

    unit: str
    layer: int
    fields: Mapping[str, int]
    waits: Mapping[str, int] = field(default_factory=dict)
    space: frozenset[str] = frozenset()

    def encode(self, tag: int = 0) -> bytes:
        """`BLOCK_BYTES`, little-endian. Raises `CommandError` for a value its field can't hold."""
        header = {"unit": UNITS.index(self.unit), "layer": self.layer,
                  "tag": tag, "space": sum(1 << index for index, unit in enumerate(UNITS) if unit in self.space)}
        header |= {f"wait_{unit}": self.waits.get(unit, 0) % (1 << COUNT_BITS) for unit in UNITS}
        if self.fields.keys() != _NAMES[self.unit]:
            raise CommandError(f"{self.unit}: fields {sorted(self.fields)} are not the unit's own")
        try:
            bits = _HEADER_PACKING.pack(header) | _BODY_PACKING[self.unit].pack(self.fields) << HEADER_BITS
        except CommandError as error:
            raise CommandError(f"{self.unit} command of layer {self.layer}: {error}") from None
        return _checked(bits)


def _checked(bits: int) -> bytes:
    data = bits.to_bytes(BLOCK_BYTES - CHECKSUM_BYTES, "little")
    return data + zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "little")


def check_block(data: bytes) -> None:
    """Raises `CommandError` for a block whose checksum is wrong."""
    if len(data) != BLOCK_BYTES:
        raise CommandError(f"{len(data)} bytes: a block is {BLOCK_BYTES}")
    found, wanted = int.from_bytes(data[-CHECKSUM_BYTES:], "little"), zlib.crc32(data[:-CHECKSUM_BYTES])
    if found != wanted:
        raise CommandError(f"checksum {found:08x}: that of the block is {wanted:08x}")


def positions(table: Iterable[Field], first: int = 0) -> Iterator[tuple[Field, int]]:
    """Each field and its lowest bit, the first field at bit `first`."""
    for entry in table:
        yield entry, first
        first += entry.bits


class _Packing:
    """How the fields of a table are put side by side."""

    def __init__(self, table: Iterable[Field]) -> None:
        self._places = [(entry.name, position, *entry.limits, (1 << entry.bits) - 1)
                        for entry, position in positions(table)]

    def pack(self, values: Mapping[str, int]) -> int:
        """Bits of the fields' values; `CommandError` for one that doesn't fit."""
        bits = 0
        for name, position, low, high, mask in self._places:
            value = values[name]
            if not low <= value <= high:
                raise CommandError(f"{name}={value}: must be {low} to {high}")
            bits |= (value & mask) << position
        return bits


_NAMES = {unit: frozenset(entry.name for entry in table) for unit, table in BODY.items()}
_HEADER_PACKING = _Packing(HEADER)
_BODY_PACKING = {unit: _Packing(table) for unit, table in BODY.items()}
_TAG_POSITION = next(position for entry, position in positions(HEADER) if entry is TAG)


def _unpack(table: tuple[Field, ...], bits: int) -> dict[str, int]:
    return {entry.name: entry.decode(bits >> position & (1 << entry.bits) - 1)
            for entry, position in positions(table)}


def decode_command(data: bytes) -> tuple[Command, int]:
    """Inverse of `Command.encode`: the command and its tag.

    Raises `CommandError` for a block that is not intact or names a unit that does not exist.
    """
    check_block(data)
    bits = int.from_bytes(data, "little")
    header = _unpack(HEADER, bits)
    if header["unit"] >= len(UNITS):
        raise CommandError(f"unit code {header['unit']}: must be 0 to {len(UNITS) - 1}")
    unit = UNITS[header["unit"]]
    return Command(unit=unit, layer=header["layer"], fields=_unpack(BODY[unit], bits >> HEADER_BITS),
                   waits={name: header[f"wait_{name}"] for name in UNITS if header[f"wait_{name}"]},
                   space=frozenset(name for index, name in enumerate(UNITS) if header["space"] >> index & 1),
                   ), header["tag"]


PROGRAM_HEADER = (
    Field("magic", 32, "the letters SEPC"),
    Field("version", 32, "format version"),
    Field("config", 32, "hash of the configuration the program was compiled for"),
    Field("commands", 16, "number of commands that follow"),
    TAG,
)
"""Fields of a program's first block; the rest of it, up to the checksum, is zero."""


def encode_program(config_hash: int, commands: Sequence[Command]) -> bytes:
    """All blocks of a program. Raises `CommandError`."""
    for unit, count in Counter(command.unit for command in commands).items():
        if count > MOST_COMMANDS:
            raise CommandError(f"{count} commands of {unit}: a program has at most {MOST_COMMANDS} for each unit")
    # Not a CRC: that of blocks that end in their own CRC says nothing of what is in them.
    blocks = [command.encode() for command in commands]
    digest = hashlib.sha256(b"".join(blocks)).digest()
    tag = int.from_bytes(digest[:TAG.bits // 8], "little")
    header = {"magic": MAGIC, "version": FORMAT_VERSION, "config": config_hash, "commands": len(commands), "tag": tag}
    return b"".join([_checked(_Packing(PROGRAM_HEADER).pack(header)), *(_tagged(block, tag) for block in blocks)])


def _tagged(block: bytes, tag: int) -> bytes:
    """The block with that tag in the place of 0."""
    return _checked(int.from_bytes(block[:-CHECKSUM_BYTES], "little") | tag << _TAG_POSITION)


def decode_program(data: bytes) -> tuple[dict[str, int], list[Command]]:
    """Inverse of `encode_program`: fields of the header, and the commands.

    Raises `CommandError` that names the block.
    """
    if len(data) < BLOCK_BYTES:
        raise CommandError(f"{len(data)} bytes: a program has at least {BLOCK_BYTES}")
    block = 0
    try:
        check_block(data[:BLOCK_BYTES])
        header = _unpack(PROGRAM_HEADER, int.from_bytes(data[:BLOCK_BYTES], "little"))
        for name, wanted in (("magic", MAGIC), ("version", FORMAT_VERSION)):
            if header[name] != wanted:
                raise CommandError(f"{name} {header[name]:#x}: must be {wanted:#x}")
        commands = []
        for block in range(1, header["commands"] + 1):
            command, tag = decode_command(data[block * BLOCK_BYTES:(block + 1) * BLOCK_BYTES])
            if tag != header["tag"]:
                raise CommandError(f"tag {tag:#06x}: that of the program is {header['tag']:#06x}")
            commands.append(command)
    except CommandError as error:
        raise CommandError(f"block {block} at byte {block * BLOCK_BYTES}: {error}") from None
    return header, commands
