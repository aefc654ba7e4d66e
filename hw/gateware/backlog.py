"""Commands in order: a queue of wide items for a reader that takes its time."""

from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory

from hw.gateware.queue import Queue
from hw.latency import BACKLOG


class Backlog(Queue):
    """A `Queue` whose head follows the memory without an enable.

    An item is hundreds of bits, so all that is common to them would cross the chip: here it is the address only, which
    is a register. The head is there `latency.BACKLOG` cycles after its push, or the pop of the one before.
    """

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
        self._advance(m, last, self.push)
        self._advance(m, first, self.pop)
        return m


assert BACKLOG == 2
