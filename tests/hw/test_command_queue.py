"""`CommandQueue` hands out commands in order, each when all its tokens are there, also when counts wrap."""

import random

import pytest

from hw.commands import BODY, COUNT_BITS, UNITS
from hw.gateware.command_queue import CommandQueue
from hw.latency import COMMAND_PARTS, HEAD
from tests.support.parts import parts_of
from tests.support.pysim import get, pack, put, run_benches

WRAP = 1 << COUNT_BITS


async def push(ctx, queue: CommandQueue, word: int, waits: tuple[int, ...], *, space: int = 0, marked: int = 0) -> None:
    """A command in its parts, one a cycle."""
    entry, place = pack(waits, COUNT_BITS), COUNT_BITS * len(UNITS)
    entry |= space << place | marked << place + len(UNITS)
    place += len(UNITS) + 1
    for field in BODY[queue.unit]:
        entry |= (word if field.name == "word" else 0) << place
        place += field.bits
    for number, part in enumerate(parts_of(entry, place)):
        put(ctx, queue.push, number == 0)
        put(ctx, queue.part, part)
        await ctx.tick()


def set_ended(ctx, queue: CommandQueue, counts: tuple[int, ...]) -> None:
    ctx.set(queue.ended.as_value(), pack(counts, COUNT_BITS))


async def cycles_until_ready(ctx, queue: CommandQueue) -> int:
    cycles = 0
    while not get(ctx, queue.command.ready):
        await ctx.tick()
        put(ctx, queue.push, 0)
        put(ctx, queue.command.pop, 0)
        cycles += 1
    return cycles


def test_ready_a_cycle_after_it_is_the_head() -> None:
    queue = CommandQueue("depthwise", 4)
    seen = []

    async def bench(ctx) -> None:
        await push(ctx, queue, 7, (0,) * 5)
        seen.append(COMMAND_PARTS + await cycles_until_ready(ctx, queue))
        await push(ctx, queue, 8, (0,) * 5)
        await ctx.tick().repeat(3)
        assert get(ctx, queue.command.fields.word) == 7
        put(ctx, queue.command.pop, 1)
        await ctx.tick()
        put(ctx, queue.command.pop, 0)
        assert not get(ctx, queue.command.ready)  # or a unit would start the same command twice
        seen.append(1 + await cycles_until_ready(ctx, queue))
        assert get(ctx, queue.command.fields.word) == 8

    run_benches(queue, bench)
    assert seen == [HEAD + 1, HEAD + 1]


@pytest.mark.parametrize("unit", range(len(UNITS)))
@pytest.mark.parametrize("wanted", [1, 5, WRAP - 1, 0])
def test_each_token_is_waited_for(unit: int, wanted: int) -> None:
    queue = CommandQueue("weights", 2)
    seen = []

    def counts(value: int) -> tuple[int, ...]:
        return tuple(
            value % WRAP if index == unit else (wanted + index) % WRAP for index in range(len(UNITS))
        )

    async def bench(ctx) -> None:
        set_ended(ctx, queue, counts(wanted - 1))
        await push(ctx, queue, 0, (wanted,) * len(UNITS))
        for _ in range(10):
            await ctx.tick()
            assert not get(ctx, queue.command.ready)
        set_ended(ctx, queue, counts(wanted))
        seen.append(await cycles_until_ready(ctx, queue))
        set_ended(ctx, queue, counts(wanted + WRAP // 2 - 1))
        await ctx.tick().repeat(2)
        seen.append(get(ctx, queue.command.ready))
        set_ended(ctx, queue, counts(wanted + WRAP // 2))
        await ctx.tick().repeat(2)
        seen.append(get(ctx, queue.command.ready))

    run_benches(queue, bench)
    assert seen == [1, 1, 0]


@pytest.mark.parametrize("seed", range(4))
def test_what_the_head_lacks(seed: int) -> None:
    """Space where the command says so, else weights of the unit of that name, else data."""
    queue, rng = CommandQueue("pointwise", 2), random.Random(seed)
    waits, ended = (tuple(rng.randrange(3) for _ in UNITS) for _ in range(2))
    space, marked = rng.getrandbits(len(UNITS)), rng.getrandbits(1)
    lacking = {unit for unit, wanted, there in zip(UNITS, waits, ended, strict=True) if wanted > there}
    spacious = {unit for index, unit in enumerate(UNITS) if space >> index & 1}

    async def bench(ctx) -> None:
        set_ended(ctx, queue, ended)
        assert not get(ctx, queue.lacks)
        await push(ctx, queue, 0, waits, space=space, marked=marked)
        await ctx.tick().repeat(HEAD - COMMAND_PARTS)
        assert get(ctx, queue.marked) == marked
        assert get(ctx, queue.lacks.space) == bool(lacking & spacious)
        assert get(ctx, queue.lacks.weights) == ("weights" in lacking - spacious)
        assert get(ctx, queue.lacks.data) == bool(lacking - spacious - {"weights"})

    run_benches(queue, bench)


def test_order_and_full() -> None:
    queue = CommandQueue("pointwise", 2)
    seen = []

    async def bench(ctx) -> None:
        for word in (3, 4):
            assert not get(ctx, queue.full)
            await push(ctx, queue, word, (0,) * 5)
        assert get(ctx, queue.full)
        for _ in range(2):
            await cycles_until_ready(ctx, queue)
            seen.append(get(ctx, queue.command.fields.word))
            put(ctx, queue.command.pop, 1)
            await ctx.tick()
            put(ctx, queue.command.pop, 0)
            assert not get(ctx, queue.full)

    run_benches(queue, bench)
    assert seen == [3, 4]
