"""Runs a `Program` in the generated Verilog."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.memory_timing import MemoryTiming
from hw.program import Program
from hw.verilator import ToolError, build_simulator, environment

ERRORS = {1: "the program is not of this format", 2: "the program is for another configuration",
          3: "a block of the program is broken", 4: "a block belongs to another program", 5: "a command names no unit",
          8: "two units met in one bank of the activation memory"}


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
    memory: DRAM after the run
    """

    cycles: int
    started: dict[str, list[int]]
    ended: dict[str, list[int]]
    read_bytes: int
    write_bytes: int
    memory: NDArray[np.uint8]


def run_rtl(program: Program, values: NDArray[np.int8], timing: MemoryTiming) -> RtlRun:
    """Runs `program` on the input `values` in the generated Verilog; the configuration must have a retire port.

    Raises `ToolError` without a working Verilator, `EngineError` if the engine reports an error or hangs.
    """
    simulator = build_simulator(program.config)
    beat_units, cycle_units = timing.beat_spacing(program.config)
    memory = program.memory(values)
    # A cycle a beat for every byte it may move and for every multiplication: nothing legal takes longer.
    limit = 100_000 + 200 * len(memory) * max(1, beat_units // cycle_units)
    options = {"bus_bytes": program.config.bus_bytes, "burst_bytes": timing.burst_bytes, "beat_units": beat_units,
               "cycle_units": cycle_units, "read_latency": timing.read_latency,
               "write_latency": timing.write_latency, "max_outstanding": timing.max_outstanding,
               "pause_period": timing.pause_period, "pause_length": timing.pause_length,
               "pause_phase": timing.pause_phase}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "memory.bin"
        memory.tofile(path)
        result = subprocess.run(
            [simulator, str(path), str(program.address), str(limit), *(f"{k}={v}" for k, v in options.items())],
            env=environment(), capture_output=True, text=True, check=False)
        after = np.fromfile(path, np.uint8)
    if result.returncode not in (0, 1):
        raise ToolError(f"{simulator} ended with status {result.returncode}: {result.stderr.strip()}")
    return _read_events(result.stdout, program, after, limit)


def _read_events(text: str, program: Program, memory: NDArray[np.uint8], limit: int) -> RtlRun:
    cycles = None
    times: dict[str, dict[str, list[int]]] = {kind: {unit: [] for unit in UNITS} for kind in ("started", "ended")}
    moved = [0, 0]
    for line in text.splitlines():
        kind, *numbers = line.split()
        values = [int(number) for number in numbers]
        if kind in times:
            times[kind][UNITS[values[0]]].append(values[1])
        elif kind == "burst":
            moved[values[0]] += values[2] * program.config.bus_bytes
        elif kind == "outside":
            raise EngineError("the engine asked for memory outside of the program's")
        elif kind == "interrupt":
            cycles = values[1]
            if values[0]:
                raise EngineError(f"error {values[0]}: {ERRORS.get(values[0], 'unknown')}")
    if cycles is None:
        ended = ", ".join(f"{unit} {len(times['ended'][unit])} of {len(times['started'][unit])}" for unit in UNITS)
        raise EngineError(f"no interrupt within {limit} cycles; commands ended of those started: {ended}")
    return RtlRun(cycles=cycles, started=times["started"], ended=times["ended"], read_bytes=moved[0],
                  write_bytes=moved[1], memory=memory)
