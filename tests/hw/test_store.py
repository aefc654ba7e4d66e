"""The store unit against NumPy: strobes, responses, and a bus that is never kept waiting."""

import random

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.store import Store
from hw.latency import BURST, CHOICE, GRANT, STORE_READ
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


@pytest.mark.parametrize("length", ["one beat", "two beats", "a burst", "two bursts"])
@CONFIGS
def test_a_burst_is_asked_for_when_it_is_buffered(config: EngineConfig, length: str) -> None:
    """From the moment the bus can take the first beat on there is one every cycle; nothing waits for a ready."""
    unit, rows = Store(config), filled_rows(config, 0)
    whole = 64 // config.bus_bytes
    beats = {"one beat": 1, "two beats": 2, "a burst": whole, "two bursts": 2 * whole}[length]
    lasts = [beat % whole == 0 or beat == beats for beat in range(1, beats + 1)]
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
    asked: list[int] = []

    async def bench(ctx) -> None:
        put(ctx, unit.burst_bytes, 64)
        await ctx.tick()
        put_fields(ctx, unit.command.fields, fields)
        put(ctx, unit.command.ready, 1)
        cycles = 0
        await ctx.tick()
        put(ctx, unit.command.ready, 0)
        for _ in range(sum(lasts)):
            while not get(ctx, unit.request.valid):
                await ctx.tick()
                cycles += 1
            asked.append(cycles)
            for _ in range(CHOICE):  # not granted yet, so still there
                await ctx.tick()
                assert get(ctx, unit.request.valid)
            put(ctx, unit.request.grant, 1)
            await ctx.tick()
            put(ctx, unit.request.grant, 0)
            assert not get(ctx, unit.request.valid)
            await ctx.tick()
            cycles += CHOICE + 2
        await ctx.tick().repeat(GRANT + 1 - 2)  # on the bus, and a cycle later the memory takes data
        put(ctx, unit.beats.ready, 1)
        for last in lasts:
            assert get(ctx, unit.beats.valid)
            assert get(ctx, unit.beats.last) == last
            await ctx.tick()
        assert not get(ctx, unit.beats.valid)
        for last in range(1, sum(lasts) + 1):
            put(ctx, unit.written, 1)
            assert get(ctx, unit.ended) == (last == sum(lasts))
            await ctx.tick()

    run_benches(unit, bench, background=[rows.serve_reads(unit.read, cycles=LIMIT)])
    # The first beat is read when its burst is known; the last one of a burst later, and is then on its way.
    first = BURST - 1 + min(beats, whole) - 1 + STORE_READ + 1
    assert asked == [first, first + BURST - 1 + whole][:sum(lasts)]
