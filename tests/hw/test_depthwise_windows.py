"""`DepthwiseWindows`: each window once and in order, padded, at the announced cycle; it waits for taps alone."""

import numpy as np
import pytest

from hw.commands import BODY
from hw.config import KERNEL, EngineConfig
from hw.gateware.depthwise_windows import DepthwiseWindows
from hw.latency import TAKE, depthwise_window
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.ports import Rows
from tests.support.pysim import get, pack, put, put_fields, run_benches, unpack

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
HEIGHT, WIDTH, BLOCKS, FIRST_ROW, ZERO_POINT = 4, 5, 2, 3, -9
WATCHED = 10
"""Cycles before a block's taps are there, in which nothing may be read."""


def expected_windows(image: np.ndarray, stride: int, pad: int) -> list[list[int]]:
    """Each window's KERNEL² words of one channel block, as integers."""
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), constant_values=ZERO_POINT)
    count_y, count_x = ((size + 2 * pad - KERNEL) // stride + 1 for size in image.shape[:2])
    return [
        [pack(padded[y * stride + row, x * stride + column], 8, signed=True)
         for row in range(KERNEL) for column in range(KERNEL)]
        for y in range(count_y) for x in range(count_x)
    ]  # fmt: skip


@CONFIGS
@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 1), (1, 0), (2, 2)])
def test_windows(config: EngineConfig, stride: int, pad: int) -> None:
    unit, rows = DepthwiseWindows(config, 4), Rows(config)
    images = np.random.default_rng(0).integers(-128, 128, (BLOCKS, HEIGHT, WIDTH, config.pe_rows)).astype(np.int8)
    block_rows = -(-HEIGHT * WIDTH // config.pe_pixels) + 1
    for block, image in enumerate(images):
        place = rows.data[FIRST_ROW + block * block_rows :].reshape(-1, config.pe_rows)
        place[: HEIGHT * WIDTH] = image.reshape(-1, config.pe_rows).view(np.uint8)
    windows = [expected_windows(image, stride, pad) for image in images]
    out_width = (WIDTH + 2 * pad - KERNEL) // stride + 1
    fields = {
        "blocks": BLOCKS, "in_pixel": FIRST_ROW * config.pe_pixels, "in_row_stride": block_rows,
        "ring_pixels": HEIGHT * WIDTH, "first_pixel": -pad * WIDTH % (HEIGHT * WIDTH), "first_y": -pad,
        "height": HEIGHT, "width": WIDTH, "row_step": stride * WIDTH, "stride": stride, "pad_left": pad,
        "column_blocks": -(-((out_width - 1) * stride + KERNEL) // config.pe_pixels),
        "out_rows": len(windows[0]) // out_width, "out_width": out_width, "input_zero_point": ZERO_POINT,
    }  # fmt: skip
    seen: list[tuple[int, int, int, list[int]]] = []
    starts: list[int] = []
    reads: list[int] = []
    pause = 10 * len(windows[0]) * config.dw_groups
    """Cycles that the second block's taps are late: longer than the first block takes."""
    cycles = 100 + 3 * BLOCKS * pause

    async def bench(ctx) -> None:
        put(ctx, unit.start, 1)
        put_fields(ctx, unit.fields, {field.name: fields.get(field.name, 0) for field in BODY["depthwise"]})
        put(ctx, unit.block_ready, 1)
        await ctx.tick()
        put(ctx, unit.start, 0)
        late = -1
        for cycle in range(cycles):
            put(ctx, unit.block_ready, late < 0 or cycle >= late + pause)
            if get(ctx, unit.block_start):
                starts.append(cycle)
                late = cycle + 1  # the next block's taps are not there for a long time
            busy = get(ctx, unit.busy)
            if get(ctx, unit.read.enable):
                reads.append(cycle)
            step = unit.step
            if get(ctx, step.valid):
                window = unpack(get(ctx, unit.window), 8 * config.pe_rows, KERNEL * KERNEL)
                seen.append((cycle, get(ctx, step.slot), get(ctx, step.group), window))
                marks = (get(ctx, step.first_of_command), get(ctx, step.first_of_block), get(ctx, step.last_of_command))
                number, group = divmod(len(seen) - 1, config.dw_groups)
                last = number == BLOCKS * len(windows[0]) - 1
                assert marks[:2] == (int(len(seen) == 1), int(group == 0 and number % len(windows[0]) == 0))
                assert marks[2] == int(last)
            if not busy and len(seen) == BLOCKS * len(windows[0]) * config.dw_groups:
                break
            await ctx.tick()

    run_benches(unit, bench, limit=40_000, background=[rows.serve_reads(unit.read, cycles=40_000)])
    wanted = [
        (block, group, window)
        for block in range(BLOCKS) for window in windows[block] for group in range(config.dw_groups)
    ]  # fmt: skip
    assert [item[1:] for item in seen] == wanted
    assert starts[0] == TAKE - 1  # counted from the cycle after the start
    # The first window is whole with the column block that holds its last column.
    first_block = (KERNEL - 1) // config.pe_pixels
    assert seen[0][0] == starts[0] + first_block * KERNEL + depthwise_window(config)
    assert starts[1] == starts[0] + 1 + pause
    assert not [cycle for cycle in reads if starts[1] - WATCHED < cycle <= starts[1]]
