"""The stall account: every cycle of every unit in exactly one column."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from golden.networks import mobilenet_v1
from hw.account import COUNTED, KEYS
from hw.commands import BLOCK_BYTES
from hw.compiler.cascade import Schedule, compile_cascade
from hw.compiler.errors import CompileError
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.account import StallAccount
from sim.model.engine import run_model
from tests.sim.strategies import cascades, timings
from tests.support.configs import SKEW


def pair(name: str):
    found = mobilenet_v1().pair(name)
    assert found is not None
    return found


@settings(deadline=None, max_examples=40, derandomize=True)
@given(layers=cascades(), rows=st.integers(1, 12), memory=timings(SKEW))
def test_sums_to_the_total(layers, rows, memory) -> None:
    try:
        program = compile_cascade(layers, SKEW, Schedule(stripe_rows=rows))
    except CompileError:
        assume(False)
    run = run_model(program, memory)
    for unit, cycles in StallAccount(run).units().items():
        assert tuple(cycles) == KEYS
        assert sum(cycles.values()) == run.cycles, unit
        assert min(cycles.values()) >= 0, unit


@settings(deadline=None, max_examples=40, derandomize=True)
@given(layers=cascades(), rows=st.integers(1, 12), memory=timings(SKEW))
def test_each_cycle_that_is_not_idle_belongs_to_a_layer(layers, rows, memory) -> None:
    try:
        program = compile_cascade(layers, SKEW, Schedule(stripe_rows=rows))
    except CompileError:
        assume(False)
    run = run_model(program, memory)
    spent = StallAccount(run)
    rows = spent.layers(len(layers))
    for unit, keys in spent.units().items():
        for key in COUNTED[unit] if unit != "fetch" else ():
            assert keys[key] == sum(row.get(unit, {}).get(key, 0) for row in rows), (unit, key)
    for number, row in enumerate(rows):
        alone = spent.layer(number)
        for unit, keys in alone.items():
            assert sum(keys.values()) == run.cycles
            assert {key: keys[key] for key in COUNTED[unit]} == row.get(unit, dict.fromkeys(COUNTED[unit], 0))


def test_busy_is_that_of_the_layers_commands() -> None:
    run = run_model(compile_cascade(pair("conv_dw_5"), PRESETS["pe256"], Schedule(stripe_rows=4)), MemoryTiming())
    rows = StallAccount(run).layers(2)
    for unit, times in run.units.items():
        for number, row in enumerate(rows):
            work = [busy for command, busy in zip(times.commands, times.busy, strict=True) if command.layer == number]
            assert row.get(unit, {"busy": 0})["busy"] == sum(work)


def test_busy_is_the_work() -> None:
    run = run_model(compile_cascade(pair("conv_dw_5"), PRESETS["pe256"], Schedule(stripe_rows=4)), MemoryTiming())
    found = StallAccount(run).units()
    # 28 × 28 pixels, four a cycle, 32 × 32 weight tiles; and 28 × 28 windows of 256 channels, four a cycle.
    assert found["pointwise"]["busy"] == 28 * 28 // 4 * 32 * 32
    assert found["depthwise"]["busy"] == 28 * 28 * 256 // 4
    assert found["load"]["busy"] * 8 == found["store"]["busy"] * 8 == 28 * 28 * 256
    assert found["fetch"]["busy"] * 8 == BLOCK_BYTES * (1 + len(run.fetch_delivered))


@pytest.mark.parametrize(("memory", "unit", "key"), [
    (MemoryTiming(), "store", "data"),
    (MemoryTiming(bytes_per_cycle=None, read_latency=2000), "load", "bus"),
])
def test_reasons(memory: MemoryTiming, unit: str, key: str) -> None:
    cycles = StallAccount(run_model(compile_cascade(pair("conv_dw_5"), PRESETS["pe256"], Schedule(stripe_rows=4)),
                                    memory)).units()
    assert max(cycles[unit], key=lambda name: cycles[unit][name]) == key


def test_a_narrow_memory_shows_as_waiting_for_weights() -> None:
    specs = pair("conv_dw_13")
    program = compile_cascade(specs, PRESETS["pe256"], Schedule(stripe_rows=7))
    fast, slow = (StallAccount(run_model(program, MemoryTiming(bytes_per_cycle=rate))).units()["pointwise"]["weights"]
                  for rate in (None, 2))
    assert slow > 10 * fast
