"""Chooses the schedule of a cascade: the model's cycles of each that fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from golden.quantise import Rounding
from hw.compiler.cascade import Layer, Schedule, compile_cascade, schedules, spec_of
from hw.compiler.errors import CompileError
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.engine import ModelRun, run_model


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The best schedule of a cascade, its program, and the model's times of it."""

    schedule: Schedule
    program: Program
    run: ModelRun


def plan(layers: Sequence[Layer], config: EngineConfig, timing: MemoryTiming,
         rounding: Rounding = "double") -> Planned:
    """The fastest program for `layers`. Raises `CompileError` if none of the schedules fits."""
    shapes = [spec_of(layer) for layer in layers]
    best: tuple[int, Schedule] | None = None
    reason: CompileError | None = None
    slower = 0
    for schedule in schedules(shapes):
        try:
            program = compile_cascade(shapes, config, schedule)
        except CompileError as error:
            reason = error
            continue
        cycles = run_model(program, timing).cycles
        if best is None or cycles < best[0]:
            best, slower = (cycles, schedule), 0
            continue
        # Smaller stripes cost more halo, more commands and more weight traffic: past the optimum it only gets worse.
        slower += 1
        if slower == 3:
            break
    if best is None:
        raise reason or CompileError("nothing to compile")
    program = compile_cascade(layers, config, best[1], rounding)
    return Planned(schedule=best[1], program=program, run=run_model(program, timing))
