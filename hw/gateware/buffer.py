"""Beats in order, in block memory."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.gateware.ram import Ram
from hw.gateware.tally import Tally
from hw.latency import BUFFERED, RAM_READ


class Buffer(Component):
    """First in, first out, of at least `depth` items of `shape`; `depth` is a power of two.

    The memory and the register behind it keep their words until there is room for the next. So the register is the
    head, and no lookup tables are needed behind it.

    Members
    -------
    push, item : In; whoever pushes knows that there is room.
    head, valid : Out, the oldest item; pop : In, only while `valid`.

    Timing
    ------
    An item is the head `latency.BUFFERED` cycles after its push, or in the cycle after the pop of the one before, if
    that is later.
    """

    def __init__(self, shape, depth: int) -> None:
        self.shape, self.depth = shape, depth
        super().__init__({
            "push": In(1), "item": In(shape), "head": Out(shape), "valid": Out(1), "pop": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(Value.cast(self.item))
        m.submodules.memory = memory = Ram(width=width, depth=self.depth, granule=width, block=True)
        last, first = Signal(range(self.depth)), Signal(range(self.depth))
        # What the memory and the register take: the next item, if there is one they do not have yet.
        read, word, take_word, take_head = (Signal(name=name) for name in ("read", "word", "take_word", "take_head"))
        unread = Tally(m, self.depth.bit_length(), "unread", more=self.push, less=read)
        m.d.comb += [
            memory.write_enable.eq(self.push), memory.write_address.eq(last), memory.write_data.eq(self.item),
            take_head.eq(~self.valid | self.pop), take_word.eq(~word | take_head), read.eq(take_word & ~unread.none),
            memory.read_address.eq(first), memory.read_hold.eq(~Cat(take_word, take_head)),
            self.head.eq(memory.read_data),
        ]
        with m.If(self.push):
            m.d.sync += last.eq(last + 1)
        with m.If(read):
            m.d.sync += first.eq(first + 1)
        with m.If(take_word):
            m.d.sync += word.eq(read)
        with m.If(take_head):
            m.d.sync += self.valid.eq(word)
        return m


assert BUFFERED == 1 + RAM_READ
