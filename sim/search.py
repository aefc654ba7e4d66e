"""Chooses the schedule of a cascade: the model's cycles of each that fits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from golden.layer import LayerSpec
from golden.quantise import Rounding
from hw.compiler.cascade import (
    Layer,
    Schedule,
    compile_cascade,
    compile_cascades,
    kept_ring,
    schedules,
    spec_of,
)
from hw.compiler.errors import CompileError
from hw.compiler.rings import Ring
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.engine import ModelRun, run_model

Chain = Sequence[tuple[LayerSpec, ...]]
"""Cascades that follow one another."""


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


def plan_chain(cascades: Chain, config: EngineConfig, timing: MemoryTiming) -> list[Schedule]:
    """A schedule for each cascade of a network: whole tensors stay on chip where both their ends then fit.

    Each cascade is timed by itself, its input in the place the one before leaves it. Raises `CompileError` if a
    cascade fits in no way.
    """
    result: list[Schedule] = []
    held: Ring | None = None
    known: dict[tuple, Schedule | None] = {}

    def best(specs: tuple[LayerSpec, ...], keep: bool, held: Ring | None) -> Schedule | None:
        shapes = tuple(replace(spec, name=str(index)) for index, spec in enumerate(specs))
        key = (shapes, keep, held and (held.base, held.stride))
        if key not in known:
            known[key] = _best(shapes, keep, held, config, timing)
        return known[key]

    for index, specs in enumerate(cascades):
        chosen, ring = None, None
        if index + 1 < len(cascades):
            chosen = best(specs, True, held)
            ring = kept_ring(specs, config, held) if chosen else None
            if chosen and best(cascades[index + 1], False, ring) is None:
                chosen = None
        if chosen is None:
            chosen, ring = best(specs, False, held), None
        if chosen is None:
            raise CompileError(f"{specs[0].name}: does not fit {config.name} in any number of rows")
        result.append(chosen)
        held = ring
    return result


def _best(specs: Sequence[LayerSpec], keep: bool, held: Ring | None, config: EngineConfig,
          timing: MemoryTiming) -> Schedule | None:
    """The fastest schedule that fits, None without one."""
    best: tuple[int, Schedule] | None = None
    slower = 0
    for schedule in schedules(specs):
        candidate = replace(schedule, keep=keep)
        try:
            program = compile_cascades([(specs, candidate)], config, held=held)
        except CompileError:
            continue
        cycles = run_model(program, timing).cycles
        if best is None or cycles < best[0]:
            best, slower = (cycles, candidate), 0
        else:
            slower += 1
        if slower == 3:
            break
    return best and best[1]
