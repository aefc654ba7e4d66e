"""A stall account that is wrong in the hardware differs from the model's: whole engines with a fault in it."""

from pathlib import Path

import pytest

from golden.synthetic import synthesise_input
from hw import verilator
from hw.compiler.cascade import Schedule, compile_cascade
from hw.memory_timing import MemoryTiming
from hw.rtl import run_rtl
from sim.check import compare
from sim.model.engine import run_model
from tests.sim.test_equality import mobilenet_pair
from tests.support.configs import TINY
from tests.support.mutation import mutated

FAULTS = {
    "space is nothing": ("command_queue", "missing[unit] & space[unit] for unit", "missing[unit] & 0 for unit"),
    "weights are data": ("command_queue", 'for unit in UNITS if unit != "weights")', "for unit in UNITS)"),
    "a turn lasts to the next start": ("turns", "marks.pop.eq(self.done)", "marks.pop.eq(self.start & marks.valid)"),
    "counts lost at the turn": ("counters", "state.eq(event)  # 1", "state.eq(0)  # 1"),
}
USED_BY = {"command_queue": ("engine", "CommandQueue"), "turns": ("stall_account", "Turns"),
           "counters": ("stall_account", "Counters")}


@pytest.mark.full
@pytest.mark.parametrize("fault", FAULTS)
def test_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module, old, new = FAULTS[fault]
    user, name = USED_BY[module]
    monkeypatch.setattr(f"hw.gateware.{user}.{name}", mutated(f"hw.gateware.{module}", old, new)[name])
    monkeypatch.setattr(verilator, "BUILD", tmp_path)
    # It waits for data, for weights and for space.
    layers, timing = mobilenet_pair("conv_dw_3", 32), MemoryTiming()
    program = compile_cascade(layers, TINY, Schedule(stripe_rows=1))
    values = synthesise_input(layers[0].spec.input_shape, 0, zero_point=layers[0].input_zero_point)
    model = run_model(program, timing)
    runs = [run_rtl(program, values, timing, layer=layer) for layer in (None, 0, 1)]
    differences = [line for run in runs for line in compare(model, run)]
    assert differences
    assert all(line.startswith("cycles of ") for line in differences)
