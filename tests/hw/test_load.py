"""The load unit against NumPy: every beat into its place, partial beats too, `ended` when the last one is there."""

import random

import numpy as np
import pytest

from hw.config import EngineConfig
from hw.gateware.load import Load
from tests.support import transfers
from tests.support.bus import serve_requests
from tests.support.configs import BEATS, SKEW, TINY, WIDE
from tests.support.mutation import mutated
from tests.support.ports import Rows
from tests.support.pysim import get, put, put_fields, run_benches
from tests.support.transfer_bench import dram, feed, random_transfers

LIMIT = 6000

FAULTS = {
    "odd columns over the even ones": (SKEW, "Mux(odd, command.phase_row_stride, 0)", "0"),
    "a pixel's place after each of its beats": (SKEW, "command.split & pixel_done & ~odd", "command.split & ~odd"),
    "never taken apart": (SKEW, "back.eq(command.split &", "back.eq(0 &"),
    "phases go on into the next block": (SKEW, "odd.eq(~last_beat &", "odd.eq("),
    "the other phase": (WIDE, "pick.eq(command.odd ^", "pick.eq(~command.odd ^"),
    "columns counted from the beat": (WIDE, "command.odd ^ command.lead[0]", "command.odd"),
    "every place from its first half": (BEATS, "half.eq(head.half)", "half.eq(0)"),
    "blocks of one beat go on": (TINY, "single_beat.eq(fields.beats == 1)", "single_beat.eq(0)"),
    "a command's only block is not its last": (TINY, "single_block.eq(fields.blocks == 1)", "single_block.eq(0)"),
    "blocks from where the last ended": (BEATS, "Mux(last_beat, command.half, half ^ there)", "half ^ there"),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("config", [TINY, SKEW, WIDE, BEATS], ids=lambda config: config.name)
def test_equals_model(config: EngineConfig, seed: int) -> None:
    check(Load(config), config, seed)


def check(unit, config: EngineConfig, seed: int) -> None:
    """Runs random loads on `unit`; raises `AssertionError` unless each leaves what it should when it ends."""
    rows, wanted, memory = Rows(config), Rows(config), dram(config, seed)
    commands = random_transfers("load", config, random.Random(seed), 4)
    snapshots: list = []
    feeder = feed(unit, commands, snapshots, limit=LIMIT, watch=lambda: rows.data.copy())

    async def issue(ctx) -> None:
        put(ctx, unit.burst_bytes, memory.timing.burst_bytes)
        await feeder(ctx)

    run_benches(
        unit,
        issue,
        background=[
            rows.take_writes(unit.write, cycles=LIMIT),
            serve_requests(unit.request, unit.beats, memory, cycles=LIMIT),
        ],
    )
    for number, (command, snapshot) in enumerate(zip(commands, snapshots, strict=True)):
        transfers.load(command, memory.data, wanted)
        np.testing.assert_array_equal(snapshot, wanted.data, strict=True, err_msg=f"command {number}")
    np.testing.assert_array_equal(rows.data, wanted.data, strict=True)


def test_next_command_starts_when_bursts_are_granted() -> None:
    """With no data back yet, the second command's bursts are asked for; the fifth waits for a place."""
    config = TINY
    unit, asked = Load(config), []
    commands = random_transfers("load", config, random.Random(5), 6)

    async def bench(ctx) -> None:
        put(ctx, unit.burst_bytes, 256)
        pending = list(commands)
        for _ in range(200):
            put(ctx, unit.command.ready, bool(pending))
            if pending:
                put_fields(ctx, unit.command.fields, pending[0].fields)
                if get(ctx, unit.command.pop):
                    pending.pop(0)
            put(ctx, unit.request.grant, get(ctx, unit.request.valid))
            if get(ctx, unit.request.valid):
                asked.append(get(ctx, unit.request.address))
            await ctx.tick()

    run_benches(unit, bench)
    # One command's data is awaited, `OPEN_TRANSFERS` more are expected behind it.
    firsts = [command.fields["dram_address"] in asked for command in commands]
    assert firsts == [True] * 5 + [False]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_loads_are_noticed(fault: str) -> None:
    config, old, new = FAULTS[fault]
    broken = mutated("hw.gateware.load", old, new)["Load"]
    for seed in range(6):
        try:
            check(broken(config), config, seed)
        except AssertionError:
            return
    pytest.fail(f"{fault}: not noticed")
