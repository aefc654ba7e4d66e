"""What a simulation is told, and what it leaves behind."""

import dataclasses
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming, parse_memory
from hw.program import Program
from tests.support.burst_memory import BurstMemory
from tests.support.cases import Case, find_case
from tests.support.compare import Mismatch, assert_tensor_equal
from tests.support.configs import find_config

GUARD = 8192
"""Painted bytes before and after everything the program knows of."""

PAINT = 0xA5


@dataclass(frozen=True, kw_only=True)
class Report:
    """Cycles of a run, as in `hw.rtl.RtlRun`."""

    cycles: int
    started: dict[str, list[int]]
    ended: dict[str, list[int]]
    read_bytes: int
    write_bytes: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """One simulation.

    Parameters
    ----------
    case, config: names
    seed: of weights, input and back-pressure
    back_pressure: random handshakes; else `memory` is kept to the cycle
    memory: timing, as `parse_memory` reads it
    broken: name of a fault of `tests.cocotb_bench.faults` put into the program, for tests of the checks
    """

    case: str
    config: str
    seed: int = 0
    back_pressure: bool = False
    memory: str = ""
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
    program, timing, memory, program_address
    limit: cycles no legal run takes
    """

    def __init__(self, case: Case, config: EngineConfig, job: Job) -> None:
        from tests.cocotb_bench.faults import FAULTS  # only needed here; it knows about scenes

        self.case, self.job = case, job
        self.timing: MemoryTiming = parse_memory(job.memory)
        self.program: Program = case.program(config, job.seed)
        if job.broken:
            self.program = FAULTS[job.broken](self.program)
        image = self.program.memory(case.values(job.seed))
        output = self.program.output
        image[output.address : output.address + output.size] = PAINT
        data = np.concatenate([image, np.full(GUARD, PAINT, np.uint8)])
        self.before = data.copy()
        self.memory = BurstMemory(
            config=config,
            timing=self.timing,
            data=data,
            allowed=(output.address, output.address + output.size),
            chance=random.Random(job.seed) if job.back_pressure else None,
        )
        self.limit = 50_000 + 100 * len(self.program.encoded) + 20 * len(data)

    def check(self) -> None:
        """Raises `Mismatch` unless the output is golden's and nothing else has changed."""
        case, output, after = self.case, self.program.output, self.memory.data
        assert_tensor_equal(case.specs[-1].name, output.unpack(after), case.expected(self.job.seed))
        changed = np.flatnonzero(after != self.before)
        stray = changed[(changed < output.address) | (changed >= output.address + output.size)]
        if stray.size:
            raise Mismatch(
                f"{stray.size} bytes outside of the output changed, the first at {int(stray[0]):#x}"
            )
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
