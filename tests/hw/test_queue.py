"""The queues keep order, show their head when they should, and know when they are full."""

import random
from collections import deque

import pytest
from amaranth.lib import data

from hw.gateware.backlog import Backlog, PartedBacklog
from hw.gateware.queue import Queue
from hw.latency import BACKLOG, COMMAND_PARTS, HEAD
from tests.support.parts import parts_of
from tests.support.pysim import get, put, run_benches


@pytest.mark.parametrize(("kind", "delay", "depth"), [
    *((kind, delay, depth) for kind, delay in ((Queue, 1), (Backlog, BACKLOG)) for depth in (2, 3, 8)),
    (PartedBacklog, HEAD, 2), (PartedBacklog, HEAD, 8),
])
def test_order_level_and_head(kind: type[Queue], delay: int, depth: int) -> None:
    parts = COMMAND_PARTS if kind is PartedBacklog else 1
    shape = data.ArrayLayout(1, 10)  # of which not all parts are as long
    queue, rng, model = kind(shape, depth), random.Random(depth), deque()
    fullest, popped, last_pop, item, part = 0, 0, -delay, 0, parts - 1

    async def bench(ctx) -> None:
        nonlocal fullest, popped, last_pop, item, part
        for step in range(400 * parts):
            there = bool(model) and step >= max(model[0][1], last_pop) + delay
            assert get(ctx, queue.valid) == there
            assert get(ctx, queue.full) == (len(model) == depth)
            if there:
                assert get(ctx, queue.head.as_value()) == model[0][0]
            eager = 0.9 if step // (50 * parts) % 2 else 0.3  # times of filling, times of emptying
            push = part == parts - 1 and len(model) < depth and rng.random() < 1 - eager + 0.2
            pop = there and rng.random() < eager
            if push:
                item, part = rng.getrandbits(10), 0
            else:
                part = min(part + 1, parts - 1)
            put(ctx, queue.push, push)
            if kind is PartedBacklog:
                put(ctx, queue.part, parts_of(item, 10)[part])
            else:
                put(ctx, queue.item.as_value(), item)
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
