"""Where an engine's multipliers and block memories lie on a device.

There are few rows of them, and nextpnr fills these in the order it comes to the cells: neighbours in the array end up
at opposite edges, and half of all wire leads to these cells. So they are placed here, and all else around them by
nextpnr.

Multipliers follow each other along the rows, back and forth: depthwise, half of the array's columns, the requantisers,
the other half. What a column's sums and weights are kept in lies near it, rather in the middle of the array than at its
edge. The activation memory takes what is left, each site the nearest to the one before: all groups' blocks of the same
bits side by side, since these are what each reader chooses among and each writer fills; addresses cross the chip.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any

from hw.config import EngineConfig

MULTIPLIER, MEMORY = "MULT18X18D", "DP16KD"

_IN_ARRAY = re.compile(r"pointwise\.array\.product_(\d+)_(\d+)_(\d+)_")
_SUMS = re.compile(r"pointwise\.accumulators\.memory_\d+_(\d+)\.")
_WEIGHTS = re.compile(r"(.*pointwise_weight_memory\..*\.)(\d+)$")
_ACTIVATIONS = re.compile(r"activation_memory\.bank_(?P<group>\d+)_(?P<bank>\d+)\..*?(?P<part>\d+)$")


@dataclass(frozen=True)
class Site:
    """A place for one cell: its tile, and what nextpnr calls it."""

    x: int
    y: int
    name: str

    def to(self, x: float, y: float) -> float:
        """Tiles of wire to a place."""
        return abs(self.x - x) + abs(self.y - y)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows of multipliers and of memories of a device, as nextpnr counts its tiles.

    Parameters
    ----------
    columns: X of the first of each four; multiplier_rows, memory_rows: Y
    """

    columns: tuple[int, ...]
    multiplier_rows: tuple[int, ...]
    memory_rows: tuple[int, ...]

    def multipliers(self) -> list[Site]:
        """Along the rows, back and forth."""
        return self._along(self.multiplier_rows, {offset: f"MULT18_{offset}" for offset in (0, 1, 4, 5)})

    def memories(self) -> list[Site]:
        """Along the rows, back and forth."""
        return self._along(self.memory_rows, {2 * number: f"EBR{number}" for number in range(4)})

    def _along(self, rows: tuple[int, ...], kinds: Mapping[int, str]) -> list[Site]:
        sites = []
        for number, y in enumerate(rows):
            row = [Site(x + offset, y, f"X{x + offset}/Y{y}/{kind}") for x in self.columns
                   for offset, kind in kinds.items()]
            sites += reversed(row) if number % 2 else row
        return sites


def place_blocks(cells: dict[str, Any], config: EngineConfig, grid: Grid) -> None:
    """Gives the multipliers and memories among the `cells` of a netlist of `config` their sites.

    What is not known by its name is left to the placer; all of it is if the device has too few sites.
    """
    multipliers = [name for name, cell in cells.items() if cell["type"] == MULTIPLIER]
    memories = [name for name, cell in cells.items() if cell["type"] == MEMORY]
    if len(multipliers) > len(grid.multipliers()) or len(memories) > len(grid.memories()):
        return
    sites = _place_multipliers(multipliers, config, grid)
    sites |= _place_memories(memories, _columns(sites), config, grid)
    for name, site in sites.items():
        cells[name]["attributes"]["BEL"] = site.name


def _place_multipliers(names: list[str], config: EngineConfig, grid: Grid) -> dict[str, Site]:
    """Sites by name."""
    def rank(name: str) -> tuple[int, ...]:
        if found := _IN_ARRAY.search(name):
            row, column, pixel = map(int, found.groups())
            return (1 if column < config.pe_cols // 2 else 3, column, row, pixel)
        return (0 if ".depthwise." in name else 2,)

    return dict(zip(sorted(names, key=rank), grid.multipliers(), strict=False))


def _columns(sites: Mapping[str, Site]) -> dict[int, tuple[float, float]]:
    """Middle of each column of the array."""
    columns: dict[int, list[Site]] = defaultdict(list)
    for name, site in sites.items():
        if found := _IN_ARRAY.search(name):
            columns[int(found[2])].append(site)
    return {column: (mean(site.x for site in around), mean(site.y for site in around))
            for column, around in columns.items()}


def _place_memories(names: list[str], columns: Mapping[int, tuple[float, float]], config: EngineConfig,
                    grid: Grid) -> dict[str, Site]:
    """Sites by name."""
    free, sites = grid.memories(), {}
    if not columns:
        return sites
    centre = mean(y for _, y in columns.values())
    for column, name in sorted(_of_columns(names, config)):
        x, y = columns[min(columns, key=lambda known: abs(known - column))]
        sites[name] = nearest = min(free, key=lambda site: site.to(x, y) + abs(site.y - centre))
        free.remove(nearest)
    nearest = free[0]
    for *_, name in sorted((int(found["bank"]), int(found["part"]), int(found["group"]), name)
                           for name in names if (found := _ACTIVATIONS.search(name))):
        sites[name] = nearest = min(free, key=lambda site: site.to(nearest.x, nearest.y))
        free.remove(nearest)
    return sites


def _of_columns(names: list[str], config: EngineConfig) -> list[tuple[int, str]]:
    """Column and name of the memories of sums, and of weights: the first of those that share a word keep its lower
    bytes, which are those of the first columns."""
    columns, words = [], defaultdict(list)
    for name in names:
        if found := _SUMS.search(name):
            columns.append((int(found[1]), name))
        elif found := _WEIGHTS.search(name):
            words[found[1]].append((int(found[2]), name))
    for word in words.values():
        bytes_each = config.weight_word_bytes / len(word)
        columns += [(int(number * bytes_each) % config.pe_cols, name) for number, name in word]
    return columns
