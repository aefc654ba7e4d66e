"""`PointwisePasses`: order of reads, what starts a pass, and the latencies towards array and accumulators."""

import numpy as np
import pytest

from hw.commands import BODY
from hw.config import EngineConfig
from hw.gateware.pointwise_passes import PointwisePasses
from hw.latency import RAM_READ, TAKE, array_input, array_latency
from tests.support.configs import SKEW, TINY
from tests.support.ports import Rows
from tests.support.pysim import get, pack, put, put_fields, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
COMMAND = {"in_row_stride": 20, "in_blocks": 2, "passes": 2, "kernel_rows": 1, "kernel_cols": 1, "tiles": 2,
           "tile_vectors": 3, "last_vectors": 1, "out_blocks": 2, "input_zero_point": -5}
FIRST_ROW = 2
CYCLES = 80


def order() -> list[tuple[int, bool]]:
    """(row, first of its pass) of each vector: per tile, per output block, per input block."""
    return [(FIRST_ROW + tile * 3 + block * 20 + vector, vector == 0)
            for tile, vectors in enumerate((3, 1)) for _ in range(2) for block in range(2) for vector in range(vectors)]


def start(ctx, passes: PointwisePasses) -> None:
    put(ctx, passes.start, 1)
    fields = {"in_pixel": FIRST_ROW * passes.config.pe_pixels, **COMMAND}
    put_fields(ctx, passes.fields, {field.name: fields.get(field.name, 0) for field in BODY["pointwise"]})


@CONFIGS
def test_order_and_latencies(config: EngineConfig) -> None:
    passes, rows, rng = PointwisePasses(config), Rows(config), np.random.default_rng(0)
    rows.data[:] = rng.integers(0, 256, rows.data.shape)
    started, read, operands, valid = [], [], [], []

    async def bench(ctx) -> None:
        start(ctx, passes)
        put(ctx, passes.loaded, 1)
        await ctx.tick()
        put(ctx, passes.start, 0)
        for _ in range(CYCLES):
            started.append(bool(get(ctx, passes.advance)))
            read.append(get(ctx, passes.read.row) if get(ctx, passes.read.enable) else None)
            operands.append(get(ctx, passes.operands))
            valid.append((get(ctx, passes.vector), get(ctx, passes.first)) if get(ctx, passes.valid) else None)
            await ctx.tick()

    run_benches(passes, bench, background=[rows.serve_reads(passes.read, cycles=CYCLES)])
    count = len(order())
    # A vector a cycle, `TAKE` cycles after the start; its address is there a cycle later.
    assert started == [first for _, first in order()] + [False] * (CYCLES - count)
    assert read == [None, *(row for row, _ in order()), *[None] * (CYCLES - count - 1)]
    assert TAKE == 1
    for index, (row, _) in enumerate(order()):
        wanted = rows.data[row].view(np.int8).T.astype(int) + 5
        assert operands[index + array_input(config)] == pack(wanted.reshape(-1), 9, signed=True), index
    late = array_latency(config) - RAM_READ  # accumulators read while the sums are on their way
    first = [index for index, item in enumerate(valid) if item is not None]
    assert first == list(range(late, late + count))
    assert [item[1] for item in valid if item is not None] == [1, 1, 1, 0, 0, 0] * 2 + [1, 0] * 2


def test_waits_for_weights_and_for_its_half() -> None:
    config = TINY
    passes, seen = PointwisePasses(config), []

    async def bench(ctx) -> None:
        start(ctx, passes)
        await ctx.tick()
        put(ctx, passes.start, 0)
        for loaded, half_busy in ((0, 0b00), (1, 0b01), (1, 0b10)):
            put(ctx, passes.loaded, loaded)
            put(ctx, passes.half_busy, half_busy)
            seen.append(get(ctx, passes.advance))
            await ctx.tick()
        put(ctx, passes.loaded, 0)  # a pass that runs needs neither
        put(ctx, passes.half_busy, 0b11)
        for _ in range(2):
            seen.append(get(ctx, passes.read.enable) != 0)  # of the vector before
            await ctx.tick()
        put(ctx, passes.loaded, 1)
        seen.append(get(ctx, passes.advance))  # the block's second pass does not start a half

    run_benches(passes, bench)
    assert seen == [0, 0, 1, True, True, 1]
