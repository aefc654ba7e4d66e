"""Two registers between a stream and one who takes it from afar."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component


class RegisterSlice(Component):
    """Passes on an item a cycle; nothing on one side waits in the same cycle for the other.

    Members
    -------
    push, item : In, an item comes; only while not `full`, which is a register.
    valid, head : Out, the oldest item, from the cycle after its push; pop : In, it is taken, if it is `valid`.
    """

    def __init__(self, shape) -> None:
        self.shape = shape
        super().__init__({"push": In(1), "item": In(shape), "full": Out(1),
                          "valid": Out(1), "head": Out(shape), "pop": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        head, spare = (Signal.like(self.head, name=name, reset_less=True) for name in ("head", "spare"))
        m.d.comb += self.head.eq(head)
        # What comes while the head stays waits behind it.
        with m.If(~self.full):
            m.d.sync += spare.eq(self.item)
        with m.If(self.pop | ~self.valid):
            m.d.sync += [head.eq(Mux(self.full, spare, self.item)), self.valid.eq(self.full | self.push),
                         self.full.eq(0)]
        with m.Elif(self.push):
            m.d.sync += self.full.eq(1)
        return m
