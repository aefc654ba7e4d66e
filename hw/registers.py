"""The registers the host sees: one table from which come the gateware, the documentation and the C header.

32 bits each, at byte offsets from the base address of the AXI4-Lite port.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hw.account import COUNTED, COUNTERS, KEYS
from hw.commands import COUNT_BITS, FORMAT_VERSION, LAYER, MAGIC, UNITS
from hw.config import MAX_BURST_BYTES

MAP_VERSION = 1
"""Of this table; a new one is not understood by an old driver."""

ADDRESS_BITS = 12
"""Address bits of the port: 4 KiB, most of it empty."""

BURST_SIZES = (32, 64, 128, MAX_BURST_BYTES)
"""What BURST_BYTES may be."""

PROGRAM_ALIGNMENT = 32
"""Bytes PROGRAM_ADDRESS must be a multiple of: the widest bus."""

BASE_ALIGNMENT = 4096
"""Bytes BASE must be a multiple of: what no burst crosses here it does not cross there."""

FIRST_COUNTER = 0x100
"""Offset of the first counter of the stall account; the others follow."""

NOWHERE = 0xFFFF_FFFF
"""First byte of a window that is empty."""


@dataclass(frozen=True)
class Bits:
    """A field of a register: `bits` of them from bit `low` on."""

    name: str
    low: int
    bits: int
    doc: str

    @property
    def mask(self) -> int:
        return ((1 << self.bits) - 1) << self.low

    def extract(self, value: int) -> int:
        return (value & self.mask) >> self.low


@dataclass(frozen=True)
class Register:
    """One register.

    Parameters
    ----------
    access: ``ro`` (a write is refused), ``rw``, or ``wo`` (reads as 0)
    fields: none if the register is one number
    reset: value after reset
    setting: kept through a soft reset; a write is refused unless the engine is at rest
    account: there only if the configuration has `counters`; else it reads as 0, and a write is refused
    """

    name: str
    offset: int
    access: str
    doc: str
    fields: tuple[Bits, ...] = ()
    reset: int = 0
    setting: bool = False
    account: bool = False

    @property
    def bits(self) -> int:
        """That are not always 0."""
        return max((field.low + field.bits for field in self.fields), default=32)

    def field(self, name: str) -> Bits:
        return next(field for field in self.fields if field.name == name)

    def decode(self, value: int) -> Mapping[str, int]:
        return {field.name: field.extract(value) for field in self.fields}

    def encode(self, **values: int) -> int:
        """The register's value from its fields'."""
        return sum(value << self.field(name).low for name, value in values.items())


def counter_name(unit: str, key: str) -> str:
    """Name of the register of a counter of the stall account."""
    return f"{key}_{unit}".upper()


def account_of(registers: Mapping[str, int], cycles: int) -> dict[str, dict[str, int]]:
    """The stall account, cycles per unit and key, from the values of its registers and the run's cycles."""
    account: dict[str, dict[str, int]] = {}
    for unit, keys in COUNTED.items():
        counted = dict.fromkeys(KEYS, 0) | {key: registers[counter_name(unit, key)] for key in keys}
        account[unit] = counted | {"idle": cycles - sum(counted.values())}
    return account


REGISTERS = (
    Register("IDENTITY", 0x00, "ro", "the letters SEPC", reset=MAGIC),
    Register("VERSION", 0x04, "ro", "what this engine understands", (
        Bits("program", 0, 16, "format version of programs"),
        Bits("registers", 16, 16, "version of this table"),
    ), reset=MAP_VERSION << 16 | FORMAT_VERSION),
    Register("CONFIG", 0x08, "ro", "hash of the configuration, which programs carry"),
    Register("CONTROL", 0x0C, "wo", "one bit at a time, anything else is refused", (
        Bits("start", 0, 1, "start the program at PROGRAM_ADDRESS; refused unless at rest, and a"
                            " fault while a program runs"),
        Bits("stop", 1, 1, "stop the program, with the error `stopped`; no effect at rest"),
        Bits("soft_reset", 2, 1, "stop, then reset everything but the settings; over when `halting` is 0"),
    )),
    Register("STATUS", 0x10, "ro", "state", (
        Bits("busy", 0, 1, "a program runs: from start to interrupt"),
        Bits("done", 1, 1, "the last program has ended well"),
        Bits("error", 2, 1, "the last program was stopped, the error registers hold; until a soft reset"),
        Bits("halting", 3, 1, "no burst is asked for any more, the open ones are waited for"),
    )),
    Register("INTERRUPT", 0x14, "rw", "the interrupt output is high while both bits are set", (
        Bits("pending", 0, 1, "a program has ended or was stopped; write 1 to clear"),
        Bits("enable", 1, 1, "lets the interrupt out; kept through a soft reset"),
    )),
    Register("PROGRAM_ADDRESS", 0x18, "rw", f"byte address of the program, a multiple of {PROGRAM_ALIGNMENT}",
             setting=True),
    Register("BURST_BYTES", 0x1C, "rw", f"bytes of the longest burst: {', '.join(map(str, BURST_SIZES))}",
             reset=MAX_BURST_BYTES, setting=True),
    Register("READ_FIRST", 0x20, "rw", "first byte the engine may read", reset=NOWHERE, setting=True),
    Register("READ_LAST", 0x24, "rw", "last byte the engine may read", setting=True),
    Register("WRITE_FIRST", 0x28, "rw", "first byte the engine may write", reset=NOWHERE, setting=True),
    Register("WRITE_LAST", 0x2C, "rw", "last byte the engine may write", setting=True),
    Register("ERROR", 0x30, "ro", "why the engine stopped; 0 without an error", (
        Bits("code", 0, 8, "what happened: see below"),
        Bits("unit", 8, 3, "who it happened to: see below"),
    )),
    Register("ERROR_COMMAND", 0x34, "ro", "which command it happened to"),
    Register("ERROR_ADDRESS", 0x38, "ro", "where it happened"),
    Register("BASE", 0x3C, "rw", "address on the bus of what programs, windows and the other registers call address 0,"
             f" a multiple of {BASE_ALIGNMENT}; no address may pass 2^32", setting=True),
    Register("CYCLES_LOW", 0x40, "ro", "clock cycles from start to now or to the interrupt"),
    Register("CYCLES_HIGH", 0x44, "ro", "their upper half, as it was when CYCLES_LOW was last read"),
    Register("READ_BEATS", 0x48, "ro", "bus beats read since the start"),
    Register("WRITE_BEATS", 0x4C, "ro", "bus beats written since the start"),
    *(Register(f"ENDED_{unit.upper()}", 0x50 + 4 * index, "ro", f"commands of `{unit}` ended since the start",
               (Bits("count", 0, COUNT_BITS, "commands"),)) for index, unit in enumerate(UNITS)),
    Register("ACCOUNT", FIRST_COUNTER - 4, "rw", "which cycles the stall account counts", (
        Bits("layer", 0, LAYER.bits, "layer of the program"),
        Bits("one", LAYER.bits, 1, "1: the cycles of this layer only, and none of `fetch`; 0: all"),
    ), setting=True, account=True),
    *(Register(counter_name(unit, key), FIRST_COUNTER + 4 * index, "ro",
               f"cycles of `{unit}` since the start: `{key}`", account=True)
      for index, (unit, key) in enumerate(COUNTERS)),
)

BY_NAME = {register.name: register for register in REGISTERS}
OFFSET = {register.name: register.offset for register in REGISTERS}
