"""The DRAM of the model: `hw.memory_timing` in closed form, a burst at a time."""

from math import gcd
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming

_Count = TypeVar("_Count", int, NDArray[np.int64])


class Memory:
    """Serves bursts in the order they are accepted. All times are clock cycles since the start.

    Members
    -------
    even: the beats of a burst are the same number of cycles apart, all of them
    due: earliest cycle of the next beat, in units of 1 ÷ `cycle_units`
    bursts: of each burst so far the cycle of its first beat, without those of pauses, when the second is due, and its
        beats
    """

    def __init__(self, config: EngineConfig, timing: MemoryTiming) -> None:
        beat_units, cycle_units = timing.beat_spacing(config)
        common = gcd(beat_units, cycle_units)
        self.beat_units, self.cycle_units = beat_units // common, cycle_units // common
        self.read_latency, self.write_latency = timing.read_latency, timing.write_latency
        self.period, self.length, self.phase = timing.pause_period, timing.pause_length, timing.pause_phase
        self.even = self.cycle_units == 1 and not self.period
        self.due = 0
        self.bursts: list[tuple[int, int, int]] = []

    @property
    def served(self) -> int:
        """Bursts so far; they are numbered from 0 on."""
        return len(self.bursts)

    def serve(self, write: bool, accepted: int, beats: int) -> tuple[int, int]:
        """Moves the beats of a burst: (cycle of its last beat, cycle it is closed)."""
        cycle_units, beat_units = self.cycle_units, self.beat_units
        ready = accepted + (1 if write else self.read_latency)
        if self.even:
            first = max(self.due, ready)
            self.bursts.append((first, first + beat_units, beats))
            self.due = first + beats * beat_units
            cycle = self.due - beat_units
        else:
            first = max(self.active(ready), -(-self.due // cycle_units))
            due = max(self.due, (first - 1) * cycle_units + 1) + beat_units
            self.bursts.append((first, due, beats))
            self.due = due + (beats - 1) * beat_units
            cycle = self.cycle(first if beats == 1 else -(-(due + (beats - 2) * beat_units) // cycle_units))
        return cycle, cycle + self.write_latency if write else cycle

    def beat_cycles(self, burst: int) -> list[int]:
        """Cycles of all beats of the burst of this number."""
        first, due, beats = self.bursts[burst]
        beat_units, cycle_units = self.beat_units, self.cycle_units
        if self.even:
            return list(range(first, first + beats * beat_units, beat_units))
        return [self.cycle(first), *(self.cycle(-(-(due + beat * beat_units) // cycle_units))
                                     for beat in range(beats - 1))]

    def active(self, cycle: _Count) -> _Count:
        """Cycles before `cycle` in which beats may move: the number of the first such cycle not before it."""
        if not self.period:
            return cycle
        return self._unpaused(cycle - self.phase) - self._unpaused(-self.phase)

    def cycle(self, active: _Count) -> _Count:
        """Inverse of `active`."""
        if not self.period:
            return active
        unpaused: Any = active + self._unpaused(-self.phase)
        periods, rest = divmod(unpaused, self.period - self.length)
        return periods * self.period + self.length + rest + self.phase

    def _unpaused(self, cycles: Any) -> Any:
        periods, rest = divmod(cycles, self.period)
        return periods * (self.period - self.length) + (rest - self.length) * (rest > self.length)
