"""`RegisterSlice`: nothing lost, nothing twice, an item a cycle; each side decides without the other."""

import random

import pytest

from hw.gateware.register_slice import RegisterSlice
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize(("pushes", "pops"), [(1.0, 1.0), (1.0, 0.5), (0.5, 1.0), (0.6, 0.6), (1.0, 0.1)])
def test_items_pass_in_order(pushes: float, pops: float) -> None:
    unit, rng = RegisterSlice(8), random.Random(1)
    sent: list[int] = []
    taken: list[tuple[int, int]] = []
    cycles = 300

    async def bench(ctx) -> None:
        for cycle in range(cycles):
            item, push, pop = rng.randrange(256), rng.random() < pushes, rng.random() < pops
            push &= not get(ctx, unit.full)
            put(ctx, unit.item, item)
            put(ctx, unit.push, push)
            put(ctx, unit.pop, pop)
            if push:
                sent.append(item)
            if pop and get(ctx, unit.valid):
                taken.append((cycle, get(ctx, unit.head)))
            await ctx.tick()

    run_benches(unit, bench)
    items = [item for _, item in taken]
    assert items == sent[: len(items)]
    assert len(sent) - len(items) <= 2
    if pushes == pops == 1.0:
        assert [cycle for cycle, _ in taken] == [*range(1, cycles)]


def test_full_is_a_register() -> None:
    """It follows from what was, whatever the taker says in this cycle."""
    unit, seen = RegisterSlice(8), []

    async def bench(ctx) -> None:
        put(ctx, unit.push, 1)
        await ctx.tick().repeat(2)
        put(ctx, unit.push, 0)
        for pop in (0, 1):
            put(ctx, unit.pop, pop)
            seen.append(get(ctx, unit.full))
        await ctx.tick()
        seen.append(get(ctx, unit.full))

    run_benches(unit, bench)
    assert seen == [1, 1, 0]
