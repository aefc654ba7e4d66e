"""What a simulation is told, and what it leaves behind."""

import dataclasses
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming, parse_memory
from hw.program import Program
from hw.registers import BASE_ALIGNMENT
from tests.cocotb_bench.axi_rules import AxiLimits
from tests.support.cases import Case, find_case
from tests.support.compare import Mismatch, assert_tensor_equal
from tests.support.configs import find_config
from tests.support.timed_memory import TimedMemory

GUARD = 8192
"""Painted bytes behind everything the program knows of."""

PAINT = 0xA5

Handshake = Literal["timed", "random", "patient"]
HANDSHAKES: tuple[Handshake, ...] = ("timed", "random")
"""How the memory behaves: as `MemoryTiming` says to the cycle; with random delays and pauses on all channels; and,
not in every regression, with a ready that waits for valid."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Cycles of a run, as in `hw.rtl.RtlRun`; the account as the driver has read it."""

    cycles: int
    started: dict[str, list[int]]
    ended: dict[str, list[int]]
    read_bytes: int
    write_bytes: int
    account: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One simulation.

    Parameters
    ----------
    case, config: names
    seed: of weights, input and random handshakes
    handshake: of `HANDSHAKES`, or ``patient``
    memory: timing, as `parse_memory` reads it; without ``timed`` only the size of bursts matters
    disturb: a run that comes before: one that has ``finished``, or is broken off by ``reset``, or by a fault,
        ``stopped``, ``read_slave`` or ``write_slave``
    broken: name of a fault of `tests.cocotb_bench.faults` put into the program, for tests of the checks
    """

    case: str
    config: str
    seed: int = 0
    handshake: Handshake = "timed"
    memory: str = ""
    disturb: str = ""
    broken: str = ""

    def scene(self) -> "Scene":
        return Scene(find_case(self.case, self.seed), find_config(self.config), self)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a job: a report, or why a check did not hold."""

    report: Report | None = None
    failure: str = ""


def to_json(items: Sequence[Job] | Sequence[Outcome]) -> str:
    return json.dumps([dataclasses.asdict(item) for item in items])


def jobs_from_json(text: str) -> list[Job]:
    return [Job(**item) for item in json.loads(text)]


def outcomes_from_json(text: str) -> list[Outcome]:
    return [
        Outcome(report=Report(**item["report"]) if item["report"] else None, failure=item["failure"])
        for item in json.loads(text)
    ]


class Scene:
    """Program, DRAM and expectation of a job.

    Members
    -------
    program, timing, values
    base: where memory begins on the bus
    data: contents of the memory; painted, until the driver writes to it
    output: what the driver has read back
    limits: of the memory port
    limit: cycles no legal run takes
    """

    def __init__(self, case: Case, config: EngineConfig, job: Job) -> None:
        from tests.cocotb_bench.faults import FAULTS  # only needed here; it knows about scenes

        self.case, self.job = case, job
        self.timing: MemoryTiming = parse_memory(job.memory)
        self.program: Program = case.program(config, job.seed)
        if job.broken:
            self.program = FAULTS[job.broken](self.program)
        self.values = case.values(job.seed)
        self.base = random.Random(job.seed).randrange(1 << 31 - 12) * BASE_ALIGNMENT
        self.data = np.full(self.program.memory_bytes + GUARD, PAINT, np.uint8)
        self.output: NDArray[np.int8] | None = None
        (read_first, read_last), (write_first, write_last) = self.program.read_window, self.program.write_window
        self.limits = AxiLimits(
            bus_bytes=config.bus_bytes,
            max_outstanding=min(config.max_outstanding, self.timing.max_outstanding)
            if job.handshake == "timed"
            else config.max_outstanding,
            burst_bytes=self.timing.burst_bytes,
            reads=(self.base + read_first, self.base + read_last + 1),
            writes=(self.base + write_first, self.base + write_last + 1),
            identifier=0,
        )
        self.limit = 20_000 + 8 * self.program.memory_bytes

    def timed_memory(self) -> TimedMemory:
        return TimedMemory(config=self.program.config, timing=self.timing, data=self.data, base=self.base)

    def check(self) -> None:
        """Raises `Mismatch` unless the output is golden's and nothing else has changed."""
        assert self.output is not None
        program, after = self.program, self.data
        assert_tensor_equal(self.case.specs[-1].name, self.output, self.case.expected(self.job.seed))
        before = np.full_like(after, PAINT)
        for address, data in (
            (0, program.image),
            (program.input.address, program.input.pack(self.values)),
            (program.address, program.encoded),
        ):
            before[address : address + len(data)] = np.frombuffer(data, np.uint8)
        first, last = program.write_window
        changed = np.flatnonzero(after != before)
        stray = changed[(changed < first) | (changed > last)]
        if stray.size:
            raise Mismatch(f"{stray.size} bytes that are not its to write changed, the first at {int(stray[0]):#x}")
        self._check_gaps(after)

    def _check_gaps(self, after: NDArray[np.uint8]) -> None:
        """Alignment bytes between the blocks of the output keep their paint."""
        output = self.program.output
        height, width, _ = output.shape
        blocks = after[output.address : output.address + output.size].reshape(output.blocks, output.stride)
        gaps = blocks[:, height * width * output.block_channels :]
        if (gaps != PAINT).any():
            raise Mismatch(f"{int((gaps != PAINT).sum())} bytes between blocks of the output were written")


def empty_times() -> dict[str, list[int]]:
    return {unit: [] for unit in UNITS}
