"""`Driver`: an engine as the host sees it."""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.account import COUNTERS
from hw.commands import FORMAT_VERSION, MAGIC, UNITS
from hw.config import MAX_BURST_BYTES
from hw.driver.bus import POLL_SECONDS, Bus
from hw.driver.errors import DriverError, EngineFaultError, EngineTimeoutError
from hw.program import Program
from hw.registers import (
    BASE_ALIGNMENT,
    BY_NAME,
    MAP_VERSION,
    PROGRAM_ALIGNMENT,
    account_of,
    counter_name,
)

TIMEOUT = 10.0
"""Seconds a program may take if nothing else is said."""

NO_COUNTERS = "the engine was made without counters"


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Since the last start: cycles, beats on the bus, commands each unit has ended."""

    cycles: int
    read_beats: int
    write_beats: int
    ended: Mapping[str, int]


class Driver:
    """An engine that runs one program after another: `load` once, then `run` for each input.

    Raises `DriverError` if no engine of this version answers.

    Members
    -------
    config: hash of the engine's configuration
    program: what is loaded
    """

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.program: Program | None = None
        identity = self.read("IDENTITY")
        if identity != MAGIC:
            raise DriverError(f"no engine: IDENTITY reads {identity:#010x}, must be {MAGIC:#010x}")
        versions = BY_NAME["VERSION"].decode(self.read("VERSION"))
        for name, wanted in (("registers", MAP_VERSION), ("program", FORMAT_VERSION)):
            if versions[name] != wanted:
                raise DriverError(f"the engine has version {versions[name]} of {name}, this driver knows {wanted}")
        self.config = self.read("CONFIG")
        self._until_quiet(TIMEOUT)

    def read(self, register: str) -> int:
        """Value of a register, by name."""
        return self.bus.read32(BY_NAME[register].offset)

    def load(self, program: Program, *, burst_bytes: int = MAX_BURST_BYTES) -> None:
        """Puts `program` into memory and points the engine at it; the engine may touch nothing else.

        Raises `DriverError` if the program is not for this engine, if the engine is not at rest, or if memory is where
        the engine can't reach it.
        """
        config = program.config
        if config.hash != self.config:
            raise DriverError(
                f"the program is for {config.name} ({config.hash:#010x}), the engine is {self.config:#010x}")
        if program.address % PROGRAM_ALIGNMENT:
            raise DriverError(f"program at {program.address:#x}: must be a multiple of {PROGRAM_ALIGNMENT}")
        base, last = self.bus.base, (1 << 32) - program.memory_bytes
        if base % BASE_ALIGNMENT or not 0 <= base <= last:
            raise DriverError(f"buffer at {base:#x}: must be a multiple of {BASE_ALIGNMENT} up to {last:#x}")
        self._check_at_rest()
        self.bus.write_memory(0, program.image)
        self.bus.write_memory(program.address, program.encoded)
        settings = {"BASE": base, "PROGRAM_ADDRESS": program.address, "BURST_BYTES": burst_bytes}
        for kind, window in (("READ", program.read_window), ("WRITE", program.write_window)):
            settings |= {f"{kind}_FIRST": window[0], f"{kind}_LAST": window[1]}
        for name, value in settings.items():
            self._write(name, value)
            if (found := self.read(name)) != value:
                raise DriverError(f"{name}={value:#x} was refused: it reads {found:#x}")
        self.program = program

    def write_input(self, values: NDArray[np.int8]) -> None:
        """Puts `values` (height, width, channels) where the program reads its input."""
        tensor = self._loaded().input
        self.bus.write_memory(tensor.address, tensor.pack(values))

    def start(self) -> None:
        """Starts the loaded program, with the interrupt enabled."""
        self._loaded()
        self._check_at_rest()
        self._clear_interrupt()
        self._write("CONTROL", BY_NAME["CONTROL"].field("start").mask)

    def wait(self, timeout: float = TIMEOUT) -> None:
        """Until the program has ended, at most `timeout` seconds.

        Raises `EngineFaultError` if it was stopped, `EngineTimeoutError` if it still runs.
        """
        deadline = time.monotonic() + timeout
        while (status := self._status())["busy"]:
            left = deadline - time.monotonic()
            if left <= 0:
                ended = ", ".join(f"{unit} {count}" for unit, count in self.counters().ended.items())
                raise EngineTimeoutError(f"still busy after {timeout} s; commands ended: {ended}")
            self.bus.wait(left)
        self._clear_interrupt()
        if status["error"]:
            raise self.fault()
        if not status["done"]:
            raise DriverError("the engine is at rest and no program has ended: it was not started, or was reset")

    def read_output(self) -> NDArray[np.int8]:
        """The loaded program's output (height, width, channels)."""
        tensor = self._loaded().output
        return dataclasses.replace(tensor, address=0).unpack(self.bus.read_memory(tensor.address, tensor.size))

    def run(self, values: NDArray[np.int8], timeout: float = TIMEOUT) -> NDArray[np.int8]:
        """The output for the input `values`; raises what `wait` raises."""
        self.write_input(values)
        self.start()
        self.wait(timeout)
        return self.read_output()

    def stop(self) -> None:
        """Stops a running program: `wait` then ends with the fault ``stopped``."""
        self._write("CONTROL", BY_NAME["CONTROL"].field("stop").mask)

    def reset(self, timeout: float = TIMEOUT) -> None:
        """Back to rest, whatever the engine was doing; the program stays loaded."""
        self._write("CONTROL", BY_NAME["CONTROL"].field("soft_reset").mask)
        self._until_quiet(timeout)

    def _until_quiet(self, timeout: float) -> None:
        """Until nothing is under way that a reset, or the power, has begun."""
        deadline = time.monotonic() + timeout
        while self._status()["halting"]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise EngineTimeoutError(f"open bursts have not been answered for {timeout} s")
            self.bus.wait(min(left, POLL_SECONDS))  # no interrupt comes

    def fault(self) -> EngineFaultError:
        """What the error registers say."""
        error = BY_NAME["ERROR"].decode(self.read("ERROR"))
        return EngineFaultError(code=error["code"], source=error["unit"], index=self.read("ERROR_COMMAND"),
                                address=self.read("ERROR_ADDRESS"), program=self.program)

    def counters(self) -> Counters:
        """Of the program that runs, or of the last one."""
        low = self.read("CYCLES_LOW")
        return Counters(cycles=self.read("CYCLES_HIGH") << 32 | low, read_beats=self.read("READ_BEATS"),
                        write_beats=self.read("WRITE_BEATS"),
                        ended={unit: self.read(f"ENDED_{unit.upper()}") for unit in UNITS})

    def count_layer(self, layer: str | None) -> None:
        """From the next start on the stall account has the cycles of this layer of the loaded program only; None: all.

        Raises `DriverError` if there is no such layer, if the engine is not at rest, or has no counters.
        """
        names = self._loaded().layers
        if layer is not None and layer not in names:
            raise DriverError(f"the program has no layer {layer!r}; it has {', '.join(names)}")
        self._check_at_rest()
        value = 0 if layer is None else BY_NAME["ACCOUNT"].encode(layer=names.index(layer), one=1)
        self._write("ACCOUNT", value)
        if self.read("ACCOUNT") != value:
            raise DriverError(NO_COUNTERS)

    def account(self) -> dict[str, dict[str, int]]:
        """The stall account of the last program: cycles per unit and key of `hw.account`.

        Raises `DriverError` if the engine has no counters.
        """
        registers = {counter_name(*counter): self.read(counter_name(*counter)) for counter in COUNTERS}
        cycles = self.counters().cycles
        if cycles and not self.read("ACCOUNT") and not any(registers.values()):
            raise DriverError(NO_COUNTERS)
        return account_of(registers, cycles)

    def _write(self, register: str, value: int) -> None:
        self.bus.write32(BY_NAME[register].offset, value)

    def _clear_interrupt(self) -> None:
        """Nothing is pending, and the next one is let out."""
        register = BY_NAME["INTERRUPT"]
        self._write("INTERRUPT", register.field("pending").mask | register.field("enable").mask)

    def _status(self) -> Mapping[str, int]:
        return BY_NAME["STATUS"].decode(self.read("STATUS"))

    def _loaded(self) -> Program:
        if self.program is None:
            raise DriverError("no program is loaded")
        return self.program

    def _check_at_rest(self) -> None:
        status = self._status()
        if status["busy"] or status["halting"]:
            raise DriverError("the engine is busy: wait, or reset it")
        if status["error"]:
            raise DriverError(f"the engine has stopped, reset it: {self.fault()}")
