"""A count of what is open, up and down."""

from amaranth.hdl import Module, Signal, Value


class Tally:
    """Counts `more` up and `less` down; `none` is a register, so that nothing waits for a comparison.

    Parameters
    ----------
    m: module whose clock it counts; bits: of the count; name: of its signals; more, less: one bit each

    Attributes
    ----------
    none : the count is 0, as of the cycle after the last `more` or `less`.
    """

    def __init__(self, m: Module, bits: int, name: str, *, more: Value, less: Value) -> None:
        count = Signal(bits, name=name)
        self.none = Signal(name=f"{name}_none", init=1)
        with m.If(more & ~less):
            m.d.sync += [count.eq(count + 1), self.none.eq(0)]
        with m.Elif(less & ~more):
            m.d.sync += [count.eq(count - 1), self.none.eq(count == 1)]
