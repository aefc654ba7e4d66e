"""`Tally`: `none` is said of the count in each cycle, whatever comes and goes at once."""

import random

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hw.gateware.tally import Tally
from tests.support.pysim import get, put, run_benches


class Counter(Component):
    more: In(1)
    less: In(1)
    none: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.none.eq(Tally(m, 4, "count", more=self.more, less=self.less).none)
        return m


def test_none() -> None:
    unit, rng = Counter(), random.Random(0)
    seen = set()

    async def bench(ctx) -> None:
        count = 0
        for _ in range(400):
            assert get(ctx, unit.none) == (count == 0)
            more, less = count < 15 and rng.random() < 0.5, count > 0 and rng.random() < 0.6
            seen.add((count == 0, count == 1, more, less))
            put(ctx, unit.more, more)
            put(ctx, unit.less, less)
            await ctx.tick()
            count += more - less

    run_benches(unit, bench)
    assert {(False, True, more, less) for more in (False, True) for less in (False, True)} <= seen
