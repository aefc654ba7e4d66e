"""First in, first out, with the head in sight: few items, in lookup tables."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component


class Queue(Component):
    """Queue of `depth` items of `shape`; `item`: what comes with a push, if that is not one of them at once.

    Members
    -------
    push, item : In; only while not `full`.
    full : Out(1).
    head, valid : Out, the oldest item, from the cycle after its push; pop : In, only while `valid`.
    """

    def __init__(self, shape, depth: int, item: Mapping[str, Any] | None = None) -> None:
        self.shape, self.depth = shape, depth
        super().__init__({
            "push": In(1), **(item or {"item": In(shape)}), "full": Out(1),
            "head": Out(shape), "valid": Out(1), "pop": In(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(shape=self.shape, depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        last, first, level = Signal(range(self.depth)), Signal(range(self.depth)), Signal(range(self.depth + 1))
        m.d.comb += [write.en.eq(self.push), write.addr.eq(last), write.data.eq(self.item), read.addr.eq(first),
                     self.head.eq(read.data)]
        with m.If(self.push & ~self.pop):
            m.d.sync += [level.eq(level + 1), self.valid.eq(1), self.full.eq(level == self.depth - 1)]
        with m.Elif(self.pop & ~self.push):
            m.d.sync += [level.eq(level - 1), self.valid.eq(level != 1), self.full.eq(0)]
        self._advance(m, last, self.push)
        self._advance(m, first, self.pop)
        return m

    def _advance(self, m: Module, pointer: Signal, moves: Value) -> None:
        with m.If(moves):
            m.d.sync += pointer.eq(Mux(pointer == self.depth - 1, 0, pointer + 1))
