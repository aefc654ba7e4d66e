"""Notices that nothing is ever going to happen any more."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.commands import UNITS
from hw.faults import CODES
from hw.gateware.component import Component
from hw.gateware.layouts import FAULT


class Deadlock(Component):
    """A fault after `patience` cycles in which nothing moves, and one more.

    Put down to a command that waits for a unit which has nothing to do, if there is one: others may only wait for
    that one.

    Members
    -------
    moves : In(1), something is under way: a burst, a started command, a delivery, a command that can start.
    missing : In, per unit a bit for each unit that its oldest command waits for; empty : In, no command waits.
    fault : Out(`FAULT`), as long as nothing moves; a cycle late. The command's number is not filled in.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        units = len(UNITS)
        super().__init__({
            "moves": In(1), "missing": In(data.ArrayLayout(units, units)), "empty": In(units), "fault": Out(FAULT),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycles = Signal(range(self.patience + 1))
        unit = Signal(range(len(UNITS)))
        # All this is far from here, so a register comes first. Nothing of it changes any more when it is needed.
        moved, missing, empty = Signal(init=1), Signal.like(self.missing), Signal(len(UNITS))
        m.d.sync += [moved.eq(self.moves), missing.eq(self.missing), empty.eq(self.empty)]
        for name, idle in (("waits", -1), ("waits_for_idle", empty)):
            waits = Signal(len(UNITS), name=name)
            m.d.sync += waits.eq(Cat((missing[index] & idle).any() for index in range(len(UNITS))))
            for index in reversed(range(len(UNITS))):
                with m.If(waits[index]):
                    m.d.sync += unit.eq(index)
        with m.If(moved):
            m.d.sync += cycles.eq(0)
        with m.Elif(cycles != self.patience):
            m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += [
            self.fault.code.eq(Mux(cycles == self.patience, CODES["deadlock"], 0)),
            self.fault.source.eq(unit),
        ]
        return m
