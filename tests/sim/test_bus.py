"""The bus of the model: bursts moved in one go are those moved one by one."""

import random

import pytest

from hw.memory_timing import MemoryTiming
from sim.model.bus import Bus
from tests.support.configs import TINY

MEMORIES = {"even": MemoryTiming(), "late": MemoryTiming(read_latency=3, bytes_per_cycle=2),
            "uneven": MemoryTiming(bytes_per_cycle=3), "pauses": MemoryTiming(pause_period=50, pause_length=9),
            "few": MemoryTiming(max_outstanding=2)}  # fmt: skip


def one_by_one(bus: Bus, grant: int, lengths: list[int], number: int, until: int) -> tuple[int, int, int]:
    """What `Bus.read` says it does."""
    while True:
        last_beat, _ = bus.move(False, grant, lengths[number])
        number += 1
        if number == len(lengths) or bus.free >= until:
            return number, grant, last_beat
        grant = bus.free


@pytest.mark.parametrize("name", MEMORIES)
def test_reads_in_one_go(name: str) -> None:
    """Between writes, and up to the cycle another user asks in."""
    rng = random.Random(name)
    bus, other = Bus(TINY, MEMORIES[name]), Bus(TINY, MEMORIES[name])
    for _ in range(200):
        grant = bus.free + rng.choice((0, 0, 1, 100))
        if rng.random() < 0.3:
            beats = rng.randint(1, 32)
            assert bus.move(True, grant, beats) == other.move(True, grant, beats)
        else:
            lengths = [rng.randint(1, 32) for _ in range(rng.randint(1, 12))]
            number, until = rng.randrange(len(lengths)), grant + rng.randint(0, 300)
            assert bus.read(grant, lengths, number, until) == one_by_one(other, grant, lengths, number, until)
        assert bus.free == other.free
        assert bus.memory.served == other.memory.served
        assert bus.memory.beat_cycles(bus.memory.served - 1) == other.memory.beat_cycles(other.memory.served - 1)
