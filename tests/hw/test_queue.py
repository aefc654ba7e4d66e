"""`Queue` and `Backlog` keep order, show their head when they should, and know when they are full."""

import random
from collections import deque

import pytest

from hw.gateware.backlog import Backlog
from hw.gateware.queue import Queue
from hw.latency import BACKLOG
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize(("kind", "delay"), [(Queue, 1), (Backlog, BACKLOG)])
@pytest.mark.parametrize("depth", [2, 3, 8])
def test_order_level_and_head(kind: type[Queue | Backlog], delay: int, depth: int) -> None:
    queue, rng, model = kind(12, depth), random.Random(depth), deque()
    fullest, popped, last_pop = 0, 0, -delay

    async def bench(ctx) -> None:
        nonlocal fullest, popped, last_pop
        for step in range(400):
            there = bool(model) and step >= max(model[0][1], last_pop) + delay
            assert get(ctx, queue.valid) == there
            assert get(ctx, queue.full) == (len(model) == depth)
            if there:
                assert get(ctx, queue.head) == model[0][0]
            eager = 0.9 if step // 50 % 2 else 0.3  # times of filling, times of emptying
            push = len(model) < depth and rng.random() < 1 - eager + 0.2
            pop = there and rng.random() < eager
            item = rng.getrandbits(12)
            put(ctx, queue.push, push)
            put(ctx, queue.item, item)
            put(ctx, queue.pop, pop)
            if pop:
                model.popleft()
                popped, last_pop = popped + 1, step
            if push:
                model.append((item, step))
            fullest = max(fullest, len(model))
            await ctx.tick()

    run_benches(queue, bench)
    assert fullest == depth
    assert popped > 50
