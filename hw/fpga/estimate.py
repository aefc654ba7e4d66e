"""The clock of a netlist that no open tool routes: by its levels of logic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CARRY = ("CARRY4", "CARRY8")
"""Cells whose delay is that of the logic in front of them: along a chain they take next to none."""

WIDE = ("MUXF7", "MUXF8", "MUXF9", "INV")
"""Cells that lie beside the lookup table in front of them, without a net between."""

STORES = ("FD", "RAMB", "DSP48")
"""What the types of cells begin with that have registers at both ends."""


MEMORIES = ("RAM", "SRL")
"""Of lookup tables: what is written ends in them, what is read goes on from the address."""


@dataclass(frozen=True, kw_only=True)
class PathRule:
    """Time of a path from register to register, in ns; *assumed*, of a device of its slowest grade.

    Parameters
    ----------
    ends_ns: clock to output, and setup
    level_ns: a lookup table and the net in front of it
    """

    ends_ns: float
    level_ns: float

    def clock_mhz(self, levels: int) -> float:
        """1 ÷ (the ends, the levels, and the net to the register)."""
        return 1000 / (self.ends_ns + self.level_ns * (levels + 1))

    def __str__(self) -> str:
        return f"1 ÷ ({self.ends_ns:g} ns + {self.level_ns:g} ns × (levels of logic + 1))"


def logic_levels(cells: Mapping[str, Any]) -> int:
    """Lookup tables on the longest path from register to register in the `cells` of a flat netlist.

    Raises `ValueError` if there is a loop of logic.
    """
    driver: dict[int, str] = {}
    for name, cell in cells.items():
        if not cell["type"].startswith(STORES):
            driver.update((bit, name) for port, bits in cell["connections"].items()
                          if cell["port_directions"][port] == "output" for bit in bits)
    levels: dict[str, int] = {}
    for name in set(driver.values()):
        _visit(name, cells, driver, levels)
    return max(levels.values(), default=0)


def _visit(name: str, cells: Mapping[str, Any], driver: Mapping[int, str], levels: dict[str, int]) -> None:
    """Adds `name` and all in front of it to `levels`."""
    path, open_cells = [name], set[str]()
    while path:
        cell = cells[path[-1]]
        before = {driver[bit] for port, bits in cell["connections"].items()
                  if _goes_on(cell, port) for bit in bits if bit in driver}
        if path[-1] in levels or before <= levels.keys():
            last = path.pop()
            open_cells.discard(last)
            levels[last] = max((levels[other] for other in before), default=0) + (cell["type"] not in CARRY + WIDE)
            continue
        if path[-1] in open_cells:
            raise ValueError(f"{path[-1]} depends on itself")
        open_cells.add(path[-1])
        path += before - levels.keys()


def _goes_on(cell: Mapping[str, Any], port: str) -> bool:
    """Whether a path into this port of a cell that is no register comes out of it again."""
    address = port.startswith(("A", "DPRA"))
    return cell["port_directions"][port] == "input" and (address or not cell["type"].startswith(MEMORIES))
