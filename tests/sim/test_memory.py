"""The closed form of bus and DRAM against the same rules followed cycle by cycle."""

from collections import deque
from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hw.latency import GRANT
from hw.memory_timing import MemoryTiming
from sim.model.beats import Beats
from sim.model.bus import Bus
from tests.sim.strategies import timings
from tests.support.configs import TINY


def step_by_step(timing: MemoryTiming, bursts: list[tuple[bool, int, int]]) -> list[tuple[int, list[int], int]]:
    """Per burst (write, earliest cycle on the bus, beats): acceptance, beats, closing, from a clock loop."""
    spacing, rate = timing.beat_spacing(TINY)
    waiting = deque(enumerate(bursts))
    queue: deque[int] = deque()
    closing: dict[int, int] = {}
    accepted: list[int] = []
    beats: list[list[int]] = [[] for _ in bursts]
    active, due, cycle = 0, 0, 0
    while len(closing) < len(bursts):
        room = sum(1 for index in range(len(accepted)) if closing.get(index, cycle) >= cycle) < timing.max_outstanding
        paused = timing.pause_period and (cycle - timing.pause_phase) % timing.pause_period < timing.pause_length
        if not paused:
            if queue:
                index = queue[0]
                write, _, count = bursts[index]
                ready = accepted[index] + (1 if write else timing.read_latency)
                if cycle >= ready and active * rate >= due:
                    due = max(due, active * rate - rate + 1) + spacing
                    beats[index].append(cycle)
                    if len(beats[index]) == count:
                        queue.popleft()
                        closing[index] = cycle + (timing.write_latency if write else 0)
            active += 1
        previous = accepted[-1] if accepted else -1
        if waiting and room and cycle >= waiting[0][1][1] and cycle > previous:
            queue.append(waiting.popleft()[0])
            accepted.append(cycle)
        cycle += 1
    return [(accepted[index], beats[index], closing[index]) for index in range(len(bursts))]


bursts_strategy = st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(1, 12)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(timing=timings(TINY), gaps=bursts_strategy)
@example(timing=MemoryTiming(bytes_per_cycle=Fraction(TINY.bus_bytes, 3)), gaps=[(False, 0, 5), (False, 3, 2)])
def test_closed_form(timing: MemoryTiming, gaps: list[tuple[bool, int, int]]) -> None:
    # An engine that is never in the way: it may have more bursts open than there are.
    bus = Bus(replace(TINY, max_outstanding=32), timing)
    bursts, found, earliest = [], [], 0
    for write, gap, beats in gaps:
        grant = earliest + gap
        bursts.append((write, grant + GRANT, beats))
        _, closed = bus.move(write, grant, beats)
        found.append((bus.free, bus.memory.beat_cycles(len(found)), closed))
        earliest = bus.free
    expected = step_by_step(timing, bursts)
    assert found == expected
    cycles = [cycle for _, beats, _ in expected for cycle in beats]
    beats = Beats(bus.memory, range(len(bursts)))
    assert beats.cycles(np.arange(len(cycles))).tolist() == cycles
    ends = np.arange(cycles[-1] + 2)
    assert beats.before(ends).tolist() == np.searchsorted(cycles, ends).tolist()


@settings(deadline=None, max_examples=150, derandomize=True)
@given(timing=timings(TINY), limit=st.sampled_from((2, 4, 8, 16)), gaps=bursts_strategy)
def test_a_burst_is_granted_as_soon_as_one_less_than_may_be_is_open(
        timing: MemoryTiming, limit: int, gaps: list[tuple[bool, int, int]]) -> None:
    bus = Bus(replace(TINY, max_outstanding=limit), replace(timing, max_outstanding=20))
    closings: list[int] = []
    for write, gap, beats in gaps:
        grant = bus.free + gap
        _, closed = bus.move(write, grant, beats)
        closings.append(closed)
        earliest = grant + GRANT
        while sum(cycle + 2 > earliest for cycle in closings) >= limit:
            earliest += 1
        assert bus.free == earliest
