"""`Countdown`: its flags are those of its count, in each cycle."""

import random

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hw.gateware.countdown import Countdown
from tests.support.pysim import get, put, run_benches


class Counter(Component):
    loaded: In(1)
    value: In(6)
    stepped: In(1)
    left: Out(6)
    last: Out(1)
    second: Out(1)
    any: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Countdown(m, 6, "count")
        with m.If(self.stepped):
            count.step()
        with m.If(self.loaded):
            count.load(self.value)
        m.d.comb += [self.left.eq(count.left), self.last.eq(count.last), self.second.eq(count.second),
                     self.any.eq(count.any)]
        return m


def test_flags() -> None:
    unit, rng = Counter(), random.Random(0)

    async def bench(ctx) -> None:
        expected = 0
        for _ in range(300):
            loaded, value, stepped = rng.random() < 0.15, rng.randrange(8), expected and rng.random() < 0.7
            for signal, number in ((unit.loaded, loaded), (unit.value, value), (unit.stepped, bool(stepped))):
                put(ctx, signal, number)
            await ctx.tick()
            expected = value if loaded else expected - bool(stepped)
            seen = tuple(get(ctx, signal) for signal in (unit.left, unit.last, unit.second, unit.any))
            assert seen == (expected, expected == 1, expected == 2, expected != 0)

    run_benches(unit, bench)
