"""A count of what is open, up and down."""

from amaranth.hdl import Cat, Const, Module, Signal, Value


class Tally:
    """Counts `more` up and `less` down; `none` is a register, so that nothing waits for a comparison.

    Parameters
    ----------
    m: module whose clock it counts; bits: of the count; name: of its signals; more, less: one bit each

    Attributes
    ----------
    count : what is open. none : that is 0. Both as of the cycle after the last `more` or `less`.
    """

    def __init__(self, m: Module, bits: int, name: str, *, more: Value, less: Value) -> None:
        self.count, self.none = Signal(bits, name=name), Signal(name=f"{name}_none", init=1)
        # One adder for both ways: 1, or as many ones as there are bits.
        with m.If(more ^ less):
            m.d.sync += [self.count.eq(self.count + Cat(Const(1, 1), less.replicate(bits - 1))),
                         self.none.eq(less & (self.count == 1))]
