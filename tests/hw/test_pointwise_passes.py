"""`PointwisePasses`: order of reads, what starts a pass, and the latencies towards array and accumulators."""

import numpy as np
import pytest

from hw.commands import BODY
from hw.config import EngineConfig
from hw.gateware.pointwise_passes import PointwisePasses
from hw.latency import ACCUMULATOR_READ, ADDRESS, PASS_READY, POINTWISE_TAKE, array_input, array_latency
from tests.support.configs import SKEW, TINY
from tests.support.ports import Rows
from tests.support.pysim import get, pack, put, put_fields, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
COMMAND = {"in_row_stride": 20, "in_blocks": 2, "passes": 2, "kernel_rows": 1, "kernel_cols": 1, "tiles": 2,
           "tile_vectors": 3, "last_vectors": 1, "out_blocks": 2, "input_zero_point": -5}
FIRST_ROW = 2
CYCLES = 80


def order() -> dict[int, int]:
    """Row of each vector by the cycle of its issue: per tile, per output block, per input block."""
    passes = [[FIRST_ROW + tile * 3 + block * 20 + vector for vector in range(vectors)]
              for tile, vectors in enumerate((3, 1)) for _ in range(2) for block in range(2)]
    return {POINTWISE_TAKE + number * PASS_READY + vector: row
            for number, rows in enumerate(passes) for vector, row in enumerate(rows)}


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
        for cycle in range(CYCLES):
            put(ctx, passes.loaded, not any(started[-PASS_READY + 1:]))
            put(ctx, passes.start, cycle == 0)
            started.append(bool(get(ctx, passes.advance)))
            read.append(get(ctx, passes.read.row) if get(ctx, passes.read.enable) else None)
            operands.append(get(ctx, passes.operands))
            valid.append((get(ctx, passes.vector), get(ctx, passes.first)) if get(ctx, passes.valid) else None)
            await ctx.tick()

    run_benches(passes, bench, background=[rows.serve_reads(passes.read, cycles=CYCLES)])
    # The first vector `POINTWISE_TAKE` cycles after the start, a pass as often as its weights can be loaded.
    assert [cycle for cycle, first in enumerate(started) if first] == [
        POINTWISE_TAKE + number * PASS_READY for number in range(8)]
    assert {cycle - ADDRESS: row for cycle, row in enumerate(read) if row is not None} == order()
    for cycle, row in order().items():
        wanted = rows.data[row].view(np.int8).T.astype(int) + 5
        assert operands[cycle + array_input(config)] == pack(wanted.reshape(-1), 9, signed=True), cycle
    late = array_latency(config) - ACCUMULATOR_READ  # accumulators read while the sums are on their way
    assert [cycle - late for cycle, item in enumerate(valid) if item is not None] == list(order())
    assert [item[1] for item in valid if item is not None] == [1, 1, 1, 0, 0, 0] * 2 + [1, 0] * 2


def test_waits_for_weights_and_for_its_half() -> None:
    config = TINY
    passes, seen = PointwisePasses(config), []

    async def bench(ctx) -> None:
        start(ctx, passes)
        put(ctx, passes.half_busy, 0b01)
        await ctx.tick()
        put(ctx, passes.start, 0)
        await ctx.tick().repeat(POINTWISE_TAKE - 1)
        # Its half is busy; it is given back, so that the next cycle may start; but then its weights are not loaded.
        for loaded, half_busy, half_freed in ((1, 0b01, 0b10), (1, 0b01, 0b01), (0, 0b10, 0b00), (1, 0b10, 0b00)):
            put(ctx, passes.loaded, loaded)
            put(ctx, passes.half_busy, half_busy)
            put(ctx, passes.half_freed, half_freed)
            seen.append(get(ctx, passes.advance))
            await ctx.tick()
        put(ctx, passes.loaded, 0)  # a pass that runs needs neither
        put(ctx, passes.half_busy, 0b11)
        for _ in range(PASS_READY - 1):
            seen.append(get(ctx, passes.work.busy))
            await ctx.tick()
        put(ctx, passes.loaded, 1)
        seen.append(get(ctx, passes.advance))  # the block's second pass does not start a half

    run_benches(passes, bench)
    assert seen == [0, 0, 0, 1, 1, 1, 0, 1]
