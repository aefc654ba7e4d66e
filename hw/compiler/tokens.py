"""Which tokens a command waits for: derived from what it and the commands before it read and write.

Program order is a valid order, and each wait points backwards in it, so the token graph has no cycle; and since
commands are delivered in program order, the oldest unfinished one always has what it waits for: no deadlock,
whatever the queue depth.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hw.commands import UNITS, Command

Uses = dict["Cells", int]
"""Cells a unit has used: how many commands it had after the last one that did, the latest use last."""


class Cells(NamedTuple):
    """Rows `first` to `last` of the blocks `first_block` to `last_block` of a space, without the last ones."""

    first: int
    last: int
    first_block: int = 0
    last_block: int = 1


class Space:
    """A piece of memory: which unit last read and wrote what of it, as the count of its commands by then.

    Members
    -------
    read, written: by unit
    before: by unit, commands that used the place for something else
    """

    def __init__(self) -> None:
        self.read: dict[str, Uses] = {}
        self.written: dict[str, Uses] = {}
        self.before: Mapping[str, int] = {}

    def last_used(self) -> dict[str, int]:
        """By unit, the count of its commands after the last one that used the place."""
        result = dict(self.before)
        for uses in (self.read, self.written):
            for unit, counts in uses.items():
                result[unit] = max(result.get(unit, 0), next(reversed(counts.values())))
        return result


class Region(NamedTuple):
    """Some cells of a space."""

    space: Space
    cells: Cells


class Sequencer:
    """Collects commands in program order and gives each the counts it has to wait for."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._counts: dict[str, int] = dict.fromkeys(UNITS, 0)

    def add(self, unit: str, layer: int, fields: Mapping[str, int], *, reads: Sequence[Region] = (),
            writes: Sequence[Region] = ()) -> None:
        """Appends a command of `unit` that reads and writes these regions."""
        data: dict[str, int] = {}
        space: dict[str, int] = {}
        for region in reads:
            _wait(data, region.space.written, region.cells)
        for region in writes:
            # A unit works in order: what it has read is read before it writes anew, and so are its writes.
            for other, count in region.space.before.items():
                if other != unit:
                    space[other] = max(space.get(other, 0), count)
            _wait(space, region.space.read, region.cells, unit)
            _wait(space, region.space.written, region.cells, unit)

        self._counts[unit] += 1
        for region in reads:
            _use(region.space.read, unit, region.cells, self._counts[unit])
        for region in writes:
            _use(region.space.written, unit, region.cells, self._counts[unit])
        waits = {name: max(data.get(name, 0), space.get(name, 0)) for name in UNITS if name in data or name in space}
        self.commands.append(Command(
            unit=unit, layer=layer, fields=fields, waits=waits,
            space=frozenset(name for name, count in space.items() if count > data.get(name, 0))))


def _wait(counts: dict[str, int], used: Mapping[str, Uses], cells: Cells, but: str | None = None) -> None:
    """Raises each unit's count, `but` one's, to that of its last use of any of the cells."""
    first, last, first_block, last_block = cells
    for unit, uses in used.items():
        if unit == but:
            continue
        for (start, end, start_block, end_block), count in reversed(uses.items()):
            if start < last and first < end and start_block < last_block and first_block < end_block:
                counts[unit] = max(counts.get(unit, 0), count)
                break


def _use(used: dict[str, Uses], unit: str, cells: Cells, count: int) -> None:
    uses = used.setdefault(unit, {})
    uses.pop(cells, None)  # so that it comes last
    uses[cells] = count
