"""Chooses the schedule of a cascade: the model's cycles of each that fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from golden.network import INPUT
from golden.quantise import Rounding
from hw.compiler.cascade import (
    Layer,
    Schedule,
    compile_cascade,
    compile_cascades,
    kept_ring,
    placement_of,
    schedules,
    spec_of,
)
from hw.compiler.errors import CompileError, DoesNotFit
from hw.compiler.layers import ResidualAdd
from hw.compiler.rings import Ring
from hw.compiler.stripes import PIECES
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.placement import WeightsPlace
from hw.program import Program
from hw.proof.proof import prove
from sim.cascading import PLAIN, Chain, added_by, fits, fits_in_rows, over_picture, shapes
from sim.model.engine import ModelRun, run_model

Compiler = Callable[..., Program]
"""`compile_cascades`, or what does the same."""

MANY_STRIPES = 16
"""From so many on, weights that are fetched once, before the first, may come in pieces of any size."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A schedule that was tried: the model's cycles of it, None if it does not fit.

    If it was not `timed`, as the bus alone takes as long as a faster one, `cycles` are those of the bus. `resident`:
    all its weights are fetched once, and stay.
    """

    schedule: Schedule
    cycles: int | None
    timed: bool = True
    resident: bool = False
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

    Raises `CompileError` if none of the schedules fits; `ProofError` if the program is not safe.
    """
    cascade = shapes(layers)
    trials = _try(cascade, config, timing, over_picture(cascade, config) if picture else PLAIN)
    best = _fastest(trials)
    if best is None:
        raise _refusal([cascade], cascade, trials, config, picture=picture)
    program = compile_cascade(layers, config, best.schedule, rounding)
    prove(program)
    return Planned(schedule=best.schedule, program=program, run=run_model(program, timing))


def plan_chain(cascades: Chain, config: EngineConfig, timing: MemoryTiming, *, keep: bool = True,
               compiler: Compiler = compile_cascades) -> list[Choice]:
    """A schedule for each cascade of a network: whole tensors stay on chip where both their ends then fit.

    Without `keep` all go through DRAM. The `compiler` makes the programs that are timed.

    Each cascade is timed by itself, its input in the place the one before leaves it. Raises `CompileError` if a
    cascade fits in no way.
    """
    result: list[Choice] = []
    held: Ring | None = None
    known: dict[tuple, list[Trial]] = {}

    def tried(index: int, keep: bool, held: Ring | None) -> list[Trial]:
        cascade = shapes(cascades[index], spec_of(cascades[index - 1][-1]).name if index else INPUT)
        wanted = replace(PLAIN if index else over_picture(cascade, config), keep=keep)
        # `held` lies at one end of the memory or at the other, which comes to the same.
        key = (tuple(_nameless(cascade)), wanted, held and held.stride)
        if key not in known:
            known[key] = _try(cascade, config, timing, wanted, held, compiler)
        return known[key]

    for index, layers in enumerate(cascades):
        trials, chosen, ring = [], None, None
        # What a later cascade adds is loaded again, so it must be in DRAM.
        if keep and index + 1 < len(cascades) and spec_of(layers[-1]).name not in added_by(cascades[index + 2:]):
            ring = _kept_ring(layers, shapes(cascades[index + 1], spec_of(layers[-1]).name), config, held)
            if ring is not None:
                trials = tried(index, True, held)
                chosen = _fastest(trials)
        if chosen is None:
            through_dram = tried(index, False, held)
            trials, chosen, ring = [*trials, *through_dram], _fastest(through_dram), None
        if chosen is None:
            raise _refusal(cascades, layers, trials, config, picture=True)
        result.append(Choice(schedule=chosen.schedule, trials=tuple(trials)))
        held = ring
    return result


def _kept_ring(layers: Sequence[Layer], following: Sequence[Layer], config: EngineConfig,
               held: Ring | None) -> Ring | None:
    """Where a cascade's output stays for the `following` one; None if it, or that one beside it, does not fit."""
    try:
        ring = kept_ring(layers, config, held)
    except CompileError:
        return None
    beside = any(fits(following, config, replace(PLAIN, stripe_rows=schedule.stripe_rows), ring)
                 for schedule in schedules(following))
    return ring if beside else None


def _nameless(layers: Sequence[Layer]) -> list[tuple]:
    """What two cascades of the same shapes have in common: of an add also which tensor of the cascade it adds."""
    names = [INPUT, *(spec_of(layer).name for layer in layers)]
    places = [names.index(layer.residual) if isinstance(layer, ResidualAdd) and layer.residual in names else None
              for layer in layers]
    return [(replace(spec_of(layer), name=""), place) for layer, place in zip(layers, places, strict=True)]


def _try(layers: Sequence[Layer], config: EngineConfig, timing: MemoryTiming, wanted: Schedule,
         held: Ring | None = None, compiler: Compiler = compile_cascades) -> list[Trial]:
    """Schedules as `wanted` in all but the rows; if none fits and the output goes to DRAM anyway, tight ones too."""
    trials = _try_rows(layers, config, timing, wanted, held, compiler)
    if wanted.keep or _fastest(trials) is not None:
        return trials
    return [*trials, *_try_rows(layers, config, timing, replace(wanted, tight=True), held, compiler)]


def _try_rows(layers: Sequence[Layer], config: EngineConfig, timing: MemoryTiming, wanted: Schedule,
              held: Ring | None, compiler: Compiler) -> list[Trial]:
    """Schedules from the largest stripes on, `wanted` in all but the rows, until there is nothing more to hope for."""
    trials: list[Trial] = []
    fastest: int | None = None
    slower = 0
    for schedule in schedules(layers):
        trial = _trial(layers, replace(wanted, stripe_rows=schedule.stripe_rows), config, timing, held, fastest,
                       compiler)
        trials.append(trial)
        if trial.cycles is None:
            continue
        if fastest is None or trial.cycles < fastest:
            fastest, slower = trial.cycles, 0
            continue
        # Smaller stripes cost more halo, more commands and more weight traffic: past the optimum it only gets worse.
        slower += 1
        if slower == 3:
            break
    best = _fastest(trials)
    if best is not None and not (best.resident and _stripes(layers, best.schedule) >= MANY_STRIPES):
        # Pieces that come out the same make the same program.
        same = {_weights(layers, config, best.schedule, held)}
        for size in PIECES[1:]:
            schedule = replace(best.schedule, piece_bytes=size)
            if (weights := _weights(layers, config, schedule, held)) not in same:
                same.add(weights)
                trials.append(_trial(layers, schedule, config, timing, held, best.cycles, compiler))
    return trials


def _weights(layers: Sequence[Layer], config: EngineConfig, schedule: Schedule,
             held: Ring | None) -> tuple[WeightsPlace, ...] | None:
    """Where the weights lie with that schedule, and in which pieces; None if it does not fit."""
    try:
        return placement_of(layers, config, schedule, held).weights
    except CompileError:
        return None


def _stripes(layers: Sequence[Layer], schedule: Schedule) -> int:
    return -(-spec_of(layers[-1]).output_shape[0] // schedule.stripe_rows)


def _trial(layers: Sequence[Layer], schedule: Schedule, config: EngineConfig, timing: MemoryTiming,
           held: Ring | None, fastest: int | None, compiler: Compiler) -> Trial:
    try:
        program = compiler([(layers, schedule)], config, held=held)
    except CompileError as error:
        return Trial(schedule=schedule, cycles=None, refusal=error)
    least = _bus_cycles(program, timing)
    if fastest is not None and least >= fastest:
        return Trial(schedule=schedule, cycles=least, timed=False)
    resident = all(place.resident for placement in program.placements for place in placement.weights)
    return Trial(schedule=schedule, cycles=run_model(program, timing).cycles, resident=resident)


def _bus_cycles(program: Program, timing: MemoryTiming) -> int:
    """Cycles in which the memory can at best move what the commands load, fetch and store; no run takes fewer."""
    beats = sum(command.fields["beats"] * command.fields.get("blocks", 1) for command in program.commands
                if command.unit in ("load", "weights", "store"))
    beat_units, cycle_units = timing.beat_spacing(program.config)
    return beats * beat_units // cycle_units


def _fastest(trials: Sequence[Trial]) -> Trial | None:
    """The first of the fastest that fit."""
    fitting = [(trial.cycles, index) for index, trial in enumerate(trials) if trial.cycles is not None]
    return trials[min(fitting)[1]] if fitting else None


def _refusal(cascades: Chain, layers: Sequence[Layer], trials: Sequence[Trial], config: EngineConfig, *,
             picture: bool) -> CompileError:
    """Why `layers` fit in no way, by the trial that came nearest, and the presets that all of `cascades` fit."""
    errors = [(trial.schedule.stripe_rows, trial.refusal) for trial in trials if trial.refusal is not None]
    near = [(rows, error) for rows, error in errors if isinstance(error, DoesNotFit)]
    if not near:
        return errors[-1][1] if errors else CompileError("nothing to compile")
    rows, nearest = min(near, key=lambda tried: (tried[1].short, tried[0]))
    presets = [preset.name for preset in PRESETS.values()
               if all(fits_in_rows(cascade, preset, over_picture(cascade, preset) if picture and index == 0 else PLAIN)
                      for index, cascade in enumerate(cascades))]
    names = " → ".join(spec_of(layer).name for layer in layers)
    return DoesNotFit(f"{names}, {rows} {'row' if rows == 1 else 'rows'} at a time: {nearest};"
                      f" presets that would do: {', '.join(presets) or 'none'}",
                      memory=nearest.memory, short=nearest.short)
