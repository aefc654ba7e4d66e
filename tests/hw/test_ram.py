"""`Ram` writes by granules; what it shows of a word that is being written is undefined. Its reads can wait."""

import random

import pytest

from hw.gateware.ram import Ram
from hw.latency import RAM_READ
from tests.support.pysim import get, put, run_benches


def test_granules() -> None:
    ram, rng = Ram(width=32, depth=5, granule=8), random.Random(0)
    words = [0] * 5
    expected, seen = [], []

    async def bench(ctx) -> None:
        for address in range(5):  # contents are undefined at start
            put(ctx, ram.write_enable, 0b1111)
            put(ctx, ram.write_address, address)
            put(ctx, ram.write_data, 0)
            await ctx.tick()
        for _ in range(200):
            enable, address, data = rng.getrandbits(4), rng.randrange(5), rng.getrandbits(32)
            read = rng.choice([other for other in range(5) if other != address])
            for signal, value in (
                (ram.write_enable, enable),
                (ram.write_address, address),
                (ram.write_data, data),
                (ram.read_address, read),
            ):
                put(ctx, signal, value)
            expected.append(words[read])
            mask = sum(0xFF << 8 * granule for granule in range(4) if enable >> granule & 1)
            words[address] = words[address] & ~mask | data & mask
            await ctx.tick()
            seen.append(get(ctx, ram.read_data))

    run_benches(ram, bench)
    assert seen[RAM_READ - 1 :] == expected[: 1 - RAM_READ]


@pytest.mark.parametrize("depth", [8, 3000])
def test_a_read_waits(depth: int) -> None:
    """The memory keeps its word, and the register behind it, as long as nothing tells them to take the next."""
    ram, rng = Ram(width=16, depth=depth, granule=16), random.Random(0)
    word = answer = None

    async def bench(ctx) -> None:
        nonlocal word, answer
        put(ctx, ram.write_enable, 1)
        for address in range(depth):
            put(ctx, ram.write_address, address)
            put(ctx, ram.write_data, address)
            await ctx.tick()
        put(ctx, ram.write_enable, 0)
        for _ in range(200):
            address, hold = rng.randrange(depth), rng.getrandbits(2)
            put(ctx, ram.read_address, address)
            put(ctx, ram.read_hold, hold)
            answer = answer if hold & 2 else word
            word = word if hold & 1 else address
            await ctx.tick()
            assert answer is None or get(ctx, ram.read_data) == answer

    run_benches(ram, bench)
    assert answer is not None
