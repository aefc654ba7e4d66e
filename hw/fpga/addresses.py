"""Addresses of small memories, of which ECP5's packer routes what is constant."""

from collections.abc import Mapping
from typing import Any


def open_addresses(cells: Mapping[str, Any]) -> None:
    """Leaves address bits open that are 0 for the reader and the writer, in the `cells` of a netlist.

    An input without a wire is 1 (nextpnr counts on it for its carry chains), so both go to the same other words. Zeros
    would be routed to each of the cells: of a memory of 4 words they are half of its addresses.
    """
    for cell in cells.values():
        if cell["type"] == "TRELLIS_DPR16X4":
            read, write = (cell["connections"][port] for port in ("RAD", "WAD"))
            for place, pair in enumerate(zip(read, write, strict=True)):
                if pair == ("0", "0"):
                    read[place] = write[place] = "z"
