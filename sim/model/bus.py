"""The engine's side of the bus: when a burst is granted, and when the memory accepts it."""

from collections.abc import Sequence
from heapq import heappop, heappush

from hw.config import EngineConfig
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
        self._most_open, self._most_accepted = config.max_outstanding, timing.max_outstanding
        self._closing: list[int] = []

    def move(self, write: bool, grant: int, lengths: Sequence[int], until: int = 0) -> tuple[int, int, int, int]:
        """Serves bursts of one user, `lengths` beats long, the first granted in cycle `grant`, the next ones as soon as
        may be: at least one, and no more from the first on that is not granted before cycle `until`.

        Returns (bursts served, grant of the last, cycle of its last beat, cycle it is closed).
        """
        closing, serve = self._closing, self.memory.serve
        count = last = closed = 0
        free = grant
        for beats in lengths:
            if count and free >= until:
                break
            grant = free
            while closing and closing[0] + GRANT_AGAIN <= grant:
                heappop(closing)
            free = grant + 1 if len(closing) < self._most_accepted else self._accept(grant + 1)
            last, closed = serve(write, free, beats)
            heappush(closing, closed)
            if len(closing) == self._most_open:
                free = max(free, closing[0] + GRANT_AGAIN)
            count += 1
        self.free = free
        return count, grant, last, closed

    def _accept(self, earliest: int) -> int:
        """Cycle the memory accepts a burst in that is on the bus from `earliest` on."""
        unfinished = sorted(cycle for cycle in self._closing if cycle >= earliest)
        most = self._most_accepted
        return max(earliest, unfinished[-most] + 1) if len(unfinished) >= most else earliest
