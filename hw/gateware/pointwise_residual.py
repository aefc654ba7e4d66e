"""Where the vectors of a residual are read."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hw.config import OCTET, EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, selector


class PointwiseResidual(Component):
    """Follows the residual's passes: the blocks that the channels of an output block lie in.

    A residual has the pixels of the output, in the same lanes.

    Members
    -------
    start, fields : In, take a command.
    issue, vector : In, a vector is issued.
    pass_done : In, it is the last of one of the residual's passes; run_done : In, of the passes before these.
    block_end, tile_done, tile_vectors : In, as in `PointwiseAddresses`.
    pixel, mask : Out, the next cycle: pixel address of lane 0, and the lanes that read.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]),
            "issue": In(1), "vector": In(range(config.half_vectors)),
            "pass_done": In(1), "run_done": In(1), "block_end": In(1), "tile_done": In(1), "tile_vectors": In(10),
            "pixel": Out(20), "mask": Out(config.pe_pixels),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pixels, word = self.config.pe_pixels, self.config.octets_per_word
        # An output block goes on by so many blocks of the residual, and by one more where its octets pass a word's end.
        whole, rest = divmod(self.config.pe_cols // OCTET, word)
        command = Signal(BODY_LAYOUT["pointwise"])
        tile, first, block, stride = (Signal(20, name=f"{name}_pixel") for name in ("tile", "first", "block", "stride"))
        octet, passed = Signal(selector(word)), Signal()
        blocks, left, step = Signal(10), Signal(10), Signal(10)
        m.d.comb += [stride.eq(command.residual_row_stride * pixels), passed.eq(octet + rest >= word),
                     step.eq(whole + passed)]
        with m.If(self.pass_done):
            m.d.sync += [block.eq(block + stride), left.eq(Mux(left == 0, 0, left - 1))]
        with m.If(self.run_done):
            m.d.sync += [block.eq(first), left.eq(blocks)]
        with m.If(self.block_end):
            m.d.sync += [
                octet.eq(Mux(passed, octet + rest - word, octet + rest)),
                first.eq(first + stride * whole + Mux(passed, stride, 0)),
                blocks.eq(Mux(blocks < step, 0, blocks - step)),
            ]
        with m.If(self.tile_done):
            m.d.sync += [octet.eq(command.out_octet), blocks.eq(command.residual_blocks),
                         *(base.eq(tile + self.tile_vectors * pixels) for base in (tile, first))]
        with m.If(self.start):
            m.d.sync += [command.eq(self.fields), octet.eq(self.fields.out_octet),
                         blocks.eq(self.fields.residual_blocks),
                         *(base.eq(self.fields.residual_pixel) for base in (tile, first))]
        m.d.sync += [self.pixel.eq(block + self.vector * pixels),
                     self.mask.eq((self.issue & (left != 0)).replicate(pixels))]
        return m
