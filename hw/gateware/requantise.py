"""Requantisation of 32-bit accumulators to bytes: `golden.quantise.requantise` for a row of lanes."""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import PARAMETER_BYTES
from hw.gateware.component import Component
from hw.gateware.layouts import delayed
from hw.gateware.multiplier import multiply
from hw.latency import MULTIPLY, REQUANTISE, RESCALE
from hw.multipliers import Kind

SHIFT_BITS = 6
"""Of a shift within its limits."""

LEFT_SHIFT_BITS = 3
"""A multiplier's shift may be +7 at most; real models need +1."""

PARAMETERS = data.StructLayout({"bias": signed(32), "multiplier": 32, "shift": signed(8)})
"""Per output channel, in the order of the weight memory's bytes."""

NUMERICS = data.StructLayout({"zero_point": signed(8), "minimum": signed(8), "maximum": signed(8), "single": 1})
"""Per layer: what happens after the shift, and the rounding mode."""

assert PARAMETERS.size == 8 * PARAMETER_BYTES

HALF_BITS = 16
"""Lower part of a factor: with a sign it fits any multiplier block."""

MULTIPLIED = 2 + MULTIPLY
"""Registers from the accumulator to the products."""

NARROW_BITS = 10
"""Of a value to which its zero point is added; beyond ±(2⁷ + 2⁷) it is clamped in any case."""

assert RESCALE == MULTIPLIED + 4
assert REQUANTISE == RESCALE + 2


class Requantise(Component):
    """`lanes` accumulators to bytes, each with its channel's parameters.

    Members
    -------
    accumulators : In, `lanes` × signed(32), bias not yet added.
    parameters : In, `lanes` × `PARAMETERS`, with the accumulators.
    numerics : In(`NUMERICS`), with the accumulators; all but `single` so many cycles later as `late` says.
    outputs : Out, `lanes` × signed(8).
    rescaled : Out, `lanes` × signed(32): before zero point and clamp, `latency.RESCALE` cycles after its accumulator.

    Timing
    ------
    Fully pipelined, `latency.REQUANTISE` cycles, never stalls.

    Limits
    ------
    0 ≤ multiplier < 2³¹, −31 ≤ shift ≤ 7, and (accumulator + bias) · 2^shift within 32 bits.
    """

    def __init__(self, lanes: int, multiplier: Kind = "portable", *, late: int = 0) -> None:
        self.lanes, self.late = lanes, late
        self.multiplier: Kind = multiplier
        super().__init__({
            "accumulators": In(data.ArrayLayout(signed(32), lanes)),
            "parameters": In(data.ArrayLayout(PARAMETERS, lanes)),
            "numerics": In(NUMERICS),
            "outputs": Out(data.ArrayLayout(signed(8), lanes)),
            "rescaled": Out(data.ArrayLayout(signed(32), lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        single = delayed(m, self.numerics.single, MULTIPLIED, "single")
        before = delayed(m, self.numerics, REQUANTISE - 2 - self.late, "before")
        last = delayed(m, before, 1, "last")
        # The clamps as they are before the zero point is added.
        limits = [Signal(signed(9), name=f"{name}_limit", reset_less=True) for name in ("minimum", "maximum")]
        m.d.sync += [limit.eq(value - before.zero_point)
                     for limit, value in zip(limits, (before.minimum, before.maximum), strict=True)]
        for lane in range(self.lanes):
            self._lane(m, lane, single, last, limits)
        return m

    def _lane(self, m: Module, lane: int, single: Signal, last: data.View, limits: list) -> None:
        """One lane; `single` belongs to the products, `last` and `limits` to the last value before the output."""
        parameters = self.parameters[lane]

        def register(shape, name: str) -> Signal:
            return Signal(shape, name=f"{name}_{lane}", reset_less=True)

        shifts = [register(signed(SHIFT_BITS), f"shift_{stage}") for stage in range(1, MULTIPLIED + 1)]
        m.d.sync += [later.eq(earlier) for earlier, later in pairwise((parameters.shift, *shifts))]

        # 1: bias.
        biased, multiplier, left = register(signed(32), "biased"), register(31, "multiplier"), register(3, "left")
        m.d.sync += [
            biased.eq(self.accumulators[lane] + parameters.bias),
            multiplier.eq(parameters.multiplier),
            left.eq(Mux(parameters.shift > 0, parameters.shift[:LEFT_SHIFT_BITS], 0)),
        ]

        # 2: left shift, for multipliers of 1 and more.
        shifted, factor = register(signed(32), "shifted"), register(31, "factor")
        m.d.sync += [shifted.eq(biased << left), factor.eq(multiplier)]

        # To `MULTIPLIED`: products of the halves.
        factors = [[Cat(value[:HALF_BITS], Const(0, 1)).as_signed(), value[HALF_BITS:].as_signed()]
                   for value in (shifted, Cat(factor, Const(0, 1)))]
        products = [[multiply(m, factors[0][value], factors[1][part], name=f"product_{value}{part}_{lane}",
                              kind=self.multiplier) for part in range(2)] for value in range(2)]

        # Then their sum, and half of the high part's unit; single rounding leaves that to the right shift if there
        # is one. Double rounding takes a whole unit off a negative value before a right shift, which thus rounds ties
        # away from zero by adding the same as for any other; a value that is only made negative by that comes to 0.
        shift = shifts[-1]
        inner, outer, amount = register(signed(36), "inner"), register(signed(65), "outer"), register(5, "amount")
        negative = products[1][0][-1] | products[1][1][-1]
        nudge = Cat(Const(0, 30), ~(single & (shift < 0)), ~single & (shift < 0) & negative).as_signed()
        m.d.sync += [
            inner.eq(products[0][1] + products[1][0]),
            outer.eq(Cat(products[0][0][:2 * HALF_BITS], products[1][1]).as_signed() + nudge),
            amount.eq(Mux(shift < 0, -shift, 0)),
        ]

        # The high part, then the right shift of that and of a bit below, which rounds it: halves go up.
        high, right, halves = register(signed(33), "high"), register(5, "right"), register(signed(34), "halves")
        rescaled = register(signed(33), "rescaled")
        m.d.sync += [
            high.eq((outer + (inner << HALF_BITS)) >> 31), right.eq(amount),
            halves.eq(Cat(Const(0, 1), high).as_signed() >> right),
            rescaled.eq(halves[1:].as_signed() + halves[0]),
        ]
        m.d.comb += self.rescaled[lane].eq(rescaled)

        # Zero point and clamp, of a value that first is made narrow: one that does not fit keeps its sign, and the bit
        # below it, now the other way, puts it beyond every clamp.
        narrow, sign = register(signed(NARROW_BITS + 1), "narrow"), rescaled[-1]
        upper = rescaled[NARROW_BITS - 1:]
        m.d.sync += narrow.eq(Cat(rescaled[:NARROW_BITS - 1], Mux(upper.all() | ~upper.any(), sign, ~sign), sign))
        m.d.sync += self.outputs[lane].eq(Mux(narrow < limits[0], last.minimum, Mux(
            narrow > limits[1], last.maximum, narrow + last.zero_point)))
