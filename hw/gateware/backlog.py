"""Commands in order: queues of wide items for readers that take their time."""

from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.gateware.queue import Queue
from hw.latency import BACKLOG, COMMAND_PARTS, HEAD


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
        head = Signal.like(self.head, reset_less=True)
        m.d.comb += [write.en.eq(self.push), write.addr.eq(last), write.data.eq(self.item), read.addr.eq(first),
                     self.head.eq(head)]
        m.d.sync += [head.eq(read.data), self.valid.eq(self._any_left(m) & ~self.pop)]
        self._advance(m, last, self.push)
        self._advance(m, first, self.pop)
        return m

    def _any_left(self, m: Module) -> Signal:
        """Whether there are items; also keeps `full`."""
        level, any_left = Signal(range(self.depth + 1)), Signal()
        with m.If(self.push & ~self.pop):
            m.d.sync += [level.eq(level + 1), any_left.eq(1), self.full.eq(level == self.depth - 1)]
        with m.Elif(self.pop & ~self.push):
            m.d.sync += [level.eq(level - 1), any_left.eq(level != 1), self.full.eq(0)]
        return any_left


class PartedBacklog(Backlog):
    """The same for items that come in `latency.COMMAND_PARTS` parts, one a cycle, and so go to the head.

    Small memories have more words than a queue has items, so parts make it narrower, like the way to it. `depth` is a
    power of two.

    Members
    -------
    part : In, instead of `item`: part 0 with the push, the others in the cycles after it. Part n is every
        `latency.COMMAND_PARTS`-th bit from bit n on.
    any_left : Out(1), there are items, from the cycle after the first one's push.

    Timing
    ------
    The head is there `latency.HEAD` cycles after its push, or the pop of the one before.
    """

    def __init__(self, shape, depth: int) -> None:
        super().__init__(shape, depth, item={"part": In(part_bits(shape)), "any_left": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=len(self.part), depth=COMMAND_PARTS * self.depth, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        target, source = Signal.like(write.addr), Signal.like(read.addr)
        arriving, leaving = target % COMMAND_PARTS, source % COMMAND_PARTS
        m.d.comb += [write.en.eq(self.push | (arriving != 0)), write.addr.eq(target), write.data.eq(self.part),
                     read.addr.eq(source)]
        with m.If(write.en):
            m.d.sync += target.eq(target + 1)
        m.d.comb += self.any_left.eq(self._any_left(m))
        with m.If(self.any_left & ~self.valid):
            m.d.sync += [source.eq(source + 1), self.valid.eq(leaving == COMMAND_PARTS - 1)]
        with m.If(self.pop):
            m.d.sync += self.valid.eq(0)
        head = self.head.as_value()
        for number in range(COMMAND_PARTS):
            part = Signal(len(head[number::COMMAND_PARTS]), name=f"part_{number}", reset_less=True)
            with m.If(~self.valid & (leaving == number)):
                m.d.sync += part.eq(read.data)
            m.d.comb += head[number::COMMAND_PARTS].eq(part)
        return m


def part_bits(shape) -> int:
    """Bits of a part of an item of `shape`."""
    return -(-shape.size // COMMAND_PARTS)


assert (BACKLOG, HEAD) == (2, COMMAND_PARTS + 1)
