"""Commands in order: a queue of wide items for a reader that takes its time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.latency import BACKLOG


class Backlog(Component):
    """Queue of `depth` items of `shape`, whose head follows the memory without an enable.

    An item is hundreds of bits, so all that is common to them would cross the chip: here it is the address only, which
    is a register.

    Members
    -------
    push, item : In; only while not `full`.
    full : Out(1).
    head, valid : Out, the oldest item, `latency.BACKLOG` cycles after its push, or the pop of the one before; pop : In,
        only while `valid`.
    """

    def __init__(self, shape, depth: int) -> None:
        self.shape, self.depth = shape, depth
        super().__init__({
            "push": In(1), "item": In(shape), "full": Out(1),
            "head": Out(shape), "valid": Out(1), "pop": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.shape, depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        last, first = Signal(range(self.depth)), Signal(range(self.depth))
        level, any_left = Signal(range(self.depth + 1)), Signal()
        head = Signal.like(self.head, reset_less=True)
        m.d.comb += [write.en.eq(self.push), write.addr.eq(last), write.data.eq(self.item), read.addr.eq(first),
                     self.head.eq(head)]
        m.d.sync += [head.eq(read.data), self.valid.eq(any_left & ~self.pop)]
        with m.If(self.push & ~self.pop):
            m.d.sync += [level.eq(level + 1), any_left.eq(1), self.full.eq(level == self.depth - 1)]
        with m.Elif(self.pop & ~self.push):
            m.d.sync += [level.eq(level - 1), any_left.eq(level != 1), self.full.eq(0)]
        for pointer, moves in ((last, self.push), (first, self.pop)):
            with m.If(moves):
                m.d.sync += pointer.eq(Mux(pointer == self.depth - 1, 0, pointer + 1))
        return m


assert BACKLOG == 2
