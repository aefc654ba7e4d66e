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
from hw.compiler.errors import CompileError, DoesNotFit
from hw.compiler.layers import takes_patches
from hw.compiler.rings import Ring
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.engine import ModelRun, run_model

PLAIN = Schedule(stripe_rows=1)
"""What a cascade in mid-network wants; the rows are the search's to choose."""

Chain = Sequence[tuple[LayerSpec, ...]]
"""Cascades that follow one another."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A schedule that was tried: the model's cycles of it, None if it does not fit."""

    schedule: Schedule
    cycles: int | None
    refusal: CompileError | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The schedule of a cascade, and all that were tried for it."""

    schedule: Schedule
    trials: tuple[Trial, ...]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The best schedule of a cascade, its program, and the model's times of it."""

    schedule: Schedule
    program: Program
    run: ModelRun


def plan(layers: Sequence[Layer], config: EngineConfig, timing: MemoryTiming, rounding: Rounding = "double", *,
         picture: bool = False) -> Planned:
    """The fastest program for `layers`, which read the network's input if that is the `picture`.

    Raises `CompileError` if none of the schedules fits.
    """
    shapes = tuple(spec_of(layer) for layer in layers)
    trials = _try(shapes, config, timing, over_picture(shapes, config) if picture else PLAIN)
    best = _fastest(trials)
    if best is None:
        raise _refusal([shapes], shapes, trials, config, picture=picture)
    program = compile_cascade(layers, config, best.schedule, rounding)
    return Planned(schedule=best.schedule, program=program, run=run_model(program, timing))


def plan_chain(cascades: Chain, config: EngineConfig, timing: MemoryTiming) -> list[Choice]:
    """A schedule for each cascade of a network: whole tensors stay on chip where both their ends then fit.

    Each cascade is timed by itself, its input in the place the one before leaves it. Raises `CompileError` if a
    cascade fits in no way.
    """
    result: list[Choice] = []
    held: Ring | None = None
    known: dict[tuple, list[Trial]] = {}

    def tried(index: int, keep: bool, held: Ring | None) -> list[Trial]:
        specs = cascades[index]
        wanted = replace(PLAIN if index else over_picture(specs, config), keep=keep)
        key = (tuple(replace(spec, name="") for spec in specs), wanted, held and (held.base, held.stride))
        if key not in known:
            known[key] = _try(specs, config, timing, wanted, held)
        return known[key]

    for index, specs in enumerate(cascades):
        trials, chosen, ring = [], None, None
        if index + 1 < len(cascades):
            trials = tried(index, True, held)
            chosen = _fastest(trials)
            ring = kept_ring(specs, config, held) if chosen else None
            if chosen and _fastest(tried(index + 1, False, ring)) is None:
                chosen = None
        if chosen is None:
            through_dram = tried(index, False, held)
            trials, chosen, ring = [*trials, *through_dram], _fastest(through_dram), None
        if chosen is None:
            raise _refusal(cascades, specs, trials, config, picture=True)
        result.append(Choice(schedule=chosen.schedule, trials=tuple(trials)))
        held = ring
    return result


def over_picture(specs: Sequence[LayerSpec], config: EngineConfig) -> Schedule:
    """What the network's first cascade wants."""
    return replace(PLAIN, patches=takes_patches(specs[0], config))


def _try(specs: Sequence[LayerSpec], config: EngineConfig, timing: MemoryTiming, wanted: Schedule,
         held: Ring | None = None) -> list[Trial]:
    """Schedules from the largest stripes on, `wanted` in all but the rows, until there is nothing more to hope for."""
    trials: list[Trial] = []
    fastest: int | None = None
    slower = 0
    for schedule in schedules(specs):
        candidate = replace(wanted, stripe_rows=schedule.stripe_rows)
        try:
            program = compile_cascades([(specs, candidate)], config, held=held)
        except CompileError as error:
            trials.append(Trial(schedule=candidate, cycles=None, refusal=error))
            continue
        cycles = run_model(program, timing).cycles
        trials.append(Trial(schedule=candidate, cycles=cycles))
        if fastest is None or cycles < fastest:
            fastest, slower = cycles, 0
            continue
        # Smaller stripes cost more halo, more commands and more weight traffic: past the optimum it only gets worse.
        slower += 1
        if slower == 3:
            break
    return trials


def _fastest(trials: Sequence[Trial]) -> Trial | None:
    """The first of the fastest that fit."""
    fitting = [(trial.cycles, index) for index, trial in enumerate(trials) if trial.cycles is not None]
    return trials[min(fitting)[1]] if fitting else None


def _refusal(cascades: Chain, specs: Sequence[LayerSpec], trials: Sequence[Trial], config: EngineConfig, *,
             picture: bool) -> CompileError:
    """Why `specs` fit in no way, by the trial that came nearest, and the presets that all of `cascades` fit."""
    errors = [(trial.schedule.stripe_rows, trial.refusal) for trial in trials if trial.refusal is not None]
    near = [(rows, error) for rows, error in errors if isinstance(error, DoesNotFit)]
    if not near:
        return errors[-1][1] if errors else CompileError("nothing to compile")
    rows, nearest = min(near, key=lambda tried: (tried[1].short, tried[0]))
    presets = [preset.name for preset in PRESETS.values()
               if all(_fits(cascade, preset, picture=picture and index == 0) for index, cascade in enumerate(cascades))]
    return DoesNotFit(f"{' → '.join(spec.name for spec in specs)}, {rows} {'row' if rows == 1 else 'rows'} at a time:"
                      f" {nearest}; presets that would do: {', '.join(presets) or 'none'}",
                      memory=nearest.memory, short=nearest.short)


def _fits(specs: Sequence[LayerSpec], config: EngineConfig, *, picture: bool) -> bool:
    """Whether a cascade fits by itself, from DRAM to DRAM."""
    wanted = over_picture(specs, config) if picture else PLAIN
    for schedule in schedules(specs):
        try:
            compile_cascades([(specs, replace(wanted, stripe_rows=schedule.stripe_rows))], config)
        except CompileError:
            continue
        return True
    return False
