"""The search for schedules: what it tries is handed out, and what fits in no way is explained."""

from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest

from golden.networks import mobilenet_v1
from hw.compiler.cascade import Schedule, compile_cascades, kept_ring, placement_of, schedules
from hw.compiler.errors import CompileError, DoesNotFit
from hw.config import PRESETS, load_config
from hw.memory_timing import MemoryTiming
from hw.proof.proof import prove
from sim.model.engine import run_model
from sim.search import plan, plan_chain
from sim.work import Source

SMALL = PRESETS["small"]


def cascades(alpha: float = 0.25, resolution: int = 96) -> list:
    return Source(title="", network=mobilenet_v1(alpha, resolution)).whole()


def test_the_choice_is_the_fastest_trial_of_its_kind() -> None:
    for specs, choice in zip(cascades(), plan_chain(cascades(), PRESETS["pe64"], MemoryTiming()), strict=True):
        assert specs
        same = {trial.schedule: trial.cycles for trial in choice.trials if trial.schedule.keep == choice.schedule.keep}
        assert same[choice.schedule] == min(cycles for cycles in same.values() if cycles is not None)
        for trial in choice.trials:
            assert (trial.cycles is None) == isinstance(trial.refusal, CompileError)


def test_trials_are_timed_as_they_would_run() -> None:
    first = cascades()[0]
    (choice,) = plan_chain([first], PRESETS["pe64"], MemoryTiming())
    for trial in choice.trials:
        if trial.cycles is not None:
            program = compile_cascades([(first, trial.schedule)], PRESETS["pe64"])
            assert run_model(program, MemoryTiming()).cycles == trial.cycles or not trial.timed


@pytest.mark.parametrize("memory", [MemoryTiming(), MemoryTiming(bytes_per_cycle=Fraction(8, 3))])
def test_what_is_not_timed_would_be_no_faster(memory: MemoryTiming) -> None:
    pair = mobilenet_v1(1.0, 96).pair("conv_dw_12")
    assert pair is not None
    (choice,) = plan_chain([pair], PRESETS["small"], memory)
    untimed = [trial for trial in choice.trials if not trial.timed]
    assert untimed
    best = min(trial.cycles for trial in choice.trials if trial.cycles is not None and trial.timed)
    for trial in untimed:
        program = compile_cascades([(pair, trial.schedule)], PRESETS["small"])
        assert trial.cycles is not None
        assert best <= trial.cycles <= run_model(program, memory).cycles


def test_with_the_missing_weight_bytes_it_fits() -> None:
    pair = mobilenet_v1().pair("conv_dw_7")
    assert pair is not None
    with pytest.raises(DoesNotFit) as error:
        plan(pair, load_config("small,weight_bytes=512"), MemoryTiming())
    assert error.value.memory == "weight_bytes"
    assert f"{error.value.short} bytes short" in str(error.value)
    enough = 512 + error.value.short
    plan(pair, load_config(f"small,weight_bytes={enough}"), MemoryTiming())
    with pytest.raises(DoesNotFit):
        plan(pair, load_config(f"small,weight_bytes={enough - SMALL.weight_word_bytes}"), MemoryTiming())


def test_with_the_missing_activation_groups_it_fits() -> None:
    specs = cascades(1.0, 512)[0]
    with pytest.raises(DoesNotFit) as error:
        plan(specs, SMALL, MemoryTiming())
    assert error.value.memory == "activation_bytes"
    assert f"{error.value.short} bytes short" in str(error.value)
    group_bytes = SMALL.activation_bytes // SMALL.activation_groups
    missing = error.value.short // group_bytes
    assert missing * group_bytes == error.value.short
    for more, fits in ((missing, True), (missing - 1, False)):
        size = SMALL.activation_bytes + more * group_bytes
        larger = load_config(f"small,activation_bytes={size},activation_groups={SMALL.activation_groups + more}")
        if fits:
            plan(specs, larger, MemoryTiming())
        else:
            with pytest.raises(DoesNotFit):
                plan(specs, larger, MemoryTiming())


def test_the_presets_that_would_do() -> None:
    chain = cascades(1.0, 384)[:1]
    with pytest.raises(DoesNotFit) as error:
        plan_chain(chain, SMALL, MemoryTiming())
    message = str(error.value)
    assert message.startswith("conv1 → conv_dw_1 → conv_pw_1, 1 row at a time: activation memory of small: ")
    advice = message.rpartition("presets that would do: ")[2].split(", ")
    assert set(advice) < set(PRESETS)
    for name, preset in PRESETS.items():
        if name in advice:
            plan_chain(chain, preset, MemoryTiming())
        else:
            with pytest.raises(CompileError):
                plan_chain(chain, preset, MemoryTiming())


def test_no_preset_would_do() -> None:
    with pytest.raises(DoesNotFit, match="presets that would do: none"):
        plan_chain(cascades(2.0, 8000), SMALL, MemoryTiming())


def test_tight_is_the_last_resort() -> None:
    """What fits with room for the next stripe has it; what does not is tried both ways, and has not."""
    pair = mobilenet_v1().pair("conv_dw_2")
    assert pair is not None
    for config, needed in ((PRESETS["pe64"], False), (SMALL, True)):
        (choice,) = plan_chain([pair], config, MemoryTiming())
        assert choice.schedule.tight == needed
        assert {trial.schedule.tight for trial in choice.trials} == {False, needed}
        assert all(trial.refusal for trial in choice.trials if trial.schedule.tight != needed) or not needed
        program = compile_cascades([(pair, choice.schedule)], config)
        prove(program)


@pytest.mark.parametrize("schedule", [Schedule(stripe_rows=rows, piece_bytes=piece) for rows in (1, 3, 12)
                                      for piece in (1, 1 << 16)])
def test_what_fits_compiles_and_what_does_not_is_refused_alike(schedule: Schedule) -> None:
    for cascade in cascades(0.5, 96):
        refusals = []
        for attempt in (partial(placement_of, cascade, SMALL, schedule),
                        partial(compile_cascades, [(cascade, schedule)], SMALL)):
            try:
                attempt()
                refusals.append("")
            except CompileError as error:
                refusals.append(str(error))
        assert refusals[0] == refusals[1]


def test_the_same_pieces_make_the_same_program() -> None:
    pair = mobilenet_v1(0.5, 96).pair("conv_dw_10")
    assert pair is not None
    programs: dict[object, list] = {}
    for piece_bytes in (1, 600, 4096, 16384, 1 << 15, 1 << 16):
        schedule = Schedule(stripe_rows=3, piece_bytes=piece_bytes)
        (placement,) = (program := compile_cascades([(pair, schedule)], SMALL)).placements
        assert placement_of(pair, SMALL, schedule) == placement
        programs.setdefault(placement.weights, []).append(program)
    for same in programs.values():
        assert all(program.commands == same[0].commands for program in same)
    first = [same[0].commands for same in programs.values()]
    assert 1 < len(first) < 6
    assert all(commands not in first[:index] for index, commands in enumerate(first))


def test_it_is_the_same_at_which_end_of_the_memory_the_input_is_held() -> None:
    config, network = load_config("pe64,activation_bytes=32768"), mobilenet_v1(0.5, 96)
    before, cascade = ([network.layer(name) for name in names] for names in (
        ("conv_pw_6",), ("conv_pw_7", "conv_dw_8")))
    low = kept_ring(before, config, None)
    high = kept_ring(before, config, low)
    assert low.base == 0 < high.base
    found = []
    for held in (low, high):
        cycles: list[int | None] = []
        for schedule in schedules(cascade):
            for keep in (False, True):
                try:
                    program = compile_cascades([(cascade, replace(schedule, keep=keep))], config, held=held)
                except CompileError:
                    cycles.append(None)
                else:
                    cycles.append(run_model(program, MemoryTiming()).cycles)
        found.append(cycles)
    assert found[0] == found[1]
    assert len(set(found[0])) > 3
    assert None in found[0]
