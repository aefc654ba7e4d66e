"""`Bursts` cuts transfers at multiples of `burst_bytes`, so never across 4 KiB, and loses no beat."""

import random

import pytest

from hw.gateware.bus import Bursts
from hw.latency import BURST
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.pysim import get, put, run_benches

PAGE = 4096


def run(
    config, burst_bytes: int, address: int, beats: int, blocks: int = 1, stride: int = 0, seed: int = 0
) -> list[dict[str, int]]:
    """Bursts of one transfer; grants come after random waits, during which the request must hold."""
    bursts, rng = Bursts(config), random.Random(seed)
    taken: list[dict[str, int]] = []

    async def bench(ctx) -> None:
        assert not get(ctx, bursts.busy)
        put(ctx, bursts.burst_bytes, burst_bytes)
        await ctx.tick()
        for name, value in (
            ("start", 1),
            ("address", address),
            ("stride", stride),
            ("blocks", blocks),
            ("beats", beats),
        ):
            put(ctx, getattr(bursts, name), value)
        await ctx.tick()
        put(ctx, bursts.start, 0)
        while get(ctx, bursts.busy):
            for _ in range(BURST - 1):
                assert not get(ctx, bursts.burst.valid)
                await ctx.tick()
            assert get(ctx, bursts.burst.valid)
            seen = {
                "address": get(ctx, bursts.burst.address),
                "beats": get(ctx, bursts.burst.beats),
                "first": get(ctx, bursts.first),
                "last": get(ctx, bursts.last),
                "final": get(ctx, bursts.burst.final),
            }
            assert get(ctx, bursts.single) == (seen["beats"] == 1)
            for _ in range(rng.randrange(3)):
                await ctx.tick()
                assert get(ctx, bursts.burst.valid)
                assert (get(ctx, bursts.burst.address), get(ctx, bursts.burst.beats)) == (
                    seen["address"],
                    seen["beats"],
                )
            put(ctx, bursts.burst.grant, 1)
            await ctx.tick()
            put(ctx, bursts.burst.grant, 0)
            taken.append(seen)
        assert not get(ctx, bursts.burst.valid)

    run_benches(bursts, bench)
    return taken


def expected(
    config, burst_bytes: int, address: int, beats: int, blocks: int = 1, stride: int = 0
) -> list[dict[str, int]]:
    wanted = []
    for block in range(blocks):
        start, left = address + block * stride, beats
        while left:
            room = (burst_bytes - start % burst_bytes) // config.bus_bytes
            count = min(left, room)
            wanted.append(
                {
                    "address": start,
                    "beats": count,
                    "first": int(left == beats),
                    "last": int(count == left),
                    "final": int(count == left and block == blocks - 1),
                }
            )
            start, left = start + count * config.bus_bytes, left - count
    return wanted


@pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
@pytest.mark.parametrize("burst_bytes", [32, 256])
def test_cuts(config, burst_bytes: int) -> None:
    bus = config.bus_bytes
    for offset in (-2 * bus, -bus, 0, bus, burst_bytes - bus):
        for beats in (1, 2, burst_bytes // bus, burst_bytes // bus + 1, 3 * burst_bytes // bus - 1):
            address = PAGE + offset
            taken = run(config, burst_bytes, address, beats, seed=beats)
            assert taken == expected(config, burst_bytes, address, beats)
            for burst in taken:
                assert burst["address"] // PAGE == (burst["address"] + burst["beats"] * bus - 1) // PAGE


@pytest.mark.parametrize("beats", [1, 7, 40])
def test_blocks_start_a_stride_apart(beats: int) -> None:
    taken = run(TINY, 64, 1000, beats, blocks=3, stride=640)
    assert taken == expected(TINY, 64, 1000, beats, blocks=3, stride=640)


def test_high_addresses() -> None:
    address = (1 << 32) - 64
    assert run(TINY, 256, address, 8) == expected(TINY, 256, address, 8)
