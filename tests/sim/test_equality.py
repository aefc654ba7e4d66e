"""The model equals the RTL in every cycle it speaks of, and the RTL golden in every element. No tolerance."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from golden.compare import first_mismatch
from golden.layer import LayerSpec, Padding, QuantisedLayer
from golden.networks import mobilenet_v1
from golden.quantise import Rounding
from golden.synthetic import synthesise_input, synthesise_layer
from hw.compiler.cascade import Schedule, compile_cascade, compile_cascades, spec_of
from hw.compiler.errors import CompileError
from hw.compiler.layers import as_convolution
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.proof.proof import prove
from hw.rtl import RtlRun, run_rtl
from sim.check import compare
from sim.model.engine import run_model
from sim.search import plan
from sim.work import golden_output
from tests.sim.strategies import cascades, residual_networks, timings
from tests.support.configs import BROAD, BUILDS, QUAD, RAGGED, SKEW, TINY, WIDE

few = pytest.mark.parametrize("config", [TINY, SKEW, WIDE, RAGGED, QUAD], ids=lambda config: config.name)
"""The engines that differ most from each other: a simulator takes longer to build than they take to run."""
every = pytest.mark.parametrize("config", BUILDS, ids=lambda config: config.name)
SETTINGS = partial(settings, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def check(layers: Sequence[QuantisedLayer], config: EngineConfig, schedule: Schedule, memory: MemoryTiming,
          rounding: Rounding = "double", layer: int | None = None) -> None:
    program = compile_cascade(layers, config, schedule, rounding)
    prove(program)
    first = layers[0]
    values = synthesise_input(first.spec.input_shape, 0, zero_point=first.input_zero_point)
    rtl = run_rtl(program, values, memory, layer=layer)
    assert compare(run_model(program, memory), rtl) == []
    expected = golden_output(layers, values, rounding)
    assert first_mismatch(layers[-1].spec.name, expected, program.output.unpack(rtl.memory)) is None


def counted_layers(layers: int) -> st.SearchStrategy[int | None]:
    """All of them, one of a program's `layers`, or one beyond."""
    return st.sampled_from((None, *range(layers + 1)))


def random_check(config: EngineConfig, data: st.DataObject) -> None:
    layers = data.draw(cascades(), label="layers")
    convolution = as_convolution(layers[0].spec).op == "conv"
    forms = st.sampled_from(("", "windows", "squares" if layers[0].spec.stride == (2, 2) else "windows"))
    schedule = Schedule(stripe_rows=data.draw(st.integers(1, layers[-1].spec.output_shape[0]), label="stripe rows"),
                        piece_bytes=data.draw(st.sampled_from((1, 600, 1 << 16)), label="pieces of weights"),
                        patches=data.draw(forms if convolution else st.just(""), label="patches"),
                        tight=data.draw(st.booleans(), label="tight"))
    memory = data.draw(timings(config), label="memory")
    try:
        check(layers, config, schedule, memory, data.draw(st.sampled_from(("double", "single")), label="rounding"),
              data.draw(counted_layers(len(layers)), label="layer that counts"))
    except CompileError:
        assume(False)


@few
@settings(parent=SETTINGS(), max_examples=40, derandomize=True)
@given(data=st.data())
def test_random(config: EngineConfig, data: st.DataObject) -> None:
    random_check(config, data)


@pytest.mark.full
@every
@settings(parent=SETTINGS(), max_examples=600)
@given(data=st.data())
def test_random_many(config: EngineConfig, data: st.DataObject) -> None:
    random_check(config, data)


def residual_check(config: EngineConfig, data: st.DataObject) -> None:
    network = data.draw(residual_networks(), label="cascades")
    height = spec_of(network[0][0]).input_shape[0]
    schedules = [Schedule(stripe_rows=data.draw(st.integers(1, height), label="stripe rows"),
                          tight=data.draw(st.booleans(), label="tight")) for _ in network]
    rounding = data.draw(st.sampled_from(("double", "single")), label="rounding")
    memory = data.draw(timings(config), label="memory")
    try:
        program = compile_cascades(list(zip(network, schedules, strict=True)), config, rounding)
    except CompileError:
        assume(False)
        return
    prove(program)
    values = np.random.default_rng(0).integers(-128, 128, program.input.shape).astype(np.int8)
    layers = [layer for cascade in network for layer in cascade]
    rtl = run_rtl(program, values, memory, layer=data.draw(counted_layers(len(layers)), label="layer that counts"))
    assert compare(run_model(program, memory), rtl) == []
    expected = golden_output(layers, values, rounding)
    assert first_mismatch("sum", expected, program.output.unpack(rtl.memory)) is None


@few
@settings(parent=SETTINGS(), max_examples=40, derandomize=True)
@given(data=st.data())
def test_random_residuals(config: EngineConfig, data: st.DataObject) -> None:
    residual_check(config, data)


@pytest.mark.full
@every
@settings(parent=SETTINGS(), max_examples=400)
@given(data=st.data())
def test_random_residuals_many(config: EngineConfig, data: st.DataObject) -> None:
    residual_check(config, data)


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_channel_blocks_as_short_as_they_get(rows: int) -> None:
    """Their taps and parameters are written again while the last windows are on their way."""
    spec = LayerSpec(name="dw", op="depthwise", input_shape=(6, 1, 64), output_shape=(4, 1, 64), kernel=(3, 3),
                     padding=Padding(top=0, bottom=0, left=0, right=2))
    check([synthesise_layer(spec, 1)], BROAD, Schedule(stripe_rows=rows), MemoryTiming(read_latency=1))


MEMORIES = [MemoryTiming(), MemoryTiming(read_latency=7, max_outstanding=2, burst_bytes=64, pause_period=90,
                                         pause_length=20)]


def mobilenet_pair(name: str, resolution: int) -> list[QuantisedLayer]:
    pair = mobilenet_v1(resolution=resolution).pair(name)
    assert pair is not None
    first = synthesise_layer(pair[0], 1)
    return [first, synthesise_layer(pair[1], 1, input_zero_point=first.output_zero_point)]


@pytest.mark.parametrize("memory", MEMORIES, ids=("default", "slow"))
@pytest.mark.parametrize("name", ["conv_dw_1", "conv_dw_2", "conv_dw_5", "conv_dw_6", "conv_dw_12", "conv_dw_13"])
def test_mobilenet_pairs(name: str, memory: MemoryTiming) -> None:
    layers = mobilenet_pair(name, 96)
    check(layers, PRESETS["pe256"], plan(layers, PRESETS["pe256"], memory).schedule, memory)


def test_the_layer_of_the_readme_at_full_size() -> None:
    layers = mobilenet_pair("conv_dw_5", 224)
    memory = MemoryTiming()
    check(layers, PRESETS["pe256"], plan(layers, PRESETS["pe256"], memory).schedule, memory)


@pytest.mark.full
@pytest.mark.parametrize("preset", ["pe256", "pe64", "odd", "pe1024"])
@pytest.mark.parametrize("block", range(1, 14))
def test_all_mobilenet_pairs_at_full_size(block: int, preset: str) -> None:
    layers = mobilenet_pair(f"conv_dw_{block}", 224)
    memory = MemoryTiming()
    check(layers, PRESETS[preset], plan(layers, PRESETS[preset], memory).schedule, memory)


def _changed(change: Callable[[RtlRun], RtlRun]) -> list[str]:
    """What the comparison says of a run that was equal before the change."""
    layers = mobilenet_pair("conv_dw_3", 32)
    program = compile_cascade(layers, TINY, Schedule(stripe_rows=1))
    memory = MemoryTiming()
    model = run_model(program, memory)
    values = synthesise_input(layers[0].spec.input_shape, 0, zero_point=layers[0].input_zero_point)
    rtl = run_rtl(program, values, memory)
    assert compare(model, rtl) == []
    return compare(model, change(rtl))


def _with_ends(change: Callable[[list[int]], None]) -> Callable[[RtlRun], RtlRun]:
    def changed(rtl: RtlRun) -> RtlRun:
        ended = {unit: list(cycles) for unit, cycles in rtl.ended.items()}
        change(ended["pointwise"])
        return dataclasses.replace(rtl, ended=ended)

    return changed


def test_comparison_notices_one_cycle() -> None:
    def later(ended: list[int]) -> None:
        ended[0] += 1

    assert len(_changed(_with_ends(later))) == 1


def test_comparison_notices_a_missing_command() -> None:
    assert _changed(_with_ends(list.clear)) != []


def test_comparison_notices_one_cycle_of_the_account() -> None:
    def moved(rtl: RtlRun) -> RtlRun:
        assert rtl.account is not None
        keys = rtl.account["depthwise"]
        keys = keys | {"data": keys["data"] - 1, "weights": keys["weights"] + 1}
        return dataclasses.replace(rtl, account=rtl.account | {"depthwise": keys})

    assert [line.partition(":")[0] for line in _changed(moved)] == [
        "cycles of depthwise, data", "cycles of depthwise, weights"]
