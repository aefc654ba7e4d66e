"""`DepthwiseTaps` brings the taps and parameters of `pack_depthwise` to the lanes, a block ahead."""

import numpy as np
import pytest

from golden.synthetic import synthesise_layer
from hw.compiler.packing import pack_depthwise
from hw.config import EngineConfig
from hw.gateware.depthwise_taps import DepthwiseTaps
from tests.support.cases import depthwise
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.ports import serve_words
from tests.support.pysim import get, pack, put, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
BLOCKS = 6


@CONFIGS
def test_blocks_in_order(config: EngineConfig) -> None:
    taps = DepthwiseTaps(config)
    layer = synthesise_layer(depthwise("dw", (4, 4, BLOCKS * config.pe_rows)), 0, corner="extremes")
    packed = pack_depthwise(layer, config)
    memory = packed.view(np.uint8).reshape(-1, config.dw_word_bytes)
    first_word, waits = 5, []

    async def check_slot(ctx, block: int) -> None:
        for group in range(config.dw_groups):
            for signal, value in (
                (taps.tap_slot, block % taps.slots),
                (taps.tap_group, group),
                (taps.parameter_slot, block % taps.slots),
                (taps.parameter_group, group),
            ):
                put(ctx, signal, value)
            low = block * config.pe_rows + group * config.dw_channels
            channels = range(low, low + config.dw_channels)
            wanted = pack(
                (
                    layer.weights.reshape(-1, layer.weights.shape[2])[tap, c]
                    for c in channels
                    for tap in range(9)
                ),
                8,
                signed=True,
            )
            assert get(ctx, taps.taps) == wanted, (block, group)
            parameters = (
                pack([layer.bias[c]], 32, signed=True)
                | pack([layer.multiplier[c]], 32) << 32
                | pack([layer.shift[c]], 8, signed=True) << 64
                for c in channels
            )
            assert get(ctx, taps.parameters) == pack(parameters, 72), (block, group)

    async def bench(ctx) -> None:
        for signal, value in ((taps.start, 1), (taps.word, first_word), (taps.blocks, BLOCKS)):
            put(ctx, signal, value)
        await ctx.tick()
        put(ctx, taps.start, 0)
        for block in range(BLOCKS):
            cycles = 0
            while not get(ctx, taps.loaded):
                await ctx.tick()
                put(ctx, taps.advance, 0)
                cycles += 1
            waits.append(cycles)
            put(ctx, taps.advance, 1)
            if block % 2:  # the next block loads from this cycle on, or waits for a while
                await ctx.tick()
                put(ctx, taps.advance, 0)
                await ctx.tick().repeat(3)
            else:
                await ctx.tick()
                put(ctx, taps.advance, 0)
                await ctx.tick().repeat(config.dw_block_words + 5)
            await check_slot(ctx, block)
        assert not get(ctx, taps.busy)

    run_benches(
        taps,
        bench,
        serve_words(taps.weights, memory, first_word, cycles=BLOCKS * 3 * config.dw_block_words + 60),
    )
    assert waits[0] == config.dw_block_words
    assert waits[2] == config.dw_block_words - 4  # loading since the block before was started, 4 cycles ago


@CONFIGS
def test_only_one_block_ahead(config: EngineConfig) -> None:
    """A block that waits for `advance` is not overwritten."""
    taps = DepthwiseTaps(config)
    addresses = []

    async def bench(ctx) -> None:
        for signal, value in ((taps.start, 1), (taps.word, 0), (taps.blocks, 3)):
            put(ctx, signal, value)
        await ctx.tick()
        put(ctx, taps.start, 0)
        for _ in range(3 * config.dw_block_words):
            await ctx.tick()
            addresses.append(get(ctx, taps.weights.word))
        assert get(ctx, taps.loaded)
        assert get(ctx, taps.busy)

    run_benches(taps, bench)
    assert max(addresses) == config.dw_block_words
