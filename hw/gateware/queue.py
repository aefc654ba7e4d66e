"""First in, first out, with the head in sight."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component


class Queue(Component):
    """Queue of `depth` items of `shape`.

    Members
    -------
    push, item : In; only while not `full`.
    full : Out(1).
    head, valid : Out, the oldest item, from the cycle after its push; pop : In, only while `valid`.
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
        first, last = Signal(range(self.depth)), Signal(range(self.depth))
        level = Signal(range(self.depth + 1))
        m.d.comb += [
            write.en.eq(self.push), write.addr.eq(last), write.data.eq(self.item),
            read.addr.eq(first), self.head.eq(read.data),
            self.valid.eq(level != 0), self.full.eq(level == self.depth),
        ]
        m.d.sync += level.eq(level + self.push - self.pop)
        for pointer, moves in ((last, self.push), (first, self.pop)):
            with m.If(moves):
                m.d.sync += pointer.eq(Mux(pointer == self.depth - 1, 0, pointer + 1))
        return m
