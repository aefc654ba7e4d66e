"""Where each vector of a pass is read: im2col on the fly."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT


class PointwiseAddresses(Component):
    """Follows the passes of a command: per tap, top to bottom and left to right, its input blocks in order.

    A row of the output and a row of the input (or of each phase of it) take the same number of pixels, so the pixels
    a tap takes for consecutive output pixels are consecutive too, across rows as well; only those beyond an edge are
    left out. At stride 2 the input is 2 × 2 phases, pixel (y, x) in phase (y mod 2, x mod 2), each of which a tap
    reads at stride 1.

    Members
    -------
    start, fields : In, take a command.
    issue, vector : In, a vector is issued.
    pass_done, block_end, tile_done, tile_vectors : In, it is the last of its pass, output block, pixel tile.
    residual : In, the pass is one of the residual's, which has no tap.
    pixel, mask : Out, the next cycle: pixel address of lane 0, and the lanes that read.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]),
            "issue": In(1), "vector": In(range(config.half_vectors)),
            "pass_done": In(1), "block_end": In(1), "tile_done": In(1), "tile_vectors": In(10),
            "residual": In(1),
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
        first_tile = Signal()

        # The next tap: a column to the right, or the first of the next row.
        phase = Signal(20)
        right, down = Signal(20), Signal(20)
        m.d.comb += [
            phase.eq(command.phase_row_stride * pixels),
            right.eq(Mux(~command.split, tap + 1, Mux(phase_x, tap - phase + 1, tap + phase))),
            down.eq(Mux(~command.split, row + command.width,
                        Mux(phase_y, row - (phase << 1) + command.width, row + (phase << 1)))),
        ]

        with m.If(self.pass_done & ~self.residual):
            m.d.sync += [blocks.eq(blocks - 1), block.eq(block + command.in_row_stride * pixels)]
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
            m.d.sync += first_tile.eq(0)
        with m.If(self.start):
            m.d.sync += [
                command.eq(fields), *(base.eq(fields.in_pixel) for base in (tile, row, tap, block)),
                blocks.eq(fields.in_blocks), columns.eq(fields.kernel_cols),
                phase_y.eq(fields.phase_y), phase_x.eq(fields.phase_x),
                shift_y.eq(fields.shift_y), shift_x.eq(fields.shift_x), first_tile.eq(1),
            ]

        rows, line_end = Signal(12), Signal(12)
        m.d.comb += [rows.eq(command.height - (command.odd_height & phase_y)),
                     line_end.eq(command.columns - (command.odd_width & phase_x))]
        m.d.sync += self.pixel.eq(block + self.vector * pixels)
        for lane, (y, x) in enumerate(self._lanes(m, command)):
            before = first_tile & (self.vector == 0) & (lane < command.first_lane)
            line, column = y + shift_y, x + shift_x
            inside = (line >= 0) & (line < rows) & (column >= 0) & (column < line_end)
            m.d.sync += self.mask[lane].eq(
                self.issue & (~command.windowed | (inside & ~before & (y < command.end_y))))
        return m

    def _lanes(self, m: Module, command) -> list[tuple[Signal, Signal]]:
        """Per lane the place (row, column) in the output of its pixel in the vector that is issued."""
        pixels, fields = self.config.pe_pixels, self.fields
        # From a vector to the next: so many rows down, so many pixels on, and one row more where that passes the end.
        down, on = Signal(range(pixels + 1)), Signal(range(pixels + 1))
        with m.If(self.start):
            m.d.sync += [down.eq(0), on.eq(pixels)]
            for width in range(1, pixels):
                with m.If(fields.width == width):
                    m.d.sync += [down.eq(pixels // width), on.eq(pixels % width)]

        places = []
        for lane, (first_y, first_x) in enumerate(self._first(m)):
            y, tile_y = (Signal(signed(13), name=f"{name}y_{lane}") for name in ("", "tile_"))
            x, tile_x = (Signal(12, name=f"{name}x_{lane}") for name in ("", "tile_"))
            passed = x + on >= command.width
            next_y, next_x = Signal(signed(13), name=f"next_y_{lane}"), Signal(12, name=f"next_x_{lane}")
            m.d.comb += [next_x.eq(x + on - Mux(passed, command.width, 0)), next_y.eq(y + down + passed)]
            with m.If(self.issue):
                m.d.sync += [y.eq(next_y), x.eq(next_x)]
            with m.If(self.pass_done):
                m.d.sync += [y.eq(tile_y), x.eq(tile_x)]
            with m.If(self.tile_done):
                m.d.sync += [y.eq(next_y), x.eq(next_x), tile_y.eq(next_y), tile_x.eq(next_x)]
            with m.If(self.start):
                m.d.sync += [y.eq(first_y), x.eq(first_x), tile_y.eq(first_y), tile_x.eq(first_x)]
            places.append((y, x))
        return places

    def _first(self, m: Module) -> list[tuple[Value, Value]]:
        """Per lane the place of its pixel in a command's first vector."""
        pixels, fields = self.config.pe_pixels, self.fields
        # Only rows shorter than a vector wrap more than once, and these have small numbers.
        small, wraps = fields.first_x[:3], Const(0, 4)
        places: list[tuple[Value, Value]] = []
        for lane in range(pixels):
            x, over = fields.first_x + lane, fields.first_x + lane >= fields.width
            wide = Mux(over, x - fields.width, x)
            narrow = fields.width < pixels
            places.append((fields.first_y + Mux(narrow, wraps, over), Mux(narrow, small, wide)))
            last = Signal(name=f"last_{lane}")
            following, wrapped = Signal(3, name=f"small_{lane + 1}"), Signal(4, name=f"wraps_{lane + 1}")
            m.d.comb += [last.eq(small + 1 == fields.width[:3]), following.eq(Mux(last, 0, small + 1)),
                         wrapped.eq(wraps + last)]
            small, wraps = following, wrapped
        return places
