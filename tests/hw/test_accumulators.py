"""`Accumulators`: passes add up or start anew, halves are independent, the drain reads two cycles later."""

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.accumulators import Accumulators
from hw.gateware.systolic_array import sum_bits
from hw.latency import ACCUMULATOR_READ, DRAINED, RAM_READ
from tests.support.configs import SKEW, TINY
from tests.support.pysim import delay_of, get, pack, put, run_benches, unpack

AGAIN = 2 + RAM_READ
"""Cycles after which a vector may be added to again."""


@pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
def test_adds_and_drains(config: EngineConfig) -> None:
    unit, rng = Accumulators(config), np.random.default_rng(2)
    cols, pixels, bits = config.pe_cols, config.pe_pixels, sum_bits(config)
    vectors, passes = 5, 4
    events = [
        (half, vector, number == 0)
        for half in (0, 1)
        for number in range(passes)
        for vector in range(vectors)
    ]
    events += [(0, vector, True) for vector in range(AGAIN)] + [(0, vector, False) for vector in range(AGAIN)]
    low = 1 << bits - 1
    sums = rng.integers(-low, low, (len(events), cols, pixels))
    totals = np.zeros((2, vectors, cols, pixels), np.int64)
    for (half, vector, first), values in zip(events, sums, strict=True):
        totals[half, vector] = values + (0 if first else totals[half, vector])
    order = [(half, vector) for half in (1, 0) for vector in range(vectors)]
    seen = []

    async def bench(ctx) -> None:
        for cycle in range(len(events) + cols + AGAIN + 1):
            half, vector, first = events[min(cycle, len(events) - 1)]
            for signal, value in (
                (unit.valid, cycle < len(events)),
                (unit.half, half),
                (unit.vector, vector),
                (unit.first, first),
            ):
                put(ctx, signal, value)
            # Column c's sums belong to the control of `ACCUMULATOR_READ` + c cycles ago.
            skewed = [
                sums[min(max(cycle - ACCUMULATOR_READ - column, 0), len(events) - 1), column] for column in range(cols)
            ]
            ctx.set(unit.sums.as_value(), pack(np.concatenate(skewed), bits, signed=True))
            await ctx.tick()
        for cycle in range(len(order) + DRAINED + 1):
            seen.append(unpack(get(ctx, unit.drained), 32, cols * pixels, signed=True))
            half, vector = order[min(cycle, len(order) - 1)]
            put(ctx, unit.drain_half, half)
            put(ctx, unit.drain_vector, vector)
            await ctx.tick()

    run_benches(unit, bench)
    assert delay_of(seen, [totals[half, vector].reshape(-1).tolist() for half, vector in order]) == DRAINED


def test_one_half_drains_while_the_other_adds() -> None:
    config = TINY
    unit, seen, lanes = Accumulators(config), [], config.pe_cols * config.pe_pixels

    async def bench(ctx) -> None:
        for signal, value in ((unit.valid, 1), (unit.first, 1), (unit.half, 0), (unit.vector, 2)):
            put(ctx, signal, value)
        ctx.set(unit.sums.as_value(), pack([7] * lanes, sum_bits(config), signed=True))
        await ctx.tick()
        put(ctx, unit.valid, 0)
        await ctx.tick().repeat(config.pe_cols + 4)
        put(ctx, unit.valid, 1)
        put(ctx, unit.half, 1)
        put(ctx, unit.drain_vector, 2)
        for first in (1, 0, 0, 0):
            put(ctx, unit.first, first)
            ctx.set(unit.sums.as_value(), pack([100] * lanes, sum_bits(config), signed=True))
            await ctx.tick().repeat(AGAIN + config.pe_cols)
            seen.append(unpack(get(ctx, unit.drained), 32, lanes, signed=True))

    run_benches(unit, bench)
    assert seen == [[7] * lanes] * 4
