"""`PointwiseWeights`: tiles and parameters of `pack_pointwise` in order, a tile ahead, at the announced cycle."""

import dataclasses

import numpy as np
import pytest

from golden.synthetic import synthesise_layer
from hw.commands import BODY
from hw.compiler.packing import pack_pointwise
from hw.config import EngineConfig
from hw.gateware.pointwise_weights import PointwiseWeights
from hw.latency import weight_latency
from tests.support.cases import pointwise
from tests.support.configs import LONE, RAGGED, SKEW, TINY, WIDE
from tests.support.ports import serve_words
from tests.support.pysim import get, pack, put, put_fields, run_benches

ZERO_POINT, FIRST = 3, 6
THIRDS = dataclasses.replace(SKEW, name="thirds", pe_cols=24, weight_rows=1, weight_bytes=24 * 256)
"""Words of three channels, of which the requantiser takes eight."""


@pytest.mark.parametrize("config", [TINY, SKEW, WIDE, LONE, RAGGED, THIRDS], ids=lambda config: config.name)
def test_tiles_and_parameters(config: EngineConfig) -> None:
    unit = PointwiseWeights(config)
    rows, cols, lines = config.pe_rows, config.pe_cols, config.weight_rows_per_word
    layer = synthesise_layer(
        pointwise("pw", (2, 2, 2 * rows), 2 * cols), 0, corner="extremes", weight_zero_point=ZERO_POINT
    )
    words = pack_pointwise(layer, config).view(np.uint8).reshape(-1, config.weight_word_bytes)
    tiles = [(block_in, block_out) for _ in range(2) for block_out in range(2) for block_in in range(2)]
    cycles = 2 * (len(words) + 4 * config.tile_words) + 100
    arrived: list[tuple[int, int, int, int]] = []
    loaded_at: list[int] = []
    issued_at: list[int] = []

    async def bench(ctx) -> None:
        put(ctx, unit.start, 1)
        fields = {"word": FIRST, "tiles": 2, "passes": 2, "out_blocks": 2, "weight_zero_point": ZERO_POINT}
        put_fields(ctx, unit.fields, {field.name: fields.get(field.name, 0) for field in BODY["pointwise"]})
        await ctx.tick()
        put(ctx, unit.start, 0)
        for cycle in range(cycles):
            loaded = get(ctx, unit.loaded)
            if loaded:
                loaded_at.append(cycle)
            put(ctx, unit.advance, loaded)
            if get(ctx, unit.busy):
                issued_at.append(cycle)
            if get(ctx, unit.load):
                arrived.append((cycle, get(ctx, unit.load), get(ctx, unit.load_bank), get(ctx, unit.weights)))
            await ctx.tick()
        for slot in range(4):
            put(ctx, unit.slot, slot)
            for place in range(cols // config.drain_channels):
                put(ctx, unit.place, place)
                first = slot % 2 * cols + place * config.drain_channels
                wanted = (
                    pack([layer.bias[c]], 32, signed=True)
                    | pack([layer.multiplier[c]], 32) << 32
                    | pack([layer.shift[c]], 8, signed=True) << 64
                    for c in range(first, first + config.drain_channels)
                )
                assert get(ctx, unit.parameters) == pack(wanted, 72), (slot, place)

    run_benches(unit, bench, background=[serve_words(unit.memory, words, FIRST, cycles=cycles)])
    assert len(loaded_at) == len(tiles)
    assert arrived[0][0] == issued_at[0] + weight_latency(config)
    assert loaded_at[0] == issued_at[0] + config.tile_words - 1
    wanted = []
    for number, (block_in, block_out) in enumerate(tiles):
        tile = layer.weights[
            block_in * rows : (block_in + 1) * rows, block_out * cols : (block_out + 1) * cols
        ].astype(int)
        for first in range(0, rows, lines):
            load = sum(1 << row for row in range(first, first + lines))
            wanted.append(
                (
                    load,
                    number % 2,
                    pack((tile[first : first + lines] - ZERO_POINT).reshape(-1), 9, signed=True),
                )
            )
    assert [item[1:] for item in arrived] == wanted
