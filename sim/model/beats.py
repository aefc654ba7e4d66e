"""Beats of a user of the bus, by burst: a network has millions of them, but few bursts."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.model.memory import Memory

Counts = NDArray[np.int64]


class Beats:
    """Beats of some of a memory's bursts, one burst after the other, numbered from 0 on."""

    def __init__(self, memory: Memory, bursts: Sequence[int] = ()) -> None:
        self._memory = memory
        # Ahead of them one without beats, so that there is one before whatever is looked for.
        values = chain((-1 << 60, 0, 0), chain.from_iterable(memory.bursts[burst] for burst in bursts))
        self._first, self._due, self._beats = np.fromiter(values, np.int64, 3 * (1 + len(bursts))).reshape(-1, 3).T
        self._ahead = np.cumsum(self._beats) - self._beats

    def before(self, cycles: Counts) -> Counts:
        """How many beats move before each of the cycles."""
        memory, active = self._memory, self._memory.active(cycles)
        last = np.searchsorted(self._first, active) - 1
        # `due` is the second beat's, and a beat is never due before the cycle its burst's first one moves in.
        moved = ((active - 1) * memory.cycle_units - self._due[last]) // memory.beat_units + 2
        return self._ahead[last] + np.clip(moved, 0, self._beats[last])

    def cycles(self, numbers: Counts) -> Counts:
        """Cycles of the beats of these numbers."""
        memory, burst = self._memory, np.searchsorted(self._ahead, numbers, "right") - 1
        due = self._due[burst] + (numbers - self._ahead[burst] - 1) * memory.beat_units
        return memory.cycle(-(-due // memory.cycle_units))
