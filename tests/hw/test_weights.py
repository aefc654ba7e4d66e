"""The weights unit against NumPy: beats into consecutive words of the memory that the command names."""

import random

import numpy as np
import pytest

from hw.commands import Command
from hw.config import EngineConfig
from hw.gateware.weights import Weights
from tests.support import transfers
from tests.support.bus import serve_requests
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.pysim import get, put, run_benches
from tests.support.transfer_bench import dram, feed

LIMIT = 6000
WORDS = 64


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
def test_equals_model(config: EngineConfig, seed: int) -> None:
    unit, memory, rng = Weights(config), dram(config, seed), random.Random(seed)
    sizes = {True: config.dw_word_bytes, False: config.weight_word_bytes}
    words = {kind: np.zeros((WORDS, size), np.uint8) for kind, size in sizes.items()}
    wanted = {kind: np.zeros((WORDS, size), np.uint8) for kind, size in sizes.items()}
    commands = []
    for index in range(6):
        depthwise = bool(rng.randrange(2))
        beats = rng.choice([1, 2, 7, 10]) * sizes[depthwise] // config.bus_bytes
        commands.append(
            Command(
                unit="weights",
                layer=0,
                fields={
                    "dram_address": index * 2048 + config.bus_bytes * rng.randrange(9),
                    "beats": beats,
                    "depthwise": int(depthwise),
                    "word": 10 * index,
                },
            )
        )
    counts: list[int] = []

    def take(port, target: np.ndarray):
        async def bench(ctx) -> None:
            for _ in range(LIMIT):
                if get(ctx, port.enable):
                    word, low = get(ctx, port.word), get(ctx, port.chunk) * config.bus_bytes
                    beat = np.frombuffer(get(ctx, port.data).to_bytes(config.bus_bytes, "little"), np.uint8)
                    target[word, low : low + config.bus_bytes] = beat
                await ctx.tick()

        return bench

    feeder = feed(
        unit,
        commands,
        counts,
        limit=LIMIT,
        watch=lambda: int(sum((w != 0).any(axis=1).sum() for w in words.values())),
    )

    async def issue(ctx) -> None:
        put(ctx, unit.burst_bytes, memory.timing.burst_bytes)
        await feeder(ctx)

    run_benches(
        unit,
        issue,
        background=[
            serve_requests(unit.request, unit.beats, memory, cycles=LIMIT),
            take(unit.depthwise, words[True]),
            take(unit.pointwise, words[False]),
        ],
    )
    done = []
    for command in commands:
        transfers.weights(command, memory.data, wanted[bool(command.fields["depthwise"])], config)
        done.append(int(sum((w != 0).any(axis=1).sum() for w in wanted.values())))
    for kind in (True, False):
        np.testing.assert_array_equal(words[kind], wanted[kind], strict=True)
    assert counts == done  # each ended with its last beat, not earlier and not later
