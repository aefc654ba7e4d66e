"""`Counters`: nothing is lost however often they count, reads are exact, a start begins anew."""

import random

import pytest

from hw.gateware.counters import STAGES, STATES, Counters, counts
from tests.support.mutation import mutated
from tests.support.pysim import get, pack, put, run_benches

COUNT = 28


def test_short_counters_run_through_all_their_states() -> None:
    assert sorted(counts()[:STATES]) == list(range(STATES))


def run(seed: int, count: int = COUNT, design=Counters) -> None:
    """Three runs: random counts with random reads in between, then, at rest, all counters."""
    unit, rng = design(count), random.Random(seed)
    events, totals = [0] * count, [0] * count

    async def cycle(ctx) -> None:
        """Counts what was shown in this cycle."""
        for number, event in enumerate(events):
            totals[number] += event
        await ctx.tick()

    async def read(ctx, index: int, how_often: float) -> None:
        put(ctx, unit.counter.wanted, 1)
        put(ctx, unit.counter.index, index)
        before, waited = totals[index], 0
        while not get(ctx, unit.counter.given):
            show(ctx, how_often)
            await cycle(ctx)
            waited += 1
            assert waited <= count + STAGES
        assert before <= get(ctx, unit.counter.value) <= totals[index]
        put(ctx, unit.counter.wanted, 0)
        await cycle(ctx)

    def show(ctx, how_often: float) -> None:
        events[:] = [int(rng.random() < how_often) for _ in range(count)]
        put(ctx, unit.events, pack(events, 1))

    async def bench(ctx) -> None:
        for how_often in (1, 0.5, 0.03):
            for _ in range(count // 2):  # the run before
                show(ctx, 1)
                await ctx.tick()
            put(ctx, unit.start, 1)
            show(ctx, 0)
            await ctx.tick()
            put(ctx, unit.start, 0)
            totals[:] = [0] * count
            for _ in range(rng.randrange(3 * count, 5 * count)):
                show(ctx, how_often)
                await cycle(ctx)
                if rng.random() < 0.05:
                    await read(ctx, rng.randrange(count), how_often)
            for index in range(count):  # nothing counts any more: before and after are the same
                await read(ctx, index, 0)

    run_benches(unit, bench, limit=40_000)


@pytest.mark.parametrize("count", [5, COUNT, STATES - 1])
def test_counts(count: int) -> None:
    run(0, count)


BROKEN = {
    "a count lost at the turn": ("state.eq(event)  # 1", "state.eq(0)  # 1"),
    "counts of the run before": ("anew.eq(self.start | chosen[number])", "anew.eq(chosen[number])"),
    "memory of the run before": ("Mux(unwritten, 0, memory.read_data)", "memory.read_data"),
    "a turn late": ("delayed(m, turn, STAGES, ", "delayed(m, turn, STAGES + 1, "),
    "read before it was wanted": ('delayed(m, asked, STAGES, "given")',
                                  'self.counter.wanted & delayed(m, asked, 0, "")'),
    "short counters too short": ("< count < STATES", "< count <= STATES"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_counters(fault: str) -> None:
    design = mutated("hw.gateware.counters", *BROKEN[fault])["Counters"]
    with pytest.raises((AssertionError, OverflowError)):
        run(0, STATES if "short" in fault else COUNT, design)
