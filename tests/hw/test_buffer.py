"""`Buffer` keeps order, shows its head when it should, without gaps, and holds it."""

import random
from collections import deque

import pytest

from hw.gateware.buffer import Buffer
from hw.latency import BUFFERED
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize("depth", [2, 8, 64])
def test_order_and_head(depth: int) -> None:
    buffer, rng, model = Buffer(10, depth), random.Random(depth), deque()
    fullest, popped, held = 0, 0, 0

    async def bench(ctx) -> None:
        nonlocal fullest, popped, held
        for step in range(1200):
            there = bool(model) and step >= model[0][1] + BUFFERED
            assert get(ctx, buffer.valid) == there
            if there:
                assert get(ctx, buffer.head) == model[0][0]
            eager = 0.9 if step // 150 % 2 else 0.3  # times of filling, times of emptying
            push = len(model) < depth and rng.random() < 1 - eager + 0.2
            pop = there and rng.random() < eager
            item = rng.getrandbits(10)
            put(ctx, buffer.push, push)
            put(ctx, buffer.item, item)
            put(ctx, buffer.pop, pop)
            held += there and not pop
            if pop:
                model.popleft()
                popped += 1
            if push:
                model.append((item, step))
            fullest = max(fullest, len(model))
            await ctx.tick()

    run_benches(buffer, bench)
    assert fullest == depth
    assert min(popped, held) > 100
