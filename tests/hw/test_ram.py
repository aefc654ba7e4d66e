"""`Ram` writes by granules and shows the old word while it is being written."""

import random

from hw.gateware.ram import Ram
from tests.support.pysim import get, put, run_benches


def test_granules_and_old_word() -> None:
    ram, rng = Ram(width=32, depth=5, granule=8), random.Random(0)
    words = [0] * 5
    checked = []

    async def bench(ctx) -> None:
        for address in range(5):  # contents are undefined at start
            put(ctx, ram.write_enable, 0b1111)
            put(ctx, ram.write_address, address)
            put(ctx, ram.write_data, 0)
            await ctx.tick()
        for _ in range(200):
            enable, address, data = rng.getrandbits(4), rng.randrange(5), rng.getrandbits(32)
            read = address if rng.random() < 0.5 else rng.randrange(5)
            for signal, value in (
                (ram.write_enable, enable),
                (ram.write_address, address),
                (ram.write_data, data),
                (ram.read_address, read),
            ):
                put(ctx, signal, value)
            old = words[read]
            mask = sum(0xFF << 8 * granule for granule in range(4) if enable >> granule & 1)
            words[address] = words[address] & ~mask | data & mask
            await ctx.tick()
            checked.append(get(ctx, ram.read_data) == old)

    run_benches(ram, bench)
    assert checked == [True] * 200
