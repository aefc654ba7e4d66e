"""The stall account: every cycle of every unit in exactly one column."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from golden.networks import mobilenet_v1
from hw.commands import BLOCK_BYTES
from hw.compiler.cascade import Schedule, compile_cascade
from hw.compiler.errors import CompileError
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.account import KEYS, account
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
    for unit, cycles in account(run).items():
        assert tuple(cycles) == KEYS
        assert sum(cycles.values()) == run.cycles, unit
        assert min(cycles.values()) >= 0, unit


def test_busy_is_the_work() -> None:
    run = run_model(compile_cascade(pair("conv_dw_5"), PRESETS["pe256"], Schedule(stripe_rows=4)), MemoryTiming())
    found = account(run)
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
    cycles = account(run_model(compile_cascade(pair("conv_dw_5"), PRESETS["pe256"], Schedule(stripe_rows=4)), memory))
    assert max(cycles[unit], key=lambda name: cycles[unit][name]) == key


def test_a_narrow_memory_shows_as_waiting_for_weights() -> None:
    specs = pair("conv_dw_13")
    fast, slow = (account(run_model(compile_cascade(specs, PRESETS["pe256"], Schedule(stripe_rows=7)),
                                    MemoryTiming(bytes_per_cycle=rate)))["pointwise"]["weights"] for rate in (None, 2))
    assert slow > 10 * fast
