"""`Queue` keeps order, shows its head the cycle after the push, and knows when it is full."""

import random
from collections import deque

import pytest

from hw.gateware.queue import Queue
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize("depth", [2, 3, 8])
def test_order_level_and_head(depth: int) -> None:
    queue, rng, model = Queue(12, depth), random.Random(depth), deque()
    fullest, popped = 0, 0

    async def bench(ctx) -> None:
        nonlocal fullest, popped
        for step in range(400):
            assert get(ctx, queue.valid) == bool(model)
            assert get(ctx, queue.full) == (len(model) == depth)
            if model:
                assert get(ctx, queue.head) == model[0]
            eager = 0.9 if step // 50 % 2 else 0.3  # times of filling, times of emptying
            push = len(model) < depth and rng.random() < 1 - eager + 0.2
            pop = bool(model) and rng.random() < eager
            item = rng.getrandbits(12)
            put(ctx, queue.push, push)
            put(ctx, queue.item, item)
            put(ctx, queue.pop, pop)
            if pop:
                model.popleft()
                popped += 1
            if push:
                model.append(item)
            fullest = max(fullest, len(model))
            await ctx.tick()

    run_benches(queue, bench)
    assert fullest == depth
    assert popped > 50
