"""What travels between the blocks, made from the tables of `hw.commands`."""

from typing import Any, TypeVar

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.account import WAITS
from hw.commands import BODY, COUNT_BITS, HEADER, LAYER, UNITS, Field
from hw.faults import FAULTS, SOURCES


def _layout(table: tuple[Field, ...]) -> data.StructLayout:
    return data.StructLayout({entry.name: signed(entry.bits) if entry.signed else unsigned(entry.bits)
                              for entry in table})


HEADER_LAYOUT = _layout(HEADER)
BODY_LAYOUT = {unit: _layout(BODY[unit]) for unit in UNITS}

FAULT = data.StructLayout({"code": range(1 + max(fault.code for fault in FAULTS)), "source": range(len(SOURCES)),
                           "command": COUNT_BITS, "address": 32})
"""A fault, as `hw.faults` describes it; code 0: none."""


WORK = data.StructLayout({"busy": 1, "done": 1})
"""What a unit does in a cycle: it issues or moves something; that was the last of its command."""

MARKED = data.StructLayout({"layer": LAYER.bits, "one": 1})
"""Which commands are marked for the stall account: those of `layer` if `one`, else all."""

LACKS = data.StructLayout(dict.fromkeys(WAITS, 1))
"""What the head of a queue waits for."""


def selector(count: int) -> range:
    """Shape of an index of `count` items; never of zero width, which Verilog does not know."""
    return range(max(2, count))


class CommandPort(wiring.Signature):
    """From a command queue to its unit.

    Members
    -------
    ready : Out, a command is at the head and all its tokens are there.
    fields : Out, the unit's own fields of the head.
    pop : In, the unit starts it in this cycle; only while `ready`.
    """

    def __init__(self, unit: str) -> None:
        super().__init__({"ready": Out(1), "fields": Out(BODY_LAYOUT[unit]), "pop": In(1)})


class WordPort(wiring.Signature):
    """Read of a weight memory, from the reader's side; data `latency.RAM_READ` cycles after the address."""

    def __init__(self, word_bytes: int) -> None:
        super().__init__({"word": Out(16), "data": In(8 * word_bytes)})


_Valued = TypeVar("_Valued")


def delayed(m: Module, value: _Valued, cycles: int, name: str) -> _Valued:
    """`value`, a signal or a view of one, `cycles` clock cycles later; not reset (`latency.reset_cycles`)."""
    earlier: Any = value
    for stage in range(cycles):
        later = Signal.like(earlier, name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += later.eq(earlier)
        earlier = later
    return earlier
