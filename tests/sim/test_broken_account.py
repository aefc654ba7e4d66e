"""A stall account that is wrong in the hardware differs from the model's: whole engines with a fault in it."""

from pathlib import Path

import pytest

from hw import verilator
from hw.memory_timing import MemoryTiming
from hw.rtl import run_rtl
from sim.check import compare
from sim.model.engine import run_model
from tests.support.cases import find_case
from tests.support.configs import TINY
from tests.support.mutation import mutated

FAULTS = {
    "space is data": ("command_queue", "missing[unit] & space[unit] for unit", "missing[unit] & 0 for unit"),
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
    case, timing = find_case("two_pairs", 0), MemoryTiming(read_latency=60)
    program = case.program(TINY, 0)
    model = run_model(program, timing)
    runs = [run_rtl(program, case.values(0), timing, layer=layer) for layer in (None, 0, 1)]
    differences = [line for run in runs for line in compare(model, run)]
    assert differences
    assert all(line.startswith("cycles of ") for line in differences)
