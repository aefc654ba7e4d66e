"""`DepthwiseLanes` against NumPy, one window and channel group a cycle; its latencies are measured."""

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.depthwise_lanes import TAPS, DepthwiseLanes
from hw.latency import DEPTHWISE_LANES, DEPTHWISE_TAPS
from tests.support.configs import SKEW, TINY
from tests.support.pysim import delay_of, get, pack, put, run_benches, unpack


@pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
def test_sums(config: EngineConfig) -> None:
    lanes, rng, count = DepthwiseLanes(config), np.random.default_rng(0), 120
    channels = config.dw_channels
    windows = rng.integers(-128, 128, (count, TAPS, config.pe_rows))
    taps = rng.integers(-128, 128, (count, channels, TAPS))
    windows[:20], taps[:20] = (
        rng.choice([-128, 127], windows[:20].shape),
        rng.choice([-128, 127], taps[:20].shape),
    )
    groups = rng.integers(0, config.dw_groups, count)
    zero_in, zero_weight = rng.choice([-128, 0, 127, 5], count), rng.choice([-128, 0, 127, -9], count)
    expected = []
    for i in range(count):
        picked = windows[i, :, groups[i] * channels : (groups[i] + 1) * channels] - zero_in[i]
        expected.append(((taps[i].T - zero_weight[i]) * picked).sum(axis=0).tolist())
    seen = []

    async def bench(ctx) -> None:
        for index in range(count + DEPTHWISE_LANES + 2):
            seen.append(unpack(get(ctx, lanes.sums), 32, channels, signed=True))
            i, late = min(index, count - 1), min(max(index - DEPTHWISE_TAPS, 0), count - 1)
            ctx.set(lanes.window.as_value(), pack(windows[i].reshape(-1), 8, signed=True))
            put(ctx, lanes.group, groups[i])
            put(ctx, lanes.input_zero_point, zero_in[late])
            ctx.set(lanes.taps.as_value(), pack(taps[late].reshape(-1), 8, signed=True))
            put(ctx, lanes.weight_zero_point, zero_weight[late])
            await ctx.tick()

    run_benches(lanes, bench)
    assert delay_of(seen, expected) == DEPTHWISE_LANES
