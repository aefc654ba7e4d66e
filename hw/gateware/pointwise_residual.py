"""Where the vectors of a residual are read."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, selector
from hw.gateware.pointwise_walk import PASS


class PointwiseResidual(Component):
    """Follows the residual's passes: the blocks that the channels of an output block lie in.

    A residual has the pixels of the output, in the same lanes.

    Members
    -------
    start, fields : In, take a command.
    step, upcoming, enter, vector : In, as in `PointwiseAddresses`.
    pixel : Out, the next cycle: pixel address of lane 0. some : Out, the current pass reads.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]),
            "step": In(1), "upcoming": In(PASS), "enter": In(1), "vector": In(range(config.half_vectors)),
            "pixel": Out(20), "some": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pixels, word = self.config.pe_pixels, self.config.slices_per_word
        # An output block goes on by so many blocks of the residual, and by one more where its octets pass a word's end.
        whole, rest = divmod(self.config.slices_per_block, word)
        upcoming = self.upcoming
        command = Signal(BODY_LAYOUT["pointwise"], reset_less=True)
        tile, first, block, stride = (Signal(20, name=f"{name}_pixel") for name in ("tile", "first", "block", "stride"))
        octet, passed = Signal(selector(word)), Signal()
        blocks, left, gone = Signal(10), Signal(10), Signal(10)
        next_tile, next_first, next_blocks = Signal(20), Signal(20), Signal(10)
        m.d.comb += [stride.eq(command.residual_row_stride * pixels), passed.eq(octet + rest >= word)]
        m.d.sync += [
            gone.eq(whole + passed), next_tile.eq(tile + upcoming.vectors * pixels),
            next_first.eq(first + stride * whole + Mux(passed, stride, 0)),
            next_blocks.eq(Mux(blocks < gone, 0, blocks - gone)),
        ]
        with m.If(self.step):
            with m.If(upcoming.residual):
                m.d.sync += [block.eq(block + stride), left.eq(Mux(left == 0, 0, left - 1))]
            with m.Elif(upcoming.ends_run):
                m.d.sync += [block.eq(first), left.eq(blocks)]
            with m.If(upcoming.ends_tile):
                m.d.sync += [octet.eq(command.out_octet), blocks.eq(command.residual_blocks),
                             tile.eq(next_tile), first.eq(next_tile)]
            with m.Elif(upcoming.ends_block):
                m.d.sync += [octet.eq(Mux(passed, octet + rest - word, octet + rest)), first.eq(next_first),
                             blocks.eq(next_blocks)]
        with m.If(self.start):
            m.d.sync += [command.eq(self.fields), octet.eq(self.fields.out_octet),
                         blocks.eq(self.fields.residual_blocks),
                         *(base.eq(self.fields.residual_pixel) for base in (tile, first))]
        current = Signal(20)
        with m.If(self.enter):
            m.d.sync += [current.eq(block), self.some.eq(left != 0)]
        m.d.sync += self.pixel.eq(current + self.vector * pixels)
        return m
