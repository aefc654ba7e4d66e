"""The pointwise walk: passes of one weight tile over the pixels of a tile, input block by input block."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, WORK, delayed
from hw.gateware.pointwise_addresses import PointwiseAddresses
from hw.gateware.pointwise_residual import PointwiseResidual
from hw.gateware.pointwise_walk import PASS, PointwiseWalk
from hw.gateware.rotate import rotate_left, rotate_right
from hw.latency import ACCUMULATOR_READ, ACTIVATION_READ, array_input, array_latency


class PointwisePasses(Component):
    """Feeds the array: per pixel tile, per output block, one pass per tap of the kernel and input block.

    The residual, if any, follows in passes of its own, into the upper half of the vectors.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, vectors are left to issue.
    loaded : In, the weight tile of the next pass is complete; advance : Out, that pass starts. It is not complete again
        for `latency.PASS_READY` cycles.
    half_busy : In(2), halves of the accumulators that can't start a new block; half_freed : In(2), those that can from
        the next cycle on.
    block_start, block_end : Out, first and last vector of an output block; half : Out, where it adds up.
    read : Out(`ReadPort`).
    work : Out(`WORK`), vectors.
    operands : Out, to the array; bank : Out, to the array, a cycle ahead of them.
    valid, add_half, vector, first : Out, to the accumulators, `latency.ACCUMULATOR_READ` cycles before column 0's
        sums.

    Timing
    ------
    A vector a cycle, the first one `latency.POINTWISE_TAKE` cycles after the start. A pass starts when its weights are
    loaded and, if it is a block's first, its half is free.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]), "busy": Out(1),
            "loaded": In(1), "advance": Out(1),
            "half_busy": In(2), "half_freed": In(2), "block_start": Out(1), "block_end": Out(1), "half": Out(1),
            "read": Out(ReadPort(config)), "work": Out(WORK),
            "operands": Out(data.ArrayLayout(data.ArrayLayout(signed(9), config.pe_pixels), config.pe_rows)),
            "bank": Out(1),
            "valid": Out(1), "add_half": Out(1), "vector": Out(range(config.half_vectors)), "first": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.walk = walk = PointwiseWalk(config)
        upcoming, current = walk.upcoming, Signal(PASS)
        vector, before_last = Signal(range(config.half_vectors)), Signal(10)
        running, last_vector, bank, blocked = Signal(), Signal(), Signal(), Signal()
        issue, goes_on, enter = Signal(), Signal(), Signal()

        # Between two passes the next one is current, and `last_vector` says that it has only one. Whether that is
        # `blocked` is known a cycle ahead, from `half_freed`, which `half_busy` follows.
        opens, half = (Mux(enter, upcoming[name], current[name]) for name in ("opens", "half"))
        m.d.sync += blocked.eq(opens & self.half_busy.bit_select(half, 1) & ~self.half_freed.bit_select(half, 1))
        m.d.comb += [
            self.advance.eq(current.valid & ~running & self.loaded & ~blocked),
            issue.eq(self.advance | running), goes_on.eq(issue & ~last_vector), enter.eq(~running | last_vector),
            self.half.eq(current.half), self.block_start.eq(self.advance & current.opens),
            self.block_end.eq(issue & last_vector & current.ends_block),
            self.work.busy.eq(issue), self.work.done.eq(issue & last_vector & current.ends_command),
            walk.start.eq(self.start), walk.fields.eq(self.fields),
        ]
        m.d.sync += [
            walk.step.eq(self.advance), running.eq(goes_on), vector.eq(Mux(goes_on, vector + 1, 0)),
            last_vector.eq(Mux(goes_on, vector == before_last, upcoming.single)),
            bank.eq(bank ^ (issue & last_vector)),
        ]
        with m.If(enter):
            m.d.sync += [current.eq(upcoming), before_last.eq(upcoming.vectors - 2)]
        command = Signal(data.StructLayout({"input_zero_point": signed(8), "residual_zero_point": signed(8)}),
                         reset_less=True)
        with m.If(self.work.done):
            m.d.sync += self.busy.eq(0)
        with m.If(self.start):
            m.d.sync += [self.busy.eq(1), *(command[name].eq(self.fields[name]) for name in command.shape().members)]

        m.submodules.addresses = addresses = PointwiseAddresses(config)
        m.submodules.residual = beside = PointwiseResidual(config)
        for unit in (addresses, beside):
            m.d.comb += [
                unit.start.eq(self.start), unit.fields.eq(self.fields), unit.step.eq(walk.step),
                unit.upcoming.eq(upcoming), unit.enter.eq(enter), unit.vector.eq(vector),
            ]
        m.d.comb += [addresses.issue.eq(issue), addresses.last_vector.eq(last_vector),
                     addresses.ends_tile.eq(current.ends_tile)]
        # Either way a vector's pixels are there after a cycle, whether its lanes read after two.
        from_residual, some = delayed(m, current.residual, 1, "residual"), delayed(m, issue & beside.some, 2, "some")
        pixel, mask = Signal(20), Signal(config.pe_pixels)
        m.d.sync += pixel.eq(Mux(from_residual, beside.pixel, addresses.pixel))
        m.d.comb += mask.eq(Mux(delayed(m, from_residual, 1, "residual_mask"), some.replicate(config.pe_pixels),
                                addresses.mask))
        self._read(m, pixel, mask)
        self._to_array(m, delayed(m, pixel, ACTIVATION_READ + 1, "arrived_pixel")[:config.lane_bits],
                       delayed(m, mask, ACTIVATION_READ + 2, "arrived_mask"),
                       Mux(current.residual, command.residual_zero_point, command.input_zero_point))
        m.d.comb += self.bank.eq(delayed(m, bank, array_input(config) - 1, "bank"))
        control = Cat(issue, current.half, current.first,
                      Mux(current.residual, vector | config.half_vectors // 2, vector))
        arrived = delayed(m, control, array_latency(config) - ACCUMULATOR_READ, "control")
        m.d.comb += Cat(self.valid, self.add_half, self.first, self.vector).eq(arrived)
        return m

    def _read(self, m: Module, pixel: Signal, mask: Signal) -> None:
        """Asks for the pixels from `pixel` on; the first one's lane is the bank that starts."""
        lane = pixel[:self.config.lane_bits]
        m.d.sync += [
            self.read.row.eq(pixel >> self.config.lane_bits), self.read.lane.eq(lane),
            self.read.enable.eq(rotate_left(mask, lane, 1, self.config.pe_pixels)),
        ]

    def _to_array(self, m: Module, lane, mask, zero_point) -> None:
        """Turns the pixels that were read to their lanes, subtracts the zero point; taps outside become 0."""
        config = self.config
        pixels = config.pe_pixels
        turned = Signal(8 * config.row_bytes, reset_less=True)
        m.d.sync += turned.eq(rotate_right(self.read.data, lane, 8 * config.pe_rows, pixels))
        zero_point = delayed(m, zero_point, array_input(config) - 1, "zero_point")
        for number in range(pixels):
            word = turned.word_select(number, 8 * config.pe_rows)
            for row in range(config.pe_rows):
                operand = Signal(signed(9), name=f"operand_{row}_{number}", reset_less=True)
                m.d.sync += operand.eq(Mux(mask[number], word.word_select(row, 8).as_signed() - zero_point, 0))
                m.d.comb += self.operands[row][number].eq(operand)
