"""`PointwiseDrain`: when it begins, when it gives its half back, and where each element goes."""

import numpy as np
import pytest

from hw.commands import BODY
from hw.config import PRESETS, EngineConfig
from hw.gateware.pointwise_drain import PointwiseDrain
from hw.latency import BLOCK_READY, DRAINED, PASS_READY, REQUANTISE, array_latency, drain_delay, drain_tail_vectors
from tests.support.configs import BEATS, DOZEN, QUAD, SKEW, TINY, WIDE
from tests.support.ports import Rows
from tests.support.pysim import get, pack, put, put_fields, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE, BEATS, QUAD, DOZEN], ids=lambda config: config.name)
ONE = pack([0], 32) | (1 << 30) << 32 | 1 << 64
"""Parameters that leave an accumulator as it is: bias 0, multiplier 2^30, shift 1."""

VECTORS, OUT_ROW = 7, 40


@CONFIGS
def test_times_and_places(config: EngineConfig) -> None:
    """Two blocks of one tile, each in a half of its own; the last octet of the second is not written."""
    unit, rows, rng = PointwiseDrain(config), Rows(config), np.random.default_rng(0)
    sums = rng.integers(-128, 128, (2, VECTORS, config.pe_cols, config.pe_pixels))
    size = config.slice_channels
    octets = 2 * config.slices_per_block - (config.slices_per_block > 1)
    fields = {
        "tiles": 1, "tile_vectors": VECTORS, "last_vectors": VECTORS, "first_lane": config.pe_pixels - 1,
        "last_lanes": 1, "out_row": OUT_ROW, "out_octet": 0, "out_row_stride": 10, "out_blocks": 2,
        "octets": octets, "minimum": -128, "maximum": 127,
    }  # fmt: skip
    free: list[tuple[int, int]] = []
    first_reads: list[int] = []
    ends: list[int] = []
    work = VECTORS * config.drain_cycles
    cycles = 4 + drain_delay(config) + 2 * work + 30

    async def bench(ctx) -> None:
        put_fields(ctx, unit.fields, {field.name: fields.get(field.name, 0) for field in BODY["pointwise"]})
        put(ctx, unit.start, 1)
        await ctx.tick()
        put(ctx, unit.start, 0)
        ctx.set(unit.parameters.as_value(), pack([ONE] * config.drain_channels, 72))
        await ctx.tick().repeat(3)
        pipeline = [0] * DRAINED
        for cycle in range(cycles):
            put(ctx, unit.block_end, cycle in (0, BLOCK_READY))
            half, vector = get(ctx, unit.half), get(ctx, unit.vector)
            if get(ctx, unit.free):
                free.append((cycle, get(ctx, unit.free)))
            if vector == 1 and (not first_reads or half):
                first_reads.append(cycle)
            if get(ctx, unit.ended):
                ends.append(cycle)
            pipeline.append(pack(sums[half, vector % VECTORS].reshape(-1), 32, signed=True))
            await ctx.tick()
            ctx.set(unit.drained.as_value(), pipeline.pop(1))

    run_benches(unit, bench, background=[rows.take_writes(unit.write, cycles=cycles + 10)])
    begin = drain_delay(config) + 1
    assert first_reads[0] == begin + config.drain_cycles
    kept = max(0, VECTORS - drain_tail_vectors(config)) * config.drain_cycles
    assert free == [(begin + kept, 0b01), (begin + work + kept, 0b10)]  # the second follows at once
    assert ends == [begin + 2 * work - 1 + DRAINED + 1 + REQUANTISE + 1]

    pixels = range(config.pe_pixels - 1, (VECTORS - 1) * config.pe_pixels + 1)
    wanted = Rows(config)
    for octet in range(octets):
        word, place = divmod(octet, config.slices_per_word)
        for pixel in pixels:
            vector, lane = divmod(pixel, config.pe_pixels)
            block, column = divmod(octet * size, config.pe_cols)
            values = sums[block, vector, column : column + size, lane].astype(np.int8).view(np.uint8)
            wanted.data[OUT_ROW + word * 10 + vector, lane, place * size : (place + 1) * size] = values
    np.testing.assert_array_equal(rows.data, wanted.data, strict=True)


@pytest.mark.parametrize(
    "config", [TINY, SKEW, WIDE, BEATS, QUAD, DOZEN, *PRESETS.values()], ids=lambda config: config.name
)
def test_half_is_drained_before_it_is_overwritten(config: EngineConfig) -> None:
    """Vector v of the next block is written `array_latency` + 2 + v cycles after the half is given back; until then it
    must have been read. The shortest passes are the most dangerous.

    The next block's second pass takes the read port 4 cycles before its first write; by then all must have been read,
    each a cycle after it was asked for.
    """
    for vectors in range(1, config.half_vectors + 1):
        kept = max(0, vectors - drain_tail_vectors(config))
        for vector in range(kept, vectors):
            read = (vector - kept + 1) * config.drain_cycles - 1
            assert read <= array_latency(config) + 1 + vector, (vectors, vector)
            assert read + 1 < array_latency(config) + 2 - 4 + PASS_READY, (vectors, vector)
