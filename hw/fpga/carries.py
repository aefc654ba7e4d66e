"""Nexus' carry chains as its router wants them."""

from collections.abc import Mapping
from typing import Any


def open_carries(cells: Mapping[str, Any]) -> None:
    """Leaves the carry input of the first adder of a chain open, in the `cells` of a netlist.

    There is no wire from a constant to it. Yosys means it to be open, and its mapper ties it to zero (Yosys' issue
    5639); the cell does not look at it.
    """
    constants = {cell["connections"]["Z"][0] for cell in cells.values() if cell["type"] in ("VLO", "VHI")}
    for cell in cells.values():
        if cell["type"] == "CCU2" and cell["connections"].get("CIN", [None])[0] in {*constants, "0", "1"}:
            del cell["connections"]["CIN"]
