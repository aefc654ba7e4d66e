"""Counters whose end is known a cycle ahead."""

from amaranth.hdl import Module, Signal, Value


class Countdown:
    """Counts down what is left; `last`, `second` and `any` are registers, so that nothing waits for a comparison.

    Parameters
    ----------
    m: module whose clock it counts; bits: of the count; name: of its signals

    Attributes
    ----------
    left : the count. last : it is 1. second : it is 2. any : it is not 0.
    """

    def __init__(self, m: Module, bits: int, name: str) -> None:
        self._m = m
        self.left = Signal(bits, name=name)
        self.last, self.second, self.any = (Signal(name=f"{name}_{flag}") for flag in ("last", "second", "any"))

    def load(self, value: Value, *, single: Value | None = None) -> None:
        """The next cycle has `value` left; like `step` it holds in the conditions it is written in.

        `single`, if it is known from before, says whether `value` is 1.
        """
        last = value == 1 if single is None else single
        self._m.d.sync += [self.left.eq(value), self.last.eq(last), self.second.eq(value == 2),
                           self.any.eq(value != 0)]

    def step(self) -> None:
        """The next cycle has one less."""
        self._m.d.sync += [self.left.eq(self.left - 1), self.last.eq(self.second), self.second.eq(self.left == 3),
                           self.any.eq(~self.last)]
