"""A program that goes wrong in a chosen way, and behind it, in the same simulation, the program as it should be."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hw.commands import BLOCK_BYTES, Command
from hw.faults import CODES, SOURCES
from hw.memory_timing import MemoryTiming
from hw.program import Program
from hw.registers import BY_NAME
from hw.rtl import Job, RtlRun, run_jobs
from tests.support.cases import find_case
from tests.support.compare import assert_tensor_equal
from tests.support.configs import TINY
from tests.support.transfers import transfer_pixels

CASE = "pair_s1"
PAINT = 0xA5
GUARD = 4096
"""Painted bytes behind the program, that it knows nothing of."""

STATUS = BY_NAME["STATUS"]


@functools.cache
def program() -> Program:
    return find_case(CASE, 0).program(TINY, 0)


def edited(unit: str, index: int, edit: Callable[[Command], Command]) -> Program:
    """The program with the `index`-th command of `unit` changed."""
    commands = list(program().commands)
    place = [place for place, command in enumerate(commands) if command.unit == unit][index]
    commands[place] = edit(commands[place])
    return dataclasses.replace(program(), commands=tuple(commands))


def with_fields(**fields: int) -> Callable[[Command], Command]:
    return lambda command: dataclasses.replace(command, fields={**command.fields, **fields})


def with_waits(**waits: int) -> Callable[[Command], Command]:
    return lambda command: dataclasses.replace(command, waits={**command.waits, **waits})


def field(unit: str, index: int, name: str) -> int:
    return [command for command in program().commands if command.unit == unit][index].fields[name]


@functools.cache
def values() -> NDArray[np.int8]:
    return find_case(CASE, 0).values(0)


@functools.cache
def expected() -> NDArray[np.int8]:
    return find_case(CASE, 0).expected(0)


def job(program: Program, timing: MemoryTiming | None = None, **wrong) -> Job:
    """`program` on the case's input, its output painted, a guard behind everything."""
    memory = np.concatenate([program.memory(values()), np.full(GUARD, PAINT, np.uint8)])
    first, last = program.write_window
    memory[first : last + 1] = PAINT
    return Job(program=program, timing=timing or MemoryTiming(), memory=memory, **wrong)


@functools.cache
def fresh(timing: MemoryTiming) -> RtlRun:
    """The good program on an engine that has just been reset."""
    (run,) = run_jobs([job(program(), timing)])
    check_good(run)
    return run


def check_good(run: RtlRun) -> None:
    assert run.error == {"code": 0, "unit": 0, "command": 0, "address": 0}
    assert_tensor_equal(CASE, program().output.unpack(run.memory), expected())
    assert run.registers["STATUS"] == STATUS.field("done").mask
    assert run.registers["CYCLES_LOW"] == run.cycles


def run_wrong(wrong: Job) -> RtlRun:
    """What becomes of `wrong`. Behind it the good program must run as on a fresh engine."""
    bad, good = run_jobs([wrong, job(program(), wrong.timing)])
    check_as_fresh(good, wrong.timing)
    check_untouched(wrong, bad)
    return bad


def check_as_fresh(run: RtlRun, timing: MemoryTiming) -> None:
    """Every cycle, burst, register and byte is that of the good program on a fresh engine."""
    check_good(run)
    wanted = fresh(timing)
    assert dataclasses.replace(run, memory=wanted.memory) == wanted
    assert (run.memory == wanted.memory).all()


def check_untouched(wrong: Job, run: RtlRun) -> None:
    """Nothing outside of the write window has changed."""
    _, (first, last) = wrong.windows or (wrong.program.read_window, wrong.program.write_window)
    outside = np.ones(len(wrong.memory), bool)
    outside[first : last + 1] = False
    assert (run.memory[outside] == wrong.memory[outside]).all()


def error_of(run: RtlRun) -> tuple[str, str, int, int]:
    """(name, unit, command, address) of the error, once the registers agree that there is one."""
    error = run.error
    assert run.registers["STATUS"] == STATUS.field("error").mask
    assert run.registers["INTERRUPT"] & BY_NAME["INTERRUPT"].field("pending").mask
    assert run.registers["CYCLES_LOW"] == run.cycles
    names = {code: name for name, code in CODES.items()}
    return names[error["code"]], SOURCES[error["unit"]], error["command"], error["address"]


def owners(program: Program, address: int) -> list[tuple[str, int]]:
    """(unit, command) of all that touch the beat at `address`; of `fetch` the block."""
    bus = program.config.bus_bytes
    if address >= program.address:
        return [("fetch", (address - program.address) // BLOCK_BYTES)]
    found, numbers = [], dict.fromkeys(SOURCES, 0)
    for command in program.commands:
        fields = command.fields
        if command.unit in ("load", "store"):
            touched = {start - start % bus for start, _, _ in transfer_pixels(fields, program.config)}
        elif command.unit == "weights":
            start = fields["dram_address"]
            touched = set(range(start, start + fields["beats"] * bus, bus))
        else:
            touched = set()
        if address in touched:
            found.append((command.unit, numbers[command.unit]))
        numbers[command.unit] += 1
    return found
