"""`WeightMemory` puts beats together to words and reads one a cycle."""

import random

import pytest

from hw.gateware.weight_memory import WeightMemory
from hw.latency import RAM_READ
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize(("word_bytes", "bus_bytes"), [(16, 4), (8, 8)])
def test_words_of_beats(word_bytes: int, bus_bytes: int) -> None:
    memory, rng, chunks = (
        WeightMemory(words=10, word_bytes=word_bytes, bus_bytes=bus_bytes),
        random.Random(1),
        word_bytes // bus_bytes,
    )
    beats = {(word, chunk): rng.getrandbits(8 * bus_bytes) for word in range(10) for chunk in range(chunks)}
    seen = []

    async def bench(ctx) -> None:
        for (word, chunk), data in rng.sample(sorted(beats.items()), len(beats)):
            for signal, value in (
                (memory.write.enable, 1),
                (memory.write.word, word),
                (memory.write.chunk, chunk),
                (memory.write.data, data),
            ):
                put(ctx, signal, value)
            await ctx.tick()
        put(ctx, memory.write.enable, 0)
        put(ctx, memory.write.data, 0)
        for word in range(10):
            put(ctx, memory.read.word, word)
            await ctx.tick().repeat(RAM_READ)
            seen.append(get(ctx, memory.read.data))

    run_benches(memory, bench)
    assert seen == [
        sum(beats[word, chunk] << 8 * bus_bytes * chunk for chunk in range(chunks)) for word in range(10)
    ]
