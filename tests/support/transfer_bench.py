"""Random commands for the units of transfer, and the bench that feeds them."""

import dataclasses
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hw.commands import Command
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from tests.support.burst_memory import BurstMemory
from tests.support.pysim import Bench, get, put, put_fields

DRAM = 16384


def random_transfers(unit: str, config: EngineConfig, rng: random.Random, count: int) -> list[Command]:
    """Loads or stores whose DRAM and rows do not overlap."""
    commands = []
    bus, per_beat = config.bus_bytes, config.words_per_beat
    for index in range(count):
        blocks = rng.randint(1, 3)
        beats = rng.choice([1, 2, 3, 17, 40]) if per_beat == 1 else rng.choice([2, 3, 21])
        beats_per_pixel = max(1, config.pe_rows // bus)
        beats = -(-beats // beats_per_pixel) * beats_per_pixel  # whole pixels
        chunks = config.chunks_per_row // beats_per_pixel
        chunk = rng.randrange(chunks) * beats_per_pixel
        rows = -(-(chunk + beats) // config.chunks_per_row)
        first_row = index * 64
        commands.append(
            Command(
                unit=unit,
                layer=0,
                fields={
                    "dram_address": index * (DRAM // count // bus * bus) + rng.randrange(8) * bus,
                    "dram_stride": (beats + rng.randrange(4)) * bus,
                    "blocks": blocks,
                    "beats": beats,
                    "row": first_row,
                    "chunk": chunk,
                    "row_stride": rows + rng.randrange(3),
                    "lead": rng.randrange(per_beat),
                    "tail": rng.randint(1, per_beat),
                    **(_phases(config, rng) if unit == "load" else {}),
                },
            )
        )
    return commands


def _phases(config: EngineConfig, rng: random.Random) -> dict[str, int]:
    """A split transfer or not; the second phase lies behind all rows of the first."""
    split, wide = rng.randrange(2), config.words_per_beat > 1
    return {
        "split": split,
        "phase_row_stride": 24 if split else 0,
        "odd": rng.randrange(2) if split and wide else 0,
        "half": rng.randrange(2) if split and wide else 0,
    }


def dram(
    config: EngineConfig, seed: int, *, timing: MemoryTiming | None = None, random_delays: bool = True
) -> BurstMemory:
    data = np.random.default_rng(seed).integers(0, 256, DRAM).astype(np.uint8)
    timing = timing or MemoryTiming(burst_bytes=64, read_latency=9, write_latency=5)
    timing = dataclasses.replace(
        timing, max_outstanding=config.max_outstanding
    )  # as the arbiter would have it
    return BurstMemory(
        config=config,
        timing=timing,
        data=data,
        allowed=(0, DRAM),
        chance=random.Random(seed) if random_delays else None,
    )


def feed(
    unit, commands: Sequence[Command], ends: list[NDArray[np.uint8] | int], *, limit: int, watch=None
) -> Bench:
    """Offers `commands` one after another; appends `watch()` (or the cycle) to `ends` when each has ended."""

    async def bench(ctx) -> None:
        pending = list(commands)
        quiet = now = 0
        while quiet < 10:
            put(ctx, unit.command.ready, bool(pending))
            if pending:
                put_fields(ctx, unit.command.fields, pending[0].fields)
                if get(ctx, unit.command.pop):
                    pending.pop(0)
            if get(ctx, unit.ended):
                ends.append(watch() if watch is not None else now)
            await ctx.tick()
            quiet = quiet + 1 if len(ends) == len(commands) and not pending else 0
            now += 1
            assert now < limit, f"{len(ends)} of {len(commands)} commands ended within {limit} cycles"

    return bench
