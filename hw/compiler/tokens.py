"""Which tokens a command waits for: derived from what it and the commands before it read and write.

Program order is a valid order, and each wait points backwards in it, so the token graph has no cycle; and since
commands are delivered in program order, the oldest unfinished one always has what it waits for: no deadlock,
whatever the queue depth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hw.commands import UNITS, Command


class Space:
    """A piece of on-chip memory, as a grid of cells whose last readers and writers are known per unit."""

    def __init__(self, *shape: int) -> None:
        self.read = np.full((len(UNITS), *shape), -1, np.int32)
        self.written = np.full((len(UNITS), *shape), -1, np.int32)


@dataclass(frozen=True)
class Region:
    """Cells of a space: a slice per dimension."""

    space: Space
    cells: tuple[slice, ...]


class Sequencer:
    """Collects commands in program order and gives each the counts it has to wait for."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._counts: dict[str, int] = dict.fromkeys(UNITS, 0)

    def add(self, unit: str, layer: int, fields: Mapping[str, int], *, reads: Sequence[Region] = (),
            writes: Sequence[Region] = ()) -> None:
        """Appends a command of `unit` that reads and writes these regions."""
        data = np.full(len(UNITS), -1, np.int64)
        space = np.full(len(UNITS), -1, np.int64)
        axes = tuple(range(1, 3))
        for region in reads:
            cells = region.space.written[(slice(None), *region.cells)]
            data = np.maximum(data, cells.max(axis=axes[:cells.ndim - 1]))
        for region in writes:
            for last in (region.space.read, region.space.written):
                cells = last[(slice(None), *region.cells)]
                space = np.maximum(space, cells.max(axis=axes[:cells.ndim - 1]))
        # A unit works in order: what it has read is read before it writes anew, and so are its writes.
        space[UNITS.index(unit)] = -1

        index = self._counts[unit]
        self._counts[unit] += 1
        for regions, kind in ((reads, "read"), (writes, "written")):
            for region in regions:
                getattr(region.space, kind)[(UNITS.index(unit), *region.cells)] = index
        waits = {name: int(max(data[i], space[i])) + 1 for i, name in enumerate(UNITS) if max(data[i], space[i]) >= 0}
        self.commands.append(Command(
            unit=unit, layer=layer, fields=fields, waits=waits,
            space=frozenset(name for i, name in enumerate(UNITS) if space[i] > data[i])))
