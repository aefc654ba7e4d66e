"""Where each vector of a pass is read: im2col on the fly."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, delayed
from hw.gateware.pointwise_walk import PASS
from hw.latency import POINTWISE_TAKE

PLACE = data.StructLayout({"phase_y": 1, "phase_x": 1, "shift_y": signed(5), "shift_x": signed(5)})
"""Where a tap lies, seen from the output pixel: in which phase, so many rows and columns from there."""


class PointwiseAddresses(Component):
    """Follows the passes of a command: per tap, top to bottom and left to right, its input blocks in order.

    A row of the output and a row of the input (or of each phase of it) take the same number of pixels, so the pixels
    a tap takes for consecutive output pixels are consecutive too, across rows as well; only those beyond an edge are
    left out. At stride 2 the input is 2 × 2 phases, pixel (y, x) in phase (y mod 2, x mod 2), each of which a tap
    reads at stride 1.

    Members
    -------
    start, fields : In, take a command; its first vector comes `latency.POINTWISE_TAKE` cycles later at the earliest.
    step : In, the pass that `upcoming` describes was entered in the cycle before. enter : In, the one to come is the
        current one from the next cycle on.
    issue, vector : In, a vector is issued; last_vector : In, of its pass; ends_tile : In, with which its tile ends.
    pixel : Out, the next cycle: pixel address of lane 0. mask : Out, two cycles later: the lanes that read.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]),
            "step": In(1), "upcoming": In(PASS), "enter": In(1),
            "issue": In(1), "vector": In(range(config.half_vectors)), "last_vector": In(1), "ends_tile": In(1),
            "pixel": Out(20), "mask": Out(config.pe_pixels),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pixels, fields, upcoming = self.config.pe_pixels, self.fields, self.upcoming
        command = Signal(BODY_LAYOUT["pointwise"], reset_less=True)
        tile, row, tap, block, restart = (
            Signal(20, name=f"{name}_pixel") for name in ("tile", "row", "tap", "block", "restart"))
        blocks, columns = Countdown(m, 10, "blocks"), Countdown(m, 4, "columns")
        place = Signal(PLACE)

        # The next tap: a column to the right, or the first of the next row. A pass lasts long enough to work it out.
        phase = Signal(20)
        right, down = Signal(20), Signal(20)
        m.d.comb += phase.eq(command.phase_row_stride * pixels)
        m.d.sync += [
            right.eq(Mux(command.split, Mux(place.phase_x, 1 - phase, phase), 1)),
            down.eq(Mux(command.split, Mux(place.phase_y, command.width - (phase << 1), phase << 1), command.width)),
            restart.eq(tile + Mux(upcoming.ends_tile, upcoming.vectors * pixels, 0)),
        ]

        ends_tap, ends_row = Signal(), Signal()
        m.d.sync += [ends_tap.eq(blocks.last & ~upcoming.residual),
                     ends_row.eq(blocks.last & columns.last & ~upcoming.residual)]
        with m.If(self.step):
            with m.If(~upcoming.residual):
                blocks.step()
                m.d.sync += block.eq(block + command.in_row_stride * pixels)
            with m.If(ends_tap):
                blocks.load(command.in_blocks)
                columns.step()
                m.d.sync += [tap.eq(tap + right), block.eq(tap + right),
                             place.phase_x.eq(place.phase_x ^ command.split),
                             place.shift_x.eq(place.shift_x + (place.phase_x | ~command.split))]
            with m.If(ends_row):
                columns.load(command.kernel_cols)
                m.d.sync += [row.eq(row + down), tap.eq(row + down), block.eq(row + down),
                             place.phase_x.eq(command.phase_x), place.shift_x.eq(command.shift_x),
                             place.phase_y.eq(place.phase_y ^ command.split),
                             place.shift_y.eq(place.shift_y + (place.phase_y | ~command.split))]
            with m.If(upcoming.ends_block):
                m.d.sync += [*(base.eq(restart) for base in (tile, row, tap, block)),
                             place.phase_y.eq(command.phase_y), place.shift_y.eq(command.shift_y)]
        with m.If(self.start):
            blocks.load(fields.in_blocks)
            columns.load(fields.kernel_cols)
            m.d.sync += [command.eq(fields), *(base.eq(fields.in_pixel) for base in (tile, row, tap, block)),
                         *(place[name].eq(fields[name]) for name in PLACE.members)]

        current, shift_y, shift_x = Signal(20), Signal(signed(5)), Signal(signed(5))
        rows, line_end = Signal(12), Signal(12)
        with m.If(self.enter):
            m.d.sync += [
                current.eq(block), shift_y.eq(place.shift_y), shift_x.eq(place.shift_x),
                rows.eq(command.height - (command.odd_height & place.phase_y)),
                line_end.eq(command.columns - (command.odd_width & place.phase_x)),
            ]
        m.d.sync += self.pixel.eq(current + self.vector * pixels)

        # A cycle for where each lane's tap lies, and one for whether that is inside.
        first_tile = Signal()
        with m.If(self.issue & self.last_vector & self.ends_tile):
            m.d.sync += first_tile.eq(0)
        with m.If(self.start):
            m.d.sync += first_tile.eq(1)
        issued, rows_1, line_end_1 = (delayed(m, value, 1, name) for value, name in (
            (self.issue, "issued"), (rows, "rows"), (line_end, "line_end")))
        for lane, (y, x) in enumerate(self._lanes(m, command)):
            line, column = Signal(signed(14), name=f"line_{lane}"), Signal(signed(14), name=f"column_{lane}")
            own = Signal(name=f"own_{lane}")
            before = first_tile & (self.vector == 0) & (lane < command.first_lane)
            m.d.sync += [line.eq(y + shift_y), column.eq(x + shift_x), own.eq(~before & (y < command.end_y))]
            inside = (line >= 0) & (line < rows_1) & (column >= 0) & (column < line_end_1)
            m.d.sync += self.mask[lane].eq(issued & (~command.windowed | (inside & own)))
        return m

    def _lanes(self, m: Module, command) -> list[tuple[Signal, Signal]]:
        """Per lane the place (row, column) in the output of its pixel in the vector that is issued."""
        pixels = self.config.pe_pixels
        # From a vector to the next: so many rows down, so many pixels on, and one row more where that passes the end.
        down, on = Signal(range(pixels + 1)), Signal(range(pixels + 1))
        m.d.sync += [down.eq(0), on.eq(pixels)]
        for width in range(1, pixels):
            with m.If(command.width == width):
                m.d.sync += [down.eq(pixels // width), on.eq(pixels % width)]
        limit = Signal(12)
        m.d.sync += limit.eq(command.width - on)

        goes_on, placed = ~self.last_vector | self.ends_tile, delayed(m, self.start, POINTWISE_TAKE - 1, "placed")
        places = []
        for lane, (first_y, first_x) in enumerate(self._first(m, command)):
            y, tile_y = (Signal(signed(13), name=f"{name}y_{lane}") for name in ("", "tile_"))
            x, tile_x = (Signal(12, name=f"{name}x_{lane}") for name in ("", "tile_"))
            passed = x >= limit
            next_y, next_x = Signal(signed(13), name=f"next_y_{lane}"), Signal(12, name=f"next_x_{lane}")
            m.d.comb += [next_x.eq(Mux(passed, x - limit, x + on)), next_y.eq(y + down + passed)]
            with m.If(self.issue):
                m.d.sync += [y.eq(Mux(goes_on, next_y, tile_y)), x.eq(Mux(goes_on, next_x, tile_x))]
                with m.If(self.last_vector & self.ends_tile):
                    m.d.sync += [tile_y.eq(next_y), tile_x.eq(next_x)]
            with m.If(placed):
                m.d.sync += [y.eq(first_y), x.eq(first_x), tile_y.eq(first_y), tile_x.eq(first_x)]
            places.append((y, x))
        return places

    def _first(self, m: Module, command) -> list[tuple[Value, Value]]:
        """Per lane the place of its pixel in a command's first vector, a cycle after the command is there."""
        pixels = self.config.pe_pixels
        # Only rows shorter than a vector wrap more than once, and these have small numbers.
        small, wraps = command.first_x[:3], Const(0, 4)
        narrow = Signal()
        m.d.sync += narrow.eq(command.width < pixels)
        places: list[tuple[Value, Value]] = []
        for lane in range(pixels):
            x, over = Signal(13, name=f"first_x_{lane}"), Signal(name=f"over_{lane}")
            small_x, rows = Signal(3, name=f"small_x_{lane}"), Signal(4, name=f"rows_{lane}")
            m.d.sync += [x.eq(command.first_x + lane), over.eq(command.first_x + lane >= command.width),
                         small_x.eq(small), rows.eq(wraps)]
            places.append((command.first_y + Mux(narrow, rows, over),
                           Mux(narrow, small_x, x - Mux(over, command.width, 0))))
            last = Signal(name=f"last_{lane}")
            following, wrapped = Signal(3, name=f"small_{lane + 1}"), Signal(4, name=f"wraps_{lane + 1}")
            m.d.comb += [last.eq(small + 1 == command.width[:3]), following.eq(Mux(last, 0, small + 1)),
                         wrapped.eq(wraps + last)]
            small, wraps = following, wrapped
        return places
