"""`Deadlock`: patience, and who is named."""

import pytest

from hw.commands import UNITS
from hw.faults import CODES, SOURCES
from hw.gateware.deadlock import Deadlock
from tests.support.pysim import get, put, run_benches

PATIENCE = 9
LOAD, WEIGHTS, DEPTHWISE, POINTWISE, STORE = (1 << index for index in range(len(UNITS)))


def test_patience() -> None:
    """Any move, however short, starts the count anew; what moves or not is seen a cycle later."""
    unit, seen = Deadlock(PATIENCE), []

    async def bench(ctx) -> None:
        for still in (PATIENCE - 1, 3, PATIENCE):
            put(ctx, unit.moves, 0)
            await ctx.tick().repeat(still)
            seen.append(get(ctx, unit.fault.code))
            put(ctx, unit.moves, 1)
            await ctx.tick()
            seen.append(get(ctx, unit.fault.code))
        await ctx.tick()
        seen.append(get(ctx, unit.fault.code))

    run_benches(unit, bench)
    assert seen == [0, 0, 0, 0, 0, CODES["deadlock"], 0]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"store": POINTWISE, "pointwise": DEPTHWISE, "depthwise": WEIGHTS}, "depthwise"),
        ({"load": STORE, "store": POINTWISE, "pointwise": WEIGHTS}, "pointwise"),
        ({"load": STORE}, "load"),
        ({"store": LOAD | POINTWISE, "pointwise": STORE}, "store"),
        ({"weights": POINTWISE, "pointwise": WEIGHTS}, "weights"),  # a circle: the first of them
    ],
)
def test_the_named_one_waits_for_a_unit_that_has_nothing(missing: dict[str, int], named: str) -> None:
    unit, seen = Deadlock(PATIENCE), []

    async def bench(ctx) -> None:
        for index, name in enumerate(UNITS):
            put(ctx, unit.missing[index], missing.get(name, 0))
            put(ctx, unit.empty[index], name not in missing)
        await ctx.tick().repeat(PATIENCE + 1)
        seen.append((get(ctx, unit.fault.code), get(ctx, unit.fault.source)))

    run_benches(unit, bench)
    assert seen == [(CODES["deadlock"], SOURCES.index(named))]
