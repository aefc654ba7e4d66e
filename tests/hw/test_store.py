"""The store unit against NumPy: strobes, responses, and a bus that is never kept waiting."""

import random

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.store import Store
from hw.latency import BURST, STORE_READ
from tests.support import transfers
from tests.support.bus import serve_store
from tests.support.configs import BEATS, SKEW, TINY, WIDE
from tests.support.ports import Rows
from tests.support.pysim import get, put, put_fields, run_benches
from tests.support.transfer_bench import dram, feed, random_transfers

LIMIT = 6000
CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE, BEATS], ids=lambda config: config.name)


def filled_rows(config: EngineConfig, seed: int) -> Rows:
    rows = Rows(config)
    rows.data[:] = np.random.default_rng(seed).integers(0, 256, rows.data.shape)
    return rows


@pytest.mark.parametrize("seed", [0, 1, 2])
@CONFIGS
def test_equals_model(config: EngineConfig, seed: int) -> None:
    unit, rows, memory = Store(config), filled_rows(config, seed), dram(config, seed)
    commands, wanted = random_transfers("store", config, random.Random(seed), 4), memory.data.copy()
    snapshots: list = []
    feeder = feed(unit, commands, snapshots, limit=LIMIT, watch=lambda: memory.data.copy())

    async def issue(ctx) -> None:
        put(ctx, unit.burst_bytes, memory.timing.burst_bytes)
        await feeder(ctx)

    run_benches(
        unit,
        issue,
        background=[
            rows.serve_reads(unit.read, cycles=LIMIT),
            serve_store(unit, memory, cycles=LIMIT, granted=[]),
        ],
    )
    before = memory.data.copy()
    for command, snapshot in zip(commands, snapshots, strict=True):
        transfers.store(command, wanted, rows)
        for address, _, _ in transfers.transfer_pixels(command.fields, config):
            size = config.pe_rows
            np.testing.assert_array_equal(
                snapshot[address : address + size], wanted[address : address + size], strict=True
            )
    np.testing.assert_array_equal(before, wanted, strict=True)


@CONFIGS
def test_a_burst_is_asked_for_when_it_is_buffered(config: EngineConfig) -> None:
    """From the request on there is a beat every cycle; neither it nor the request waits for a ready."""
    unit, rows = Store(config), filled_rows(config, 0)
    beats = 64 // config.bus_bytes
    command = random_transfers("store", config, random.Random(0), 1)[0]
    fields = {
        **command.fields,
        "dram_address": 0,
        "blocks": 1,
        "beats": beats,
        "chunk": 0,
        "lead": 0,
        "tail": config.words_per_beat,
    }
    seen: list = []

    async def bench(ctx) -> None:
        put(ctx, unit.burst_bytes, 64)
        await ctx.tick()
        put_fields(ctx, unit.command.fields, fields)
        put(ctx, unit.command.ready, 1)
        cycles = 0
        await ctx.tick()
        put(ctx, unit.command.ready, 0)
        while not get(ctx, unit.request.valid):
            await ctx.tick()
            cycles += 1
        seen.append(cycles)
        for _ in range(5):  # nothing is granted or taken, nothing changes
            assert get(ctx, unit.request.valid)
            assert get(ctx, unit.beats.valid)
            await ctx.tick()
        put(ctx, unit.request.grant, 1)
        await ctx.tick()
        put(ctx, unit.request.grant, 0)
        assert not get(ctx, unit.request.valid)
        put(ctx, unit.beats.ready, 1)
        for beat in range(beats):
            assert get(ctx, unit.beats.valid)
            assert get(ctx, unit.beats.last) == (beat == beats - 1)
            await ctx.tick()
        assert not get(ctx, unit.beats.valid)
        put(ctx, unit.written, 1)
        assert get(ctx, unit.ended)

    run_benches(unit, bench, background=[rows.serve_reads(unit.read, cycles=LIMIT)])
    # The first beat is read when its burst is known; the last one `beats - 1` later, and is then on its way.
    assert seen == [BURST - 1 + beats - 1 + STORE_READ + 1]
