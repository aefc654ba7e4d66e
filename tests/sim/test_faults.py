"""Whatever goes wrong, the engine stops, says what and where, touches nothing it must not, and then runs as if new."""

import dataclasses
import random
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from hw.account import COUNTERS
from hw.commands import BLOCK_BYTES, CHECKSUM_BYTES, COUNTS, encode_program
from hw.latency import REGISTER_WRITE
from hw.memory_timing import MemoryTiming
from hw.proof.errors import ProofError
from hw.proof.proof import prove
from hw.registers import BY_NAME, counter_name
from hw.rtl import EngineError, RtlRun, run_jobs, run_rtl
from tests.support.cases import find_case
from tests.support.configs import TINY
from tests.support.faulty import (
    CASE,
    check_as_fresh,
    check_good,
    check_untouched,
    edited,
    error_of,
    field,
    fresh,
    job,
    owners,
    program,
    run_wrong,
    with_fields,
    with_waits,
)

DEFAULT = MemoryTiming()
SLOW = MemoryTiming(read_latency=150, write_latency=60, max_outstanding=3, burst_bytes=64)
SEEDS = range(6)
CONTROL = {field.name: field.mask for field in BY_NAME["CONTROL"].fields}
FIRST = 2 + REGISTER_WRITE
"""Cycle a second write is taken in at the earliest: it is shown once the start's response was taken."""
RESPONSES = pytest.mark.parametrize(("response", "name"), [(2, "slave"), (3, "decode")])
TIMINGS = pytest.mark.parametrize("timing", [DEFAULT, SLOW], ids=["default", "slow"])


@TIMINGS
@RESPONSES
@pytest.mark.parametrize("seed", SEEDS)
def test_read_error(response: int, name: str, seed: int, timing: MemoryTiming) -> None:
    beats = [address + TINY.bus_bytes * beat for write, address, count, _ in fresh(timing).bursts if not write
             for beat in range(count)]
    number = random.Random(f"{seed} {response}").randrange(len(beats))
    run = run_wrong(job(program(), timing, bad_read=number + 1, bad_response=response))
    ((unit, command),) = owners(program(), beats[number])
    assert error_of(run) == (f"read_{name}", unit, command, beats[number])


@TIMINGS
@RESPONSES
def test_write_error(response: int, name: str, timing: MemoryTiming) -> None:
    writes = [address for write, address, _, _ in fresh(timing).bursts if write]
    for number in (0, len(writes) // 2, len(writes) - 1):
        run = run_wrong(job(program(), timing, bad_write=number + 1, bad_response=response))
        ((unit, command),) = owners(program(), writes[number])
        assert error_of(run) == (f"write_{name}", unit, command, writes[number])


def damaged(change: Callable[[bytearray], None]) -> RtlRun:
    """The run of the program as `change` leaves it in DRAM."""
    good = job(program())
    image = bytearray(program().encoded)
    change(image)
    memory = good.memory.copy()
    memory[program().address : program().address + len(image)] = np.frombuffer(image, np.uint8)
    return run_wrong(dataclasses.replace(good, memory=memory))


def block_error(name: str, block: int) -> tuple[str, str, int, int]:
    return name, "fetch", block, program().address + block * BLOCK_BYTES


@pytest.mark.parametrize("seed", SEEDS)
def test_corrupted_program(seed: int) -> None:
    rng = random.Random(seed)
    bit = rng.randrange(8 * len(program().encoded))

    def flip(image: bytearray) -> None:
        image[bit // 8] ^= 1 << bit % 8

    assert error_of(damaged(flip)) == block_error("checksum", bit // 8 // BLOCK_BYTES)


@pytest.mark.parametrize("block", [0, 1, 3, len(program().commands)])
def test_truncated_program(block: int) -> None:
    """Its end was never written: zeroes."""

    def cut(image: bytearray) -> None:
        image[block * BLOCK_BYTES :] = bytes(len(image) - block * BLOCK_BYTES)

    assert error_of(damaged(cut)) == block_error("checksum", block)


def test_truncated_program_over_another_one() -> None:
    """Its end was never written: there are still blocks of the program before it."""
    other = edited("store", 0, with_fields(tail=0)).encoded

    def cut(image: bytearray) -> None:
        image[4 * BLOCK_BYTES :] = other[4 * BLOCK_BYTES :]

    assert error_of(damaged(cut)) == block_error("tag", 4)


def seal(image: bytearray, block: int) -> None:
    start, end = block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES - CHECKSUM_BYTES
    image[end : end + CHECKSUM_BYTES] = zlib.crc32(image[start:end]).to_bytes(CHECKSUM_BYTES, "little")


@pytest.mark.parametrize(("byte", "name"), [(0, "program"), (4, "program"), (8, "configuration")])
def test_not_for_this_engine(byte: int, name: str) -> None:
    def change(image: bytearray) -> None:
        image[byte] ^= 1
        seal(image, 0)

    assert error_of(damaged(change)) == block_error(name, 0)


def test_program_for_another_configuration() -> None:
    other = dataclasses.replace(TINY, queue_depth=8)

    def change(image: bytearray) -> None:
        image[:] = encode_program(other.hash, program().commands)

    assert error_of(damaged(change)) == block_error("configuration", 0)


def test_command_of_no_unit() -> None:
    def change(image: bytearray) -> None:
        image[5 * BLOCK_BYTES] |= 7
        seal(image, 5)

    assert error_of(damaged(change)) == block_error("unit", 5)


def fits(first: int, beats: int, window: tuple[int, int]) -> bool:
    return window[0] <= first <= first + beats * TINY.bus_bytes - 1 <= window[1]


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit, names in COUNTS.items() for name in names])
def test_command_with_nothing_to_do(unit: str, name: str) -> None:
    assert all(command.fields[name] for command in program().commands if command.unit == unit)
    wrong = edited(unit, 1, with_fields(**{name: 0}))
    changed = [before != after for before, after in zip(program().commands, wrong.commands, strict=True)]
    assert error_of(run_wrong(job(wrong))) == block_error("count", 1 + changed.index(True))


@TIMINGS
@pytest.mark.parametrize("short", [1, 8, 100])
def test_read_window(timing: MemoryTiming, short: int) -> None:
    """A window that ends, or begins, a few bytes inside of what is read."""
    _, last = program().read_window
    for window in ((0, last - short), (short, last)):
        run = run_wrong(job(program(), timing, windows=(window, program().write_window)))
        name, unit, command, address = error_of(run)
        assert name == "read_window"
        assert (unit, command) in owners(program(), address)
        refused = next(beats for write, first, beats, _ in fresh(timing).bursts if (write, first) == (False, address))
        assert not fits(address, refused, window)
        assert all(write or fits(first, beats, window) for write, first, beats, _ in run.bursts)


@TIMINGS
@pytest.mark.parametrize("short", [1, 8, 100])
def test_write_window(timing: MemoryTiming, short: int) -> None:
    written = [(start, start + beats * TINY.bus_bytes) for write, start, beats, _ in fresh(timing).bursts if write]
    first, last = min(start for start, _ in written), max(end for _, end in written) - 1
    for window in ((first, last - short), (first + short, last)):
        run = run_wrong(job(program(), timing, windows=(program().read_window, window)))
        name, unit, command, address = error_of(run)
        assert (name, unit) == ("write_window", "store")
        assert (unit, command) in owners(program(), address)
        refused = next(beats for write, start, beats, _ in fresh(timing).bursts if (write, start) == (True, address))
        assert not fits(address, refused, window)
        assert all(not write or fits(start, beats, window) for write, start, beats, _ in run.bursts)


def test_windows_that_are_empty() -> None:
    """As after a reset: not even the program is read."""
    run = run_wrong(job(program(), windows=((0xFFFF_FFFF, 0), (0xFFFF_FFFF, 0))))
    assert error_of(run) == ("read_window", "fetch", 0, program().address)
    assert run.bursts == []


@pytest.mark.parametrize(("unit", "name", "index"), [("load", "read", 1), ("weights", "read", 1),
                                                     ("store", "write", 0), ("store", "write", 1)])
def test_command_that_leaves_the_window(unit: str, name: str, index: int) -> None:
    for address in (0x8000_0000, 0xFFFF_FF00):
        run = run_wrong(job(edited(unit, index, with_fields(dram_address=address))))
        assert error_of(run) == (f"{name}_window", unit, index, address)


@pytest.mark.parametrize("unit", ["load", "weights", "store"])
def test_burst_that_can_not_be(unit: str) -> None:
    address = field(unit, 1, "dram_address") + 1
    run = run_wrong(job(edited(unit, 1, with_fields(dram_address=address))))
    assert error_of(run) == ("burst", unit, 1, address)


@TIMINGS
@pytest.mark.parametrize(("unit", "index"), [("load", 1), ("weights", 0), ("depthwise", 1), ("pointwise", 0),
                                             ("store", 1)])
@pytest.mark.parametrize("missing", ["load", "weights", "depthwise", "pointwise", "store"])
def test_deadlock(unit: str, index: int, missing: str, timing: MemoryTiming) -> None:
    """A command waits for an end that never comes; others wait for that command, but it is the one that is named."""
    wrong = edited(unit, index, with_waits(**{missing: 1000}))
    with pytest.raises(ProofError, match=rf"{unit} command {index} of .* waits for 1000 commands of {missing}"):
        prove(wrong)
    run = run_wrong(job(wrong, timing))
    assert error_of(run) == ("deadlock", unit, index, 0)


def test_deadlock_of_two_commands_that_wait_for_each_other() -> None:
    commands = [dataclasses.replace(command, waits={"store": 1}) if command.unit == "depthwise" else command
                for command in program().commands]
    run = run_wrong(job(dataclasses.replace(program(), commands=tuple(commands))))
    name, unit, command, _ = error_of(run)
    assert (name, command) == ("deadlock", 0)
    assert unit in ("depthwise", "pointwise", "store")


def test_two_units_in_one_bank() -> None:
    """The first store reads where the depthwise unit reads, when it does."""
    waits = next(command for command in program().commands if command.unit == "depthwise").waits
    row = field("load", 0, "row")
    wrong = edited("store", 0, lambda command: dataclasses.replace(with_fields(row=row)(command), waits=waits))
    with pytest.raises(ProofError, match="store command 0 of pw and depthwise command 0 of dw may read bank group"):
        prove(wrong)
    run = run_wrong(job(wrong))
    assert error_of(run) == ("conflict", "store", 0, row // TINY.group_rows)


def cycles(timing: MemoryTiming) -> list[int]:
    """Cycles at random, from the first a second write is taken in to the last of a run."""
    rng, total = random.Random(7), fresh(timing).cycles
    return [FIRST, *(rng.randrange(FIRST + 1, total - 1) for _ in range(12)), total - 2]


def check_nothing_new(run: RtlRun, cycle: int) -> None:
    """After `cycle` no burst is asked for but one that was already on its way."""
    assert sum(accepted > cycle for *_, accepted in run.bursts) <= 1


@TIMINGS
@pytest.mark.parametrize(("wish", "name"), [("stop", "stopped"), ("start", "busy")])
def test_stop_and_start_while_running(wish: str, name: str, timing: MemoryTiming) -> None:
    for cycle in cycles(timing):
        run = run_wrong(job(program(), timing, poke_cycle=cycle, poke=CONTROL[wish]))
        assert error_of(run) == (name, "host", 0, 0)
        check_nothing_new(run, cycle)


@TIMINGS
def test_soft_reset_while_running(timing: MemoryTiming) -> None:
    for cycle in cycles(timing):
        run = run_wrong(job(program(), timing, poke_cycle=cycle, poke=CONTROL["soft_reset"]))
        check_nothing_new(run, cycle)
        assert run.registers["STATUS"] == run.registers["ERROR"] == run.registers["CYCLES_LOW"] == 0
        assert not run.registers["INTERRUPT"] & BY_NAME["INTERRUPT"].field("pending").mask
        assert not any(run.registers[counter_name(*counter)] for counter in COUNTERS)


@pytest.mark.full
@pytest.mark.parametrize("wish", ["stop", "start", "soft_reset"])
def test_in_every_cycle(wish: str) -> None:
    total = fresh(DEFAULT).cycles
    for first in range(FIRST, total - 1, 50):
        wrongs = [job(program(), poke_cycle=cycle, poke=CONTROL[wish])
                  for cycle in range(first, min(first + 50, total - 1))]
        runs = run_jobs([each for wrong in wrongs for each in (wrong, job(program()))])
        for wrong, bad, good in zip(wrongs, runs[::2], runs[1::2], strict=True):
            check_as_fresh(good, DEFAULT)
            check_untouched(wrong, bad)
            check_nothing_new(bad, wrong.poke_cycle)
            assert (bad.error["code"] == 0) == (wish == "soft_reset")


def test_the_first_fault_wins() -> None:
    """The program is broken further down, but before that the memory fails."""
    wrong = edited("weights", 1, with_fields(dram_address=0x8000_0000))
    for number in (1, 20):
        run = run_wrong(job(wrong, bad_read=number))
        assert error_of(run)[0] == "read_slave"


def test_one_after_another_without_a_reset_of_the_clock() -> None:
    """A row of faults, each behind the soft reset of the one before."""
    jobs = [job(program(), bad_read=9), job(program()), job(edited("store", 0, with_waits(load=1000))),
            job(program(), poke_cycle=200, poke=CONTROL["soft_reset"]), job(program(), bad_write=1), job(program())]
    runs = run_jobs(jobs)
    assert [run.error["code"] != 0 for run in runs] == [True, False, True, False, True, False]
    check_good(runs[1])
    check_good(runs[-1])


def test_run_rtl_says_what_happened() -> None:
    wrong = edited("store", 1, with_waits(load=1000))
    with pytest.raises(EngineError, match=r"^error 16 \(deadlock\): .* \[store, command 1\]$"):
        run_rtl(wrong, find_case(CASE, 0).values(0), DEFAULT)


def test_progress_is_told() -> None:
    told: list[tuple[str, str, int]] = []
    run = run_rtl(program(), find_case(CASE, 0).values(0), DEFAULT, on_event=lambda *event: told.append(event))
    for kind in ("started", "ended"):
        for unit, times in getattr(run, kind).items():
            assert [cycle for what, who, cycle in told if (what, who) == (kind, unit)] == times


def test_the_check_of_memory_is_alive() -> None:
    """A store beyond the window it is told to be kept to is noticed, if the engine is told another."""
    first, last = program().write_window
    run, = run_jobs([job(program())])
    with pytest.raises(AssertionError):
        check_untouched(job(program(), windows=(program().read_window, (first + 8, last))), run)
