"""An engine that only has registers and memory: it refuses what the hardware refuses, and computes with golden."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.account import COUNTERS
from hw.commands import BLOCK_BYTES, PROGRAM_HEADER, UNITS, decode_program
from hw.config import EngineConfig
from hw.driver.bus import Bus
from hw.faults import CODES, SOURCES
from hw.program import Program
from hw.registers import (
    BASE_ALIGNMENT,
    BURST_SIZES,
    BY_NAME,
    PROGRAM_ALIGNMENT,
    REGISTERS,
    counter_name,
)
from tests.support.cases import Case

PAINT = 0xA5
NOT_AT_REST = sum(BY_NAME["STATUS"].field(name).mask for name in ("busy", "error", "halting"))
BY_OFFSET = {register.offset: register for register in REGISTERS}


class BusError(RuntimeError):
    """An access that a slave would answer with SLVERR."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A fault the mock stops with."""

    name: str
    source: str = "host"
    index: int = 0
    address: int = 0


class MockEngine(Bus):
    """Registers by the table and `size` bytes of painted memory, which the engine finds at `base`.

    Parameters
    ----------
    compute: what a program does to memory; told the commands that were found there
    stop: what happens instead
    patience: looks at the status a program takes; None: it never ends
    """

    base = 0x1_F000

    def __init__(
        self,
        config: EngineConfig,
        size: int,
        compute: Callable[[NDArray[np.uint8], list], None],
        *,
        stop: Stop | None = None,
        patience: int | None = 3,
    ) -> None:
        self.memory = np.full(size, PAINT, np.uint8)
        self.compute, self.stop, self.patience = compute, stop, patience
        self.registers = {register.name: register.reset for register in REGISTERS} | {"CONFIG": config.hash}
        self.left: int | None = 0
        self.waits = 0
        self.starts = 0
        self.high = 0
        self.has_counters = config.counters

    def read32(self, offset: int) -> int:
        if offset not in BY_OFFSET:
            raise BusError(f"read of {offset:#x}")
        register = BY_OFFSET[offset]
        if register.name == "STATUS":
            self._advance()
        if register.name == "CYCLES_LOW":  # its upper half is kept for the next read
            self.high = 5
        return self.high if register.name == "CYCLES_HIGH" else self.registers[register.name]

    def write32(self, offset: int, value: int) -> None:
        register = BY_OFFSET.get(offset)
        if register is None or register.access == "ro":
            raise BusError(f"write of {value:#x} to {offset:#x}")
        name = register.name
        if register.setting and self.registers["STATUS"] & NOT_AT_REST:
            raise BusError(f"{name}: the engine is not at rest")
        if register.account and (not self.has_counters or value >> register.bits):
            raise BusError(f"{name}={value:#x}")
        if name == "PROGRAM_ADDRESS" and value % PROGRAM_ALIGNMENT:
            raise BusError(f"{name}={value:#x}")
        if name == "BASE" and value % BASE_ALIGNMENT:
            raise BusError(f"{name}={value:#x}")
        if name == "BURST_BYTES" and value not in BURST_SIZES:
            raise BusError(f"{name}={value}")
        if name == "CONTROL":
            self._control(value)
        elif name == "INTERRUPT":
            pending = self.registers[name] & ~value & 1
            self.registers[name] = pending | value & 2
        else:
            self.registers[name] = value

    def read_memory(self, address: int, size: int) -> bytes:
        return self.memory[address : address + size].tobytes()

    def write_memory(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = np.frombuffer(data, np.uint8)

    def wait(self, seconds: float) -> None:
        self.waits += 1

    def window(self, kind: str) -> tuple[int, int]:
        """(first, last) byte of READ or WRITE."""
        return self.registers[f"{kind}_FIRST"], self.registers[f"{kind}_LAST"]

    def _control(self, value: int) -> None:
        fields = BY_NAME["CONTROL"].decode(value)
        status = self.registers["STATUS"]
        if sum(fields.values()) != 1 or (fields["start"] and status & NOT_AT_REST):
            raise BusError(f"CONTROL={value:#x} with STATUS={status:#x}")
        if fields["start"]:
            self.starts += 1
            self.registers["STATUS"] = 1
            self.left = self.patience
        elif fields["stop"] and status & 1:
            self._halt(Stop(name="stopped"))
        elif fields["soft_reset"]:
            for name in ("STATUS", "ERROR", "ERROR_COMMAND", "ERROR_ADDRESS"):
                self.registers[name] = 0

    def _advance(self) -> None:
        """A look at the status brings a program nearer to its end."""
        if not self.registers["STATUS"] & 1 or self.left is None:
            return
        self.left -= 1
        if self.left:
            return
        if self.stop is not None:
            self._halt(self.stop)
            return
        address = self.registers["PROGRAM_ADDRESS"]
        count_at = sum(field.bits for field in PROGRAM_HEADER[:3]) // 8
        count = int.from_bytes(self.read_memory(address + count_at, 2), "little")
        header, commands = decode_program(self.read_memory(address, (count + 1) * BLOCK_BYTES))
        assert header["config"] == self.registers["CONFIG"]
        self.compute(self.memory, commands)
        self.registers |= {"STATUS": 2, "INTERRUPT": self.registers["INTERRUPT"] | 1,
                           "CYCLES_LOW": 1234, "READ_BEATS": 56, "WRITE_BEATS": 7}
        if self.has_counters:
            self.registers |= {counter_name(*counter): 3 * index for index, counter in enumerate(COUNTERS)}
        for unit in UNITS:
            self.registers[f"ENDED_{unit.upper()}"] = sum(command.unit == unit for command in commands)

    def _halt(self, stop: Stop) -> None:
        self.registers |= {
            "STATUS": 4, "INTERRUPT": self.registers["INTERRUPT"] | 1,
            "ERROR": CODES[stop.name] | SOURCES.index(stop.source) << BY_NAME["ERROR"].field("unit").low,
            "ERROR_COMMAND": stop.index, "ERROR_ADDRESS": stop.address,
        }  # fmt: skip


def mock_for(case: Case, program: Program, seed: int, **options) -> MockEngine:
    """A mock whose memory holds the program and little more, that runs `program` and no other."""

    def compute(memory: NDArray[np.uint8], commands: list) -> None:
        assert tuple(commands) == program.commands
        assert mock.registers["BASE"] == mock.base
        assert memory[: len(program.image)].tobytes() == program.image
        values = case.computed(program.input.unpack(memory), seed)
        for (first, last), tensor in ((mock.window("READ"), program.input), (mock.window("WRITE"), program.output)):
            assert first <= tensor.address < tensor.address + tensor.size <= last + 1 <= len(memory)
        packed = program.output.pack(values)
        memory[program.output.address : program.output.address + len(packed)] = np.frombuffer(packed, np.uint8)

    mock = MockEngine(program.config, program.memory_bytes, compute, **options)
    return mock
