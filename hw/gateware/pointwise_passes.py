"""The pointwise walk: passes of one weight tile over the pixels of a tile, input block by input block."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, delayed
from hw.gateware.pointwise_addresses import PointwiseAddresses
from hw.gateware.pointwise_residual import PointwiseResidual
from hw.gateware.rotate import rotate_left, rotate_right
from hw.latency import ACTIVATION_READ, RAM_READ, array_latency


class PointwisePasses(Component):
    """Feeds the array: per pixel tile, per output block, one pass per tap of the kernel and input block.

    The residual, if any, follows in passes of its own, into the upper half of the vectors.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, vectors are left to issue.
    loaded : In, the weight tile of the next pass is complete; advance : Out, that pass starts.
    half_busy : In(2), halves of the accumulators that can't start a new block.
    block_start, block_end : Out, first and last vector of an output block; half : Out, where it adds up.
    read : Out(`ReadPort`).
    work : Out(`WORK`), vectors.
    operands, bank : Out, to the array.
    valid, add_half, vector, first : Out, to the accumulators, `latency.RAM_READ` cycles before column 0's sums.

    Timing
    ------
    A vector a cycle. A pass starts when its weights are loaded and, if it is a block's first, its half is free.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]), "busy": Out(1),
            "loaded": In(1), "advance": Out(1),
            "half_busy": In(2), "block_start": Out(1), "block_end": Out(1), "half": Out(1),
            "read": Out(ReadPort(config)), "work": Out(WORK),
            "operands": Out(data.ArrayLayout(data.ArrayLayout(signed(9), config.pe_pixels), config.pe_rows)),
            "bank": Out(1),
            "valid": Out(1), "add_half": Out(1), "vector": Out(range(config.half_vectors)), "first": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        command = Signal(BODY_LAYOUT["pointwise"])
        tiles, outputs, left = Countdown(m, 10, "tiles"), Countdown(m, 10, "outputs"), Countdown(m, 14, "left")
        vector, vectors = Signal(range(config.half_vectors)), Signal(10)
        last_vector, plain = Signal(), Signal()
        active, entering, first, bank, residual = Signal(), Signal(), Signal(), Signal(), Signal()

        issue, pass_done, tile_done = Signal(), Signal(), Signal()
        run_done, waits = Signal(), Signal()
        m.d.comb += [
            self.busy.eq(active),
            waits.eq(first & ~residual & self.half_busy.bit_select(self.half, 1)),
            self.advance.eq(active & entering & self.loaded & ~waits),
            issue.eq(self.advance | (active & ~entering)),
            pass_done.eq(issue & last_vector),
            self.block_start.eq(self.advance & first & ~residual),
            run_done.eq(pass_done & left.last),
            self.block_end.eq(run_done & (residual | plain)),
            tile_done.eq(self.block_end & outputs.last),
            self.work.busy.eq(issue), self.work.done.eq(tile_done & tiles.last),
        ]
        with m.If(issue):
            m.d.sync += [entering.eq(0), vector.eq(vector + 1), last_vector.eq(vector + 2 == vectors)]
        with m.If(pass_done):
            m.d.sync += [vector.eq(0), last_vector.eq(vectors == 1), entering.eq(1), bank.eq(~bank), first.eq(0)]
            left.step()
        with m.If(run_done):
            m.d.sync += [first.eq(1), residual.eq(1)]
            left.load(command.residual_passes)
        with m.If(self.block_end):
            m.d.sync += [residual.eq(0), first.eq(1), self.half.eq(~self.half)]
            left.load(command.passes)
            outputs.step()
        with m.If(tile_done):
            following = tiles.following(command.last_vectors, command.tile_vectors)
            m.d.sync += [vectors.eq(following), last_vector.eq(following == 1)]
            outputs.load(command.out_blocks)
            tiles.step()
            with m.If(tiles.last):
                m.d.sync += active.eq(0)
        with m.If(self.start):
            fields = self.fields
            beginning = Mux(fields.tiles == 1, fields.last_vectors, fields.tile_vectors)
            m.d.sync += [
                command.eq(fields), active.eq(1), entering.eq(1), first.eq(1), residual.eq(0),
                plain.eq(fields.residual_passes == 0), vectors.eq(beginning), last_vector.eq(beginning == 1),
            ]
            tiles.load(fields.tiles)
            outputs.load(fields.out_blocks)
            left.load(fields.passes)

        m.submodules.addresses = addresses = PointwiseAddresses(config)
        m.d.comb += [
            addresses.start.eq(self.start), addresses.fields.eq(self.fields), addresses.issue.eq(issue),
            addresses.vector.eq(vector), addresses.pass_done.eq(pass_done), addresses.block_end.eq(self.block_end),
            addresses.tile_done.eq(tile_done), addresses.tile_vectors.eq(vectors),
            addresses.residual.eq(residual),
        ]
        m.submodules.residual = beside = PointwiseResidual(config)
        m.d.comb += [
            beside.start.eq(self.start), beside.fields.eq(self.fields), beside.issue.eq(issue),
            beside.vector.eq(vector), beside.pass_done.eq(pass_done & residual),
            beside.run_done.eq(run_done & ~residual),
            beside.block_end.eq(self.block_end), beside.tile_done.eq(tile_done), beside.tile_vectors.eq(vectors),
        ]
        pixel, mask = Signal(20), Signal(config.pe_pixels)
        chosen = delayed(m, residual, 1, "residual")
        m.d.comb += [pixel.eq(Mux(chosen, beside.pixel, addresses.pixel)),
                     mask.eq(Mux(chosen, beside.mask, addresses.mask))]
        self._to_array(m, pixel, mask, bank, Mux(residual, command.residual_zero_point, command.input_zero_point))
        control = Cat(issue, self.half, first, Mux(residual, vector | config.half_vectors // 2, vector))
        arrived = delayed(m, control, array_latency(config) - RAM_READ, "control")
        m.d.comb += Cat(self.valid, self.add_half, self.first, self.vector).eq(arrived)
        return m

    def _to_array(self, m: Module, pixel: Signal, mask: Signal, bank, zero_point) -> None:
        """Reads a vector, turns its pixels to their lanes, subtracts the zero point; taps outside become 0."""
        config = self.config
        pixels, lane = config.pe_pixels, pixel[:config.lane_bits]
        m.d.comb += [
            self.read.row.eq(pixel >> config.lane_bits), self.read.lane.eq(lane),
            self.read.enable.eq(rotate_left(mask, lane, 1, pixels)),
        ]
        turned = Signal(8 * config.row_bytes)
        arrived = delayed(m, pixel, ACTIVATION_READ, "arrived_pixel")
        m.d.sync += turned.eq(rotate_right(self.read.data, arrived[:config.lane_bits], 8 * config.pe_rows, pixels))
        mask = delayed(m, mask, ACTIVATION_READ + 1, "mask")
        zero_point = delayed(m, zero_point, ACTIVATION_READ + 2, "zero_point")
        m.d.comb += self.bank.eq(delayed(m, bank, ACTIVATION_READ + 3, "bank"))
        for number in range(pixels):
            word = turned.word_select(number, 8 * config.pe_rows)
            for row in range(config.pe_rows):
                operand = Signal(signed(9), name=f"operand_{row}_{number}")
                m.d.sync += operand.eq(Mux(mask[number], word.word_select(row, 8).as_signed() - zero_point, 0))
                m.d.comb += self.operands[row][number].eq(operand)
