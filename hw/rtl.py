"""Runs programs in the generated Verilog."""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.faults import describe
from hw.latency import REGISTER_WRITE
from hw.memory_timing import MemoryTiming
from hw.program import Program
from hw.registers import BY_NAME, REGISTERS, account_of
from hw.verilator import ToolError, build_simulator, environment

BASE = 0x5EED_3000
"""Where memory is on the engine's bus if a job does not say otherwise: not at 0, as on any board."""

OnEvent = Callable[[str, str, int], None]
"""Called with ``started`` or ``ended``, unit and cycle of a command, soon after it happened."""

OnTensor = Callable[[str, NDArray[np.int8]], None]
"""Called with name and values of a tensor in DRAM, soon after the last command that writes it has ended, and before
that end is told. What it raises stops the run."""


class EngineError(RuntimeError):
    """The engine stopped with an error, or not at all."""


@dataclass(frozen=True, kw_only=True)
class RtlRun:
    """What a run left behind.

    Parameters
    ----------
    cycles: from start to interrupt
    started, ended: per unit, the cycle of each of its commands
    read_bytes, write_bytes: DRAM traffic
    bursts: (write, address, beats, cycle of acceptance) in the order the memory took them
    memory: DRAM after the run
    registers: as read after the interrupt, by name
    account: cycles per unit and key, from the counters; None if the configuration has none
    layer: whose cycles these are; None: all
    """

    cycles: int
    started: dict[str, list[int]]
    ended: dict[str, list[int]]
    read_bytes: int
    write_bytes: int
    bursts: list[tuple[bool, int, int, int]]
    memory: NDArray[np.uint8]
    registers: dict[str, int]
    account: dict[str, dict[str, int]] | None = None
    layer: int | None = None

    @property
    def error(self) -> dict[str, int]:
        """`code`, `unit`, `command` and `address` of the error registers; all 0 if the program ended well."""
        return {**BY_NAME["ERROR"].decode(self.registers["ERROR"]), "command": self.registers["ERROR_COMMAND"],
                "address": self.registers["ERROR_ADDRESS"]}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One program, and what is to go wrong with it.

    Parameters
    ----------
    program, timing: what runs, and its DRAM
    memory: DRAM before the start
    bad_read, bad_write: the n-th read beat or write burst, from 1 on, is answered with `bad_response`; 0: none
    bad_response: 2 SLVERR, 3 DECERR
    poke_cycle, poke: cycle in which a write to CONTROL is accepted, and what is written; cycle 0: none
    base: address of the memory on the bus
    layer: whose cycles the stall account counts; None: all cycles
    windows: (first, last) byte that may be read and that may be written; None: as the program needs them
    limit: cycles after which a run is given up; None: more than any legal program takes
    """

    program: Program
    timing: MemoryTiming
    memory: NDArray[np.uint8]
    bad_read: int = 0
    bad_write: int = 0
    bad_response: int = 2
    poke_cycle: int = 0
    poke: int = 0
    base: int = BASE
    layer: int | None = None
    windows: tuple[tuple[int, int], tuple[int, int]] | None = None
    limit: int | None = None

    def options(self) -> dict[str, int]:
        """Keys and values for the harness."""
        timing, config = self.timing, self.program.config
        beat_units, cycle_units = timing.beat_spacing(config)
        read, write = self.windows or (self.program.read_window, self.program.write_window)
        account = 0 if self.layer is None else BY_NAME["ACCOUNT"].encode(layer=self.layer, one=1)
        # A cycle a beat for every byte it may move and for every multiplication: nothing legal takes longer.
        limit = self.limit or 100_000 + 200 * len(self.memory) * max(1, beat_units // cycle_units)
        return {
            "bus_bytes": config.bus_bytes, "burst_bytes": timing.burst_bytes, "beat_units": beat_units,
            "cycle_units": cycle_units, "read_latency": timing.read_latency, "write_latency": timing.write_latency,
            "max_outstanding": timing.max_outstanding, "pause_period": timing.pause_period,
            "pause_length": timing.pause_length, "pause_phase": timing.pause_phase,
            "program_address": self.program.address, "read_first": read[0], "read_last": read[1],
            "write_first": write[0], "write_last": write[1], "limit": limit, "account": account,
            "write_cycles": REGISTER_WRITE,
            **{name: getattr(self, name) for name in (
                "base", "bad_read", "bad_write", "bad_response", "poke_cycle", "poke")},
        }


def run_rtl(program: Program, values: NDArray[np.int8], timing: MemoryTiming, *, layer: int | None = None,
            on_event: OnEvent | None = None, on_tensor: OnTensor | None = None) -> RtlRun:
    """Runs `program` on the input `values` in the generated Verilog; the configuration must have a retire port.

    The stall account is that of all cycles or of one `layer`'s.
    Raises `ToolError` without a working Verilator, `EngineError` if the engine reports an error or hangs.
    """
    job = Job(program=program, timing=timing, memory=program.memory(values), layer=layer)
    run, = run_jobs([job], on_event=on_event, on_tensor=on_tensor)
    error = run.error
    if error["code"]:
        raise EngineError(describe(error["code"], error["unit"], error["command"], error["address"]))
    return run


def run_jobs(jobs: Sequence[Job], *, on_event: OnEvent | None = None,
             on_tensor: OnTensor | None = None) -> list[RtlRun]:
    """Runs `jobs`, all of one configuration, one after another in one simulation, with a soft reset in between.

    A job that the engine stops is a run like any other: see `RtlRun.error`. Raises `ToolError`, and `EngineError`
    if the engine hangs or breaks the rules of the bus.
    """
    simulator = build_simulator(jobs[0].program.config)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arguments = [str(simulator)]
        for index, job in enumerate(jobs):
            path = directory / f"{index}.bin"
            job.memory.tofile(path)
            arguments += ["run", f"memory={path}", *(f"{key}={value}" for key, value in job.options().items())]
        errors = stack.enter_context((directory / "errors").open("w+"))
        process = stack.enter_context(subprocess.Popen(
            arguments, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True))
        stack.callback(process.kill)
        assert process.stdout is not None
        lines = iter(process.stdout)
        logs = [_Log.read(lines, on_event, on_tensor and _Stored(job.program, directory / f"{index}.bin", on_tensor))
                for index, job in enumerate(jobs)]
        status = process.wait()
        if status not in (0, 1):
            errors.seek(0)
            raise ToolError(f"{simulator} ended with status {status}: {errors.read().strip()}")
        return [log.run(job, np.fromfile(directory / f"{index}.bin", np.uint8))
                for index, (log, job) in enumerate(zip(logs, jobs, strict=True))]


class _Stored:
    """Hands out the tensors of a program that runs on the memory in a file, as the store unit ends its commands."""

    def __init__(self, program: Program, path: Path, on_tensor: OnTensor) -> None:
        self._program, self._on_tensor = program, on_tensor
        self._memory = np.memmap(path, np.uint8, "r")

    def ended(self, number: int) -> None:
        tensor = self._program.stored.get(number)
        if tensor is not None:
            self._on_tensor(tensor.name, tensor.unpack(self._memory))


def _no_times() -> dict[str, list[int]]:
    return {unit: [] for unit in UNITS}


@dataclass(kw_only=True)
class _Log:
    """The events of one run."""

    times: dict[str, dict[str, list[int]]] = field(
        default_factory=lambda: {"started": _no_times(), "ended": _no_times()})
    bursts: list[tuple[bool, int, int, int]] = field(default_factory=list)
    cycles: int | None = None
    registers: dict[str, int] = field(default_factory=dict)
    broken: str = ""

    @classmethod
    def read(cls, lines: Iterable[str], on_event: OnEvent | None, stored: _Stored | None) -> "_Log":
        log = cls()
        names = {register.offset: register.name for register in REGISTERS}
        for line in lines:
            kind, *words = line.split()
            if kind == "end":
                break
            if kind == "protocol":
                log.broken = " ".join(words)
                continue
            numbers = [int(word) for word in words]
            if kind in log.times:
                unit = UNITS[numbers[0]]
                if stored is not None and (kind, unit) == ("ended", "store"):
                    stored.ended(len(log.times[kind][unit]))
                log.times[kind][unit].append(numbers[1])
                if on_event is not None:
                    on_event(kind, unit, numbers[1])
            elif kind == "burst":
                write, address, beats, cycle = numbers
                log.bursts.append((bool(write), address, beats, cycle))
            elif kind in ("interrupt", "reset"):
                log.cycles = numbers[0]
            elif kind == "register":
                log.registers[names[numbers[0]]] = numbers[1]
        return log

    def run(self, job: Job, memory: NDArray[np.uint8]) -> RtlRun:
        if self.broken:
            raise EngineError(f"the engine broke the rules of the bus: {self.broken}")
        started, ended = self.times["started"], self.times["ended"]
        if self.cycles is None:
            counts = ", ".join(f"{unit} {len(ended[unit])} of {len(started[unit])}" for unit in UNITS)
            raise EngineError(f"no interrupt within {job.options()['limit']} cycles; commands ended of those started:"
                              f" {counts}")
        read_bytes, write_bytes = (job.program.config.bus_bytes * sum(
            beats for write, _, beats, _ in self.bursts if write == way) for way in (False, True))
        return RtlRun(cycles=self.cycles, started=started, ended=ended, read_bytes=read_bytes, write_bytes=write_bytes,
                      bursts=self.bursts, memory=memory, registers=self.registers, layer=job.layer,
                      account=account_of(self.registers, self.cycles) if job.program.config.counters else None)
