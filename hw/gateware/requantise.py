"""Requantisation of 32-bit accumulators to bytes: `golden.quantise.requantise` for a row of lanes."""

from itertools import pairwise

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import PARAMETER_BYTES
from hw.gateware.component import Component
from hw.latency import REQUANTISE

LEFT_SHIFT_BITS = 3
"""A multiplier's shift may be +7 at most; real models need +1."""

PARAMETERS = data.StructLayout({"bias": signed(32), "multiplier": 32, "shift": signed(8)})
"""Per output channel, in the order of the weight memory's bytes."""

NUMERICS = data.StructLayout({"zero_point": signed(8), "minimum": signed(8), "maximum": signed(8), "single": 1})
"""Per layer: what happens after the shift, and the rounding mode."""

assert PARAMETERS.size == 8 * PARAMETER_BYTES


class Requantise(Component):
    """`lanes` accumulators to bytes, each with its channel's parameters.

    Members
    -------
    accumulators : In, `lanes` × signed(32), bias not yet added.
    parameters : In, `lanes` × `PARAMETERS`, with the accumulators.
    numerics : In(`NUMERICS`), with the accumulators.
    outputs : Out, `lanes` × signed(8).
    rescaled : Out, `lanes` × signed(32): before zero point and clamp, a cycle earlier.

    Timing
    ------
    Fully pipelined, `latency.REQUANTISE` cycles, never stalls.

    Limits
    ------
    0 ≤ multiplier < 2³¹, −31 ≤ shift ≤ 7, and (accumulator + bias) · 2^shift within 32 bits.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__({
            "accumulators": In(data.ArrayLayout(signed(32), lanes)),
            "parameters": In(data.ArrayLayout(PARAMETERS, lanes)),
            "numerics": In(NUMERICS),
            "outputs": Out(data.ArrayLayout(signed(8), lanes)),
            "rescaled": Out(data.ArrayLayout(signed(32), lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numerics = self.numerics
        stages = []
        for stage in range(1, REQUANTISE):
            later = Signal(NUMERICS, name=f"numerics_{stage}")
            m.d.sync += later.eq(numerics)
            stages.append(later)
            numerics = later
        for lane in range(self.lanes):
            self._lane(m, lane, stages)
        return m

    def _lane(self, m: Module, lane: int, numerics: list) -> None:
        parameters = self.parameters[lane]

        # 1: bias.
        biased = Signal(signed(32), name=f"biased_{lane}")
        multiplier = [Signal(31, name=f"multiplier_{stage}_{lane}") for stage in (1, 2)]
        shift = [Signal(signed(8), name=f"shift_{stage}_{lane}") for stage in (1, 2, 3, 4)]
        m.d.sync += [
            biased.eq(self.accumulators[lane] + parameters.bias),
            multiplier[0].eq(parameters.multiplier),
            shift[0].eq(parameters.shift),
            multiplier[1].eq(multiplier[0]),
            *(later.eq(earlier) for earlier, later in pairwise(shift)),
        ]

        # 2: left shift, for multipliers of 1 and more.
        shifted = Signal(signed(32), name=f"shifted_{lane}")
        m.d.sync += shifted.eq(biased << Mux(shift[0] > 0, shift[0][:LEFT_SHIFT_BITS], 0))

        # 3: product.
        product = Signal(signed(64), name=f"product_{lane}")
        m.d.sync += product.eq(shifted * multiplier[1])

        # 4: high part, rounded half up; single rounding leaves that to the right shift if there is one.
        high = Signal(signed(33), name=f"high_{lane}")
        nudge = Mux(numerics[2].single & (shift[2] < 0), 0, 1 << 30)
        m.d.sync += high.eq((product + nudge) >> 31)

        # 5: rounding right shift: ties away from zero in double rounding, up in single rounding.
        right = Signal(5, name=f"right_{lane}")
        half = Signal(signed(34), name=f"half_{lane}")
        rounded = Signal(signed(33), name=f"rounded_{lane}")
        down = (high < 0) & ~numerics[3].single
        m.d.comb += [
            right.eq(Mux(shift[3] < 0, -shift[3], 0)),
            half.eq(Mux(right == 0, 0, (Const(1, 32) << right) >> 1) - Mux(down & (right != 0), 1, 0)),
        ]
        m.d.sync += rounded.eq((high + half) >> right)
        m.d.comb += self.rescaled[lane].eq(rounded)

        # 6: zero point and clamp.
        minimum, maximum = numerics[4].minimum, numerics[4].maximum
        shifted_to_zero_point = Signal(signed(34), name=f"with_zero_point_{lane}")
        m.d.comb += shifted_to_zero_point.eq(rounded + numerics[4].zero_point)
        m.d.sync += self.outputs[lane].eq(
            Mux(shifted_to_zero_point < minimum, minimum,
                Mux(shifted_to_zero_point > maximum, maximum, shifted_to_zero_point)))

