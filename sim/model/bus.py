"""The engine's side of the bus: when a burst is granted, and when the memory accepts it."""

from collections.abc import Sequence
from heapq import heapreplace

from hw.config import EngineConfig
from hw.latency import GRANT
from hw.memory_timing import MemoryTiming
from sim.model.memory import Memory

GRANT_AGAIN = 2
"""From the close of a burst to the first grant that counts it as closed."""


class Bus:
    """Grants bursts, one a cycle and no more than may be open.

    Members
    -------
    memory: what serves them, in the order they are granted
    free: first cycle the next burst can be granted in
    """

    def __init__(self, config: EngineConfig, timing: MemoryTiming) -> None:
        self.memory = Memory(config, timing)
        self.free = 0
        self._most_accepted = timing.max_outstanding
        self._accepts_all = timing.max_outstanding >= config.max_outstanding
        self._closing = [-GRANT_AGAIN] * config.max_outstanding
        """Of as many bursts as may be open, the latest, the cycle they are closed; a heap."""

    def move(self, write: bool, grant: int, beats: int) -> tuple[int, int]:
        """A burst granted in cycle `grant`, `free` or later: (cycle of its last beat, cycle it is closed)."""
        closing = self._closing
        accepted = grant + GRANT if self._accepts_all else self._accept(grant + GRANT)
        moved = self.memory.serve(write, accepted, beats)
        heapreplace(closing, moved[1])
        self.free = max(accepted, closing[0] + GRANT_AGAIN)
        return moved

    def read(self, grant: int, lengths: Sequence[int], number: int, until: int) -> tuple[int, int, int]:
        """Bursts of a reader from its `number`-th on, each granted as soon as it can be, the last before cycle `until`.

        The first is granted in cycle `grant`. Returns the number of the next one, the cycle of the last grant, and that
        of its last beat. The same as `move` for one after the other; most of a network's time is spent here.
        """
        memory, closing, count = self.memory, self._closing, len(lengths)
        if not (self._accepts_all and memory.even):
            while True:
                last_beat, _ = self.move(False, grant, lengths[number])
                number += 1
                if number == count or self.free >= until:
                    return number, grant, last_beat
                grant = self.free
        due, apart, lead, bursts = memory.due, memory.beat_units, GRANT + memory.read_latency, memory.bursts
        while True:
            beats = lengths[number]
            first = grant + lead
            if first < due:
                first = due
            due = first + beats * apart
            bursts.append((first, first + apart, beats))
            heapreplace(closing, due - apart)
            free, again = grant + GRANT, closing[0] + GRANT_AGAIN
            if free < again:
                free = again
            number += 1
            if number == count or free >= until:
                memory.due, self.free = due, free
                return number, grant, due - apart
            grant = free

    def _accept(self, earliest: int) -> int:
        """Cycle the memory accepts a burst in that is on the bus from `earliest` on."""
        unfinished = sorted(cycle for cycle in self._closing if cycle >= earliest)
        most = self._most_accepted
        return max(earliest, unfinished[-most] + 1) if len(unfinished) >= most else earliest
