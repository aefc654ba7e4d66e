"""The engine's side of the bus: when a burst is granted, and when the memory accepts it."""

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

    def _accept(self, earliest: int) -> int:
        """Cycle the memory accepts a burst in that is on the bus from `earliest` on."""
        unfinished = sorted(cycle for cycle in self._closing if cycle >= earliest)
        most = self._most_accepted
        return max(earliest, unfinished[-most] + 1) if len(unfinished) >= most else earliest
