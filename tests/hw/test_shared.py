"""Programs that engines share: the same for all of them, and no others'."""

from dataclasses import replace

import pytest

from golden.networks import mobilenet_v2
from hw.compiler.cascade import Schedule, compile_cascades
from hw.compiler.layers import Layer
from hw.compiler.rings import Ring
from hw.compiler.shared import UNREAD, SharedPrograms, compiled_for
from hw.compiler.tokens import Space
from hw.config import load_config
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.cascading import regrouped
from sim.search import plan_chain
from sim.work import Source
from tests.support.cases import depthwise, pointwise

SMALL = load_config("pe64")
OTHERS = {"name": "other", "requantise_lanes": 8, "max_outstanding": 2, "counters": False, "retire_port": False,
          "multiplier": "ecp5", "dsp_multipliers": 99}
PAIR: tuple[Layer, ...] = (depthwise("dw", (8, 8, 16)), pointwise("pw", (8, 8, 16), 16))
PLAN = [(PAIR, Schedule(stripe_rows=4))]


def test_what_the_compiler_does_not_look_at_changes_no_program() -> None:
    assert OTHERS.keys() == set(UNREAD)
    cascades = regrouped(Source(title="", network=mobilenet_v2(0.35, 96)).whole(), SMALL)
    schedules = [choice.schedule for choice in plan_chain(cascades, SMALL, MemoryTiming())]
    plan = list(zip(cascades, schedules, strict=True))
    program = compile_cascades(plan, SMALL)
    for name, value in OTHERS.items():
        other = replace(SMALL, **{name: value})
        assert other != SMALL
        assert compiled_for(other) == compiled_for(SMALL)
        assert replace(compile_cascades(plan, other), config=SMALL) == program


def test_compiled_once() -> None:
    programs, other = SharedPrograms(), replace(SMALL, requantise_lanes=8)
    first, second = programs(PLAN, SMALL), programs(PLAN, other)
    assert first == compile_cascades(PLAN, SMALL)
    assert second == compile_cascades(PLAN, other)
    assert second.commands is first.commands


@pytest.mark.parametrize("setting", ["queue_depth=8", "accumulator_depth=64", "weight_bytes=8192", "bus_bits=32"])
def test_engines_that_the_compiler_tells_apart_share_nothing(setting: str) -> None:
    programs, other = SharedPrograms(), load_config(f"pe64,{setting}")
    programs(PLAN, SMALL)
    assert programs(PLAN, other) == compile_cascades(PLAN, other)


def test_so_are_plans_and_places_of_the_input() -> None:
    programs = SharedPrograms()

    def held(base: int) -> Ring:
        return Ring(config=SMALL, shape=(8, 8, 16), rows=8, kept=2, base=base, stride=64, space=Space())

    def same(stripe_rows: int, base: int | None) -> Program:
        plan, ring = [(PAIR, Schedule(stripe_rows=stripe_rows))], None if base is None else held(base)
        found = programs(plan, SMALL, held=ring)
        assert found == compile_cascades(plan, SMALL, held=ring)
        return found

    distinct = [same(stripe_rows, base) for stripe_rows in (2, 4) for base in (None, 0, SMALL.activation_rows - 128)]
    assert len({program.encoded for program in distinct}) == len(distinct)
