"""The DRAM of the model: `hw.memory_timing` in closed form, a burst at a time."""

from heapq import heappop, heappush

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming


class Memory:
    """Serves bursts in the order they are granted. All times are clock cycles since the start."""

    def __init__(self, config: EngineConfig, timing: MemoryTiming) -> None:
        self.beat_units, self.cycle_units = timing.beat_spacing(config)
        self.read_latency, self.write_latency = timing.read_latency, timing.write_latency
        self.max_outstanding = timing.max_outstanding
        self.period, self.length, self.phase = timing.pause_period, timing.pause_length, timing.pause_phase
        self._closing: list[int] = []
        self._due = 0
        self._served: list[tuple[int, int, int]] = []

    def accept(self, earliest: int) -> int:
        """Cycle a burst that is on the bus from `earliest` on is accepted in."""
        closing = self._closing
        while closing and closing[0] < earliest:
            heappop(closing)
        while len(closing) >= self.max_outstanding:
            earliest = max(earliest, heappop(closing) + 1)
        return earliest

    def serve(self, write: bool, accepted: int, beats: int) -> tuple[int, int, int]:
        """Moves the beats of a burst: (number of the served burst, cycle of its last beat, cycle it is closed)."""
        cycle_units, beat_units = self.cycle_units, self.beat_units
        first = max(self._active(accepted + (1 if write else self.read_latency)), -(-self._due // cycle_units))
        due = max(self._due, (first - 1) * cycle_units + 1) + beat_units
        last = first if beats == 1 else -(-(due + (beats - 2) * beat_units) // cycle_units)
        self._due = due + (beats - 1) * beat_units
        self._served.append((first, due, beats))
        cycle = self._cycle(last)
        closed = cycle + self.write_latency if write else cycle
        heappush(self._closing, closed)
        return len(self._served) - 1, cycle, closed

    def beat_cycles(self, burst: int) -> list[int]:
        """Cycles of all beats of the burst that `serve` gave this number."""
        first, due, beats = self._served[burst]
        beat_units, cycle_units = self.beat_units, self.cycle_units
        return [self._cycle(first), *(self._cycle(-(-(due + beat * beat_units) // cycle_units))
                                      for beat in range(beats - 1))]

    def _active(self, cycle: int) -> int:
        """Cycles before `cycle` in which beats may move: the number of the first such cycle not before it."""
        if not self.period:
            return cycle
        return self._unpaused(cycle - self.phase) - self._unpaused(-self.phase)

    def _cycle(self, active: int) -> int:
        """Inverse of `_active`."""
        if not self.period:
            return active
        periods, rest = divmod(active + self._unpaused(-self.phase), self.period - self.length)
        return periods * self.period + self.length + rest + self.phase

    def _unpaused(self, cycles: int) -> int:
        periods, rest = divmod(cycles, self.period)
        return periods * (self.period - self.length) + max(0, rest - self.length)
