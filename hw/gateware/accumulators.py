"""32-bit accumulators of the pointwise datapath: one half adds up passes, the other is drained."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import delayed
from hw.gateware.ram import Ram
from hw.gateware.systolic_array import sum_bits
from hw.latency import ACCUMULATOR_READ


class Accumulators(Component):
    """Two halves of `half_vectors` vectors of `pe_cols` × `pe_pixels` accumulators.

    Members
    -------
    sums : In, as they leave the array: column c, c cycles after column 0.
    valid, half, vector, first : In, `latency.ACCUMULATOR_READ` cycles before column 0's sums; `first` starts anew
        instead of adding.
    drain_half, drain_vector : In; drained : Out, `latency.DRAINED` cycles later.

    Timing
    ------
    A vector may be added to again after 2 + `latency.RAM_READ` cycles. A half must not be drained while it adds (not
    only starts anew): whose read it is is chosen `latency.DRAINED` - 2 cycles before `drained`.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        vector = range(config.half_vectors)
        super().__init__({
            "sums": In(data.ArrayLayout(data.ArrayLayout(signed(sum_bits(config)), config.pe_pixels),
                                        config.pe_cols)),
            "valid": In(1), "half": In(1), "vector": In(vector), "first": In(1),
            "drain_half": In(1), "drain_vector": In(vector),
            "drained": Out(data.ArrayLayout(data.ArrayLayout(signed(32), config.pe_pixels), config.pe_cols)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        control_layout = data.StructLayout({"valid": 1, "half": 1, "vector": range(config.half_vectors), "first": 1})
        control = Signal(control_layout)
        m.d.comb += [control[name].eq(getattr(self, name)) for name in control_layout.members]
        # These go to all columns, from wherever the drain is.
        drain_half, drain_vector = (Signal.like(value, name=f"{name}_asked", reset_less=True)
                                    for name, value in (("half", self.drain_half), ("vector", self.drain_vector)))
        m.d.sync += [drain_half.eq(self.drain_half), drain_vector.eq(self.drain_vector)]
        drained_half = delayed(m, drain_half, ACCUMULATOR_READ, "drained_half")
        for column in range(config.pe_cols):
            added = delayed(m, control, ACCUMULATOR_READ + 1, f"added_{column}")
            old, adds = [], []
            total = Signal(data.ArrayLayout(signed(32), config.pe_pixels), name=f"total_{column}", reset_less=True)
            for half in range(2):
                m.submodules[f"memory_{half}_{column}"] = memory = Ram(
                    width=32 * config.pe_pixels, depth=config.half_vectors, granule=32 * config.pe_pixels)
                adding = control.valid & (control.half == half) & ~control.first
                address = Signal.like(drain_vector, name=f"address_{half}_{column}")
                m.d.sync += address.eq(Mux(adding, control.vector, drain_vector))
                adds.append(delayed(m, adding, ACCUMULATOR_READ, f"adds_{half}_{column}"))
                m.d.comb += [
                    memory.read_address.eq(address),
                    memory.write_enable.eq(added.valid & (added.half == half)),
                    memory.write_address.eq(added.vector),
                    memory.write_data.eq(total),
                ]
                old.append(data.View(data.ArrayLayout(signed(32), config.pe_pixels), memory.read_data))
            for pixel in range(config.pe_pixels):
                before = reduce(or_, (memory[pixel] & bit.replicate(32) for memory, bit in zip(old, adds, strict=True)))
                m.d.sync += total[pixel].eq(before + self.sums[column][pixel])
                m.d.comb += self.drained[column][pixel].eq(delayed(
                    m, Mux(drained_half, old[1][pixel], old[0][pixel]), 1, f"drained_{column}_{pixel}"))
            control = delayed(m, control, 1, f"control_{column}")
        return m
