"""`SystolicArray`: sums of products at the announced cycle, weights exchanged behind the wave."""

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.systolic_array import SystolicArray, sum_bits
from hw.latency import MULTIPLY
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.pysim import delay_of, get, pack, put, run_benches, unpack

VECTORS = 60


@pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
def test_sums_and_latency(config: EngineConfig) -> None:
    """Both banks hold weights; operands choose between them vector by vector."""
    array, rng = SystolicArray(config), np.random.default_rng(1)
    rows, cols, pixels, lines = config.pe_rows, config.pe_cols, config.pe_pixels, config.weight_rows_per_word
    weights = rng.integers(-255, 256, (2, rows, cols))
    operands = rng.integers(-255, 256, (VECTORS, rows, pixels))
    weights[:, :, 0], operands[:10] = 255, -255
    banks = rng.integers(0, 2, VECTORS)
    expected = np.einsum("vrp,vrc->vcp", operands, weights[banks])
    seen: list[list[list[int]]] = [[] for _ in range(cols)]

    async def bench(ctx) -> None:
        for bank in range(2):
            for first in range(0, rows, lines):
                ctx.set(
                    array.weights.as_value(),
                    pack(weights[bank, first : first + lines].reshape(-1), 9, signed=True),
                )
                put(ctx, array.load, sum(1 << row for row in range(first, first + lines)))
                put(ctx, array.load_bank, bank)
                await ctx.tick()
        put(ctx, array.load, 0)
        ctx.set(array.weights.as_value(), 0)
        put(ctx, array.bank, banks[0])  # a cycle ahead
        await ctx.tick().repeat(cols)
        for index in range(VECTORS + rows + cols + 3):
            sums = unpack(get(ctx, array.sums), sum_bits(config), cols * pixels, signed=True)
            for column in range(cols):
                seen[column].append(sums[column * pixels : (column + 1) * pixels])
            i = min(index, VECTORS - 1)
            ctx.set(array.operands.as_value(), pack(operands[i].reshape(-1), 9, signed=True))
            put(ctx, array.bank, banks[min(index + 1, VECTORS - 1)])
            await ctx.tick()

    run_benches(array, bench)
    for column in range(cols):
        assert delay_of(seen[column], expected[:, column].tolist()) == MULTIPLY + rows + column


def test_weights_are_used_two_cycles_after_they_arrive() -> None:
    config = TINY
    array, seen = SystolicArray(config), []

    async def bench(ctx) -> None:
        ctx.set(array.operands.as_value(), pack([1] * config.pe_rows * config.pe_pixels, 9, signed=True))
        await ctx.tick().repeat(2 * config.pe_rows + config.pe_cols)
        ctx.set(array.weights.as_value(), pack([3] * config.pe_cols, 9, signed=True))
        put(ctx, array.load, 1 << config.pe_rows - 1)  # the last row: its product is the next one added
        await ctx.tick()
        put(ctx, array.load, 0)
        for _ in range(config.pe_cols + MULTIPLY + 3):
            seen.append(
                unpack(get(ctx, array.sums), sum_bits(config), config.pe_cols * config.pe_pixels, signed=True)
            )
            await ctx.tick()

    run_benches(array, bench)
    changed = [
        next(i for i, sums in enumerate(seen) if sums[column * config.pe_pixels] == 3)
        for column in range(config.pe_cols)
    ]
    # Two cycles after it arrives the weight multiplies; a cycle after the product the sum is seen below.
    assert changed == [2 + MULTIPLY + column for column in range(config.pe_cols)]
