"""Whose turn it is: the account's mark of the command a unit works on."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.gateware.queue import Queue


class Turns(Component):
    """Follows the commands of a unit from their start to their last vector, window or beat.

    Members
    -------
    start : In(1), a command starts; mark : In(1), its mark. done : In(1), the one whose turn it is has done its last.
    current : Out(1), mark of the command whose turn it is; between two that of the former.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        super().__init__({"start": In(1), "mark": In(1), "done": In(1), "current": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.marks = marks = Queue(1, self.depth)
        former = Signal()
        m.d.comb += [marks.push.eq(self.start), marks.item.eq(self.mark), marks.pop.eq(self.done),
                     self.current.eq(Mux(marks.valid, marks.head, former))]
        with m.If(marks.valid):
            m.d.sync += former.eq(marks.head)
        return m
