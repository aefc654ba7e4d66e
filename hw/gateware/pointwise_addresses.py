"""Where each vector of a pass is read: im2col on the fly."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT


class PointwiseAddresses(Component):
    """Follows the passes of a command: per tap, top to bottom and left to right, its input blocks in order.

    Output and input (or each phase of it) have the same width, so the pixels a tap takes for consecutive output
    pixels are consecutive too, across rows as well; only those beyond an edge are left out. At stride 2 the input
    is stored as 2 × 2 phases, pixel (y, x) in phase (y mod 2, x mod 2), each of which a tap reads at stride 1.

    Members
    -------
    start, fields : In, take a command.
    issue, vector : In, a vector is issued.
    pass_done, block_end, tile_done, tile_vectors : In, it is the last of its pass, output block, pixel tile.
    pixel, mask : Out, the next cycle: pixel address of lane 0, and the lanes that read.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]),
            "issue": In(1), "vector": In(range(config.half_vectors)),
            "pass_done": In(1), "block_end": In(1), "tile_done": In(1), "tile_vectors": In(10),
            "pixel": Out(20), "mask": Out(config.pe_pixels),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pixels = self.config.pe_pixels
        fields = self.fields
        command = Signal(BODY_LAYOUT["pointwise"])
        tile, row, tap, block = (Signal(20, name=f"{name}_pixel") for name in ("tile", "row", "tap", "block"))
        blocks, columns = Signal(10), Signal(4)
        phase_y, phase_x = Signal(), Signal()
        shift_y, shift_x = Signal(signed(5)), Signal(signed(5))
        tile_y, tile_x = Signal(signed(13)), Signal(signed(13))
        y, x = Signal(signed(13)), Signal(signed(13))

        # Lane 0 of the next vector; it may lie in the next row.
        over, next_x, next_y = Signal(), Signal(signed(14)), Signal(signed(13))
        m.d.comb += [
            over.eq(x + pixels >= command.width),
            next_x.eq(Mux(over, x + pixels - command.width, x + pixels)), next_y.eq(y + over),
        ]

        # The next tap: a column to the right, or the first of the next row.
        phase = Signal(20)
        right, down = Signal(20), Signal(20)
        m.d.comb += [
            phase.eq(command.phase_row_stride * pixels),
            right.eq(Mux(~command.split, tap + 1, Mux(phase_x, tap - phase + 1, tap + phase))),
            down.eq(Mux(~command.split, row + command.width,
                        Mux(phase_y, row - (phase << 1) + command.width, row + (phase << 1)))),
        ]

        with m.If(self.issue):
            m.d.sync += [x.eq(next_x), y.eq(next_y)]
        with m.If(self.pass_done):
            m.d.sync += [x.eq(tile_x), y.eq(tile_y), blocks.eq(blocks - 1),
                         block.eq(block + command.in_row_stride * pixels)]
            with m.If(blocks == 1):
                m.d.sync += [blocks.eq(command.in_blocks), columns.eq(columns - 1), tap.eq(right), block.eq(right),
                             phase_x.eq(phase_x ^ command.split),
                             shift_x.eq(shift_x + (phase_x | ~command.split))]
                with m.If(columns == 1):
                    m.d.sync += [columns.eq(command.kernel_cols), row.eq(down), tap.eq(down), block.eq(down),
                                 phase_x.eq(command.phase_x), shift_x.eq(command.shift_x),
                                 phase_y.eq(phase_y ^ command.split),
                                 shift_y.eq(shift_y + (phase_y | ~command.split))]
        restart = Mux(self.tile_done, tile + self.tile_vectors * pixels, tile)
        with m.If(self.block_end):
            m.d.sync += [row.eq(restart), tap.eq(restart), block.eq(restart), tile.eq(restart),
                         phase_y.eq(command.phase_y), shift_y.eq(command.shift_y)]
        with m.If(self.tile_done):
            m.d.sync += [tile_x.eq(next_x), tile_y.eq(next_y), x.eq(next_x), y.eq(next_y)]
        with m.If(self.start):
            m.d.sync += [
                command.eq(fields), *(base.eq(fields.in_pixel) for base in (tile, row, tap, block)),
                blocks.eq(fields.in_blocks), columns.eq(fields.kernel_cols),
                phase_y.eq(fields.phase_y), phase_x.eq(fields.phase_x),
                shift_y.eq(fields.shift_y), shift_x.eq(fields.shift_x),
                tile_y.eq(fields.first_y), tile_x.eq(fields.first_x), y.eq(fields.first_y), x.eq(fields.first_x),
            ]

        windowed = (command.kernel_rows != 1) | (command.kernel_cols != 1)
        m.d.sync += [
            self.pixel.eq(block + self.vector * pixels),
            self.mask.eq(Cat(self.issue & (~windowed | self._inside(m, lane, y, x, shift_y, shift_x, command))
                             for lane in range(pixels))),
        ]
        return m

    @staticmethod
    def _inside(m: Module, lane: int, y, x, shift_y, shift_x, command):
        """Whether the tap of a lane's pixel lies in the image; its pixel may be in the row after lane 0's."""
        over = Signal(name=f"over_{lane}")
        column, line = Signal(signed(14), name=f"column_{lane}"), Signal(signed(14), name=f"line_{lane}")
        m.d.comb += [
            over.eq(x + lane >= command.width),
            column.eq(x + lane + shift_x - Mux(over, command.width, 0)),
            line.eq(y + over + shift_y),
        ]
        own = (x + lane >= 0) & (y + over < command.end_y)
        return own & (column >= 0) & (column < command.width) & (line >= 0) & (line < command.height)
