"""`Checksum` against zlib: sound blocks match, whatever their data and pauses; a broken bit is noticed."""

import random
import zlib

import pytest

from hw.commands import BLOCK_BYTES, CHECKSUM_BYTES
from hw.gateware.checksum import Checksum
from hw.latency import CHECKSUM
from tests.support.mutation import mutated
from tests.support.pysim import get, put, run_benches

WIDTHS = pytest.mark.parametrize("width", [32, 64, 128, 256])
FAULTS = {
    "a sum that is not of the width": ("shifted(1 << place, self.width)", "shifted(1 << place, 1)"),
    "added twice": ("m.Elif(added)", "m.Elif(added | self.valid)"),
    "goes on from the last block": ("with m.If(self.clear):", "with m.If(self.clear & 0):"),
}


def matches(unit, blocks: list[bytes], rng: random.Random) -> list[int]:
    """`match` of each of the blocks, which come with random pauses, `CHECKSUM` cycles after its last beat."""
    seen, size = [], unit.width // 8

    async def bench(ctx) -> None:
        for block in blocks:
            for first in range(0, len(block), size):
                put(ctx, unit.valid, 0)
                for _ in range(rng.choice((0, 0, 1, 3))):
                    await ctx.tick()
                put(ctx, unit.beat, int.from_bytes(block[first : first + size], "little"))
                put(ctx, unit.valid, 1)
                await ctx.tick()
            put(ctx, unit.valid, 0)
            await ctx.tick().repeat(CHECKSUM - 1)
            seen.append(get(ctx, unit.match))
            put(ctx, unit.clear, 1)
            await ctx.tick()
            put(ctx, unit.clear, 0)

    run_benches(unit, bench)
    return seen


def check(unit) -> None:
    """Raises `AssertionError` unless sound blocks match, and those with a bit changed do not."""
    rng = random.Random(unit.width)
    blocks, sound = [], [rng.randrange(2) for _ in range(40)]
    for good in sound:
        data = rng.randbytes(BLOCK_BYTES - CHECKSUM_BYTES)
        block = bytearray(data + zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "little"))
        if not good:
            block[rng.randrange(BLOCK_BYTES)] ^= 1 << rng.randrange(8)
        blocks.append(bytes(block))
    assert matches(unit, blocks, rng) == sound


@WIDTHS
def test_equals_zlib(width: int) -> None:
    check(Checksum(width))


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_checksums_are_noticed(fault: str) -> None:
    broken = mutated("hw.gateware.checksum", *FAULTS[fault])["Checksum"]
    with pytest.raises(AssertionError):
        check(broken(64))
