"""The depthwise walk over rows and columns: reads, padding, and the columns a window is cut from."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import KERNEL, EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, delayed, selector
from hw.gateware.rotate import rotate_left, rotate_right
from hw.latency import ACTIVATION_READ, depthwise_window

CONTEXTS = 8
"""Commands whose constants are kept: those that may have windows in the pipeline."""


def window_layout(config: EngineConfig, slots: int) -> data.StructLayout:
    """One window step: what the lanes need to know of the window they get."""
    return data.StructLayout({
        "valid": 1, "group": selector(config.dw_groups), "slot": range(slots), "context": range(CONTEXTS),
        "first_of_command": 1, "first_of_block": 1, "last_of_command": 1, "first_window": 1, "last_window": 1,
    })


class DepthwiseWindows(Component):
    """Cuts the windows of a command, one per cycle and channel group, left to right, top to bottom, block by block.

    Columns come in blocks of `pe_pixels`, read as `KERNEL` unaligned reads, one per window row. Two columns of
    the previous block are kept, so each window is used as soon as its last column is there.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, the command has reads or windows left to issue.
    block_ready : In, the taps of the next channel block are loaded.
    block_start : Out, this cycle issues the first read of a channel block.
    work : Out(`WORK`), windows; `done` is the last cycle of the walk, which may come after the last window.
    read : Out(`ReadPort`).
    step : Out(`window_layout`); window : Out, KERNEL × KERNEL × `pe_rows` bytes of `step`'s window.

    Timing
    ------
    A column block takes max(KERNEL, windows × dw_groups) cycles; `latency.depthwise_window` from its first read
    to its first window. Only `block_ready` is waited for.
    """

    def __init__(self, config: EngineConfig, slots: int) -> None:
        self.config, self.slots = config, slots
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["depthwise"]), "busy": Out(1),
            "block_ready": In(1), "block_start": Out(1), "work": Out(WORK),
            "read": Out(ReadPort(config)),
            "step": Out(window_layout(config, slots)),
            "window": Out(data.ArrayLayout(8 * config.pe_rows, KERNEL * KERNEL)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pixels = self.config.pe_pixels
        issue = self._walk(m)
        self._columns(m, issue)
        m.d.comb += self.step.eq(delayed(m, self.issued, depthwise_window(self.config), "step"))
        sigma = delayed(m, self.sigma, depthwise_window(self.config), "sigma")
        for row in range(KERNEL):
            for column in range(KERNEL):
                choices = Array(self.columns[start + column][row] for start in range(pixels))
                m.d.comb += self.window[row * KERNEL + column].eq(choices[sigma] if pixels > 1 else choices[0])
        return m

    def _walk(self, m: Module) -> data.View:
        """Counters of the walk; sets `issued` and `sigma`, returns the read of this cycle."""
        config, fields = self.config, self.fields
        pixels = config.pe_pixels
        command = Signal(BODY_LAYOUT["depthwise"])
        block_pixel, row_pixel, read_pixel = Signal(20), Signal(20), Signal(20)
        y = Signal(signed(13))
        x = Signal(signed(14))
        blocks, rows, column_blocks, windows = (Countdown(m, bits, name) for name, bits in (
            ("blocks", 10), ("rows", 12), ("column_blocks", 12), ("windows_left", 12)))
        read_row = Signal(range(KERNEL + 1))
        edge = Signal(range(pixels + KERNEL))
        """First column of the next window, counted from the two kept columns."""
        group = Signal(selector(config.dw_groups))
        slot = Signal(range(self.slots))
        context = Signal(range(CONTEXTS))
        first_of_command, first_of_block, entering = Signal(), Signal(), Signal()
        first_row, first_column = Signal(), Signal()

        self.issued = Signal(window_layout(config, self.slots))
        self.sigma = Signal(selector(pixels))
        active, running = Signal(), Signal()
        next_edge = Signal(range(pixels + KERNEL + 2))
        window_done, block_done = Signal(), Signal()
        m.d.comb += [
            self.busy.eq(active),
            running.eq(active & (~entering | self.block_ready)),
            self.work.busy.eq(self.issued.valid),
            self.block_start.eq(active & entering & self.block_ready),
            next_edge.eq(edge + command.stride),
            self.issued.valid.eq(running & (edge < pixels) & windows.any),
            self.sigma.eq(edge),
            window_done.eq(self.issued.valid & (group == config.dw_groups - 1)),
            block_done.eq(running & (read_row >= KERNEL - 1)
                          & (~self.issued.valid | (window_done & ((next_edge >= pixels) | windows.last)))),
            self.issued.group.eq(group), self.issued.slot.eq(slot), self.issued.context.eq(context),
            self.issued.first_of_command.eq(first_of_command), self.issued.first_of_block.eq(first_of_block),
            self.issued.last_of_command.eq(blocks.last & self.issued.last_window),
            self.issued.first_window.eq(first_row & first_column),
            self.issued.last_window.eq(rows.last & windows.last),
        ]

        # The read of this cycle: one window row of the column block.
        pixel, wrapped, stepped = Signal(20), Signal(20), Signal(21)
        row = Signal(20)
        m.d.comb += [
            row.eq(Mux(read_row == 0, row_pixel, read_pixel)),
            pixel.eq(block_pixel + row + x),
            wrapped.eq(self._wrap(m, row + command.width, command.ring_pixels, "wrapped")),
            stepped.eq(self._wrap(m, row_pixel + command.row_step, command.ring_pixels, "stepped")),
        ]
        inside = (y + read_row >= 0) & (y + read_row < command.height)
        reading = running & (read_row < KERNEL)
        issue = Signal(data.StructLayout({"pixel": 20, "mask": pixels, "row": range(KERNEL), "valid": 1,
                                          "zero_point": signed(8)}))
        m.d.sync += [
            issue.pixel.eq(pixel), issue.row.eq(read_row), issue.valid.eq(reading),
            issue.zero_point.eq(command.input_zero_point),
            issue.mask.eq(Cat(reading & inside & (x + lane >= 0) & (x + lane < command.width)
                              for lane in range(pixels))),
        ]

        with m.If(running):
            m.d.sync += entering.eq(0)
            with m.If(read_row < KERNEL):
                m.d.sync += [read_row.eq(read_row + 1), read_pixel.eq(wrapped)]
            with m.If(self.issued.valid):
                m.d.sync += [group.eq(group + 1), first_of_command.eq(0), first_of_block.eq(0)]
            with m.If(window_done):
                m.d.sync += [group.eq(0), edge.eq(next_edge), first_column.eq(0)]
                windows.step()
            with m.If(block_done):
                after = Mux(window_done, next_edge, edge)
                m.d.sync += [read_row.eq(0), x.eq(x + pixels), edge.eq(after - pixels)]
                column_blocks.step()
                with m.If(column_blocks.last):
                    m.d.sync += [
                        x.eq(-command.pad_left), edge.eq(KERNEL - 1), row_pixel.eq(stepped),
                        y.eq(y + command.stride), first_row.eq(0), first_column.eq(1),
                    ]
                    windows.load(command.out_width)
                    column_blocks.load(command.column_blocks)
                    rows.step()
                    with m.If(rows.last):
                        m.d.sync += [
                            y.eq(command.first_y), row_pixel.eq(command.first_pixel), first_row.eq(1),
                            block_pixel.eq(block_pixel + command.in_row_stride * pixels),
                            slot.eq(slot + 1), entering.eq(1), first_of_block.eq(1),
                        ]
                        rows.load(command.out_rows)
                        blocks.step()
                        with m.If(blocks.last):
                            m.d.comb += self.work.done.eq(1)
                            m.d.sync += [active.eq(0), context.eq(context + 1)]
        with m.If(self.start):
            m.d.sync += [
                command.eq(fields), active.eq(1), entering.eq(1), first_of_command.eq(1), first_of_block.eq(1),
                block_pixel.eq(fields.in_pixel), row_pixel.eq(fields.first_pixel), y.eq(fields.first_y),
                x.eq(-fields.pad_left), edge.eq(KERNEL - 1), first_row.eq(1), first_column.eq(1),
                read_row.eq(0), group.eq(0),
            ]
            for count, value in ((windows, fields.out_width), (column_blocks, fields.column_blocks),
                                 (rows, fields.out_rows), (blocks, fields.blocks)):
                count.load(value)
        return issue

    @staticmethod
    def _wrap(m: Module, position, ring, name: str):
        over = Signal(signed(22), name=f"{name}_over")
        m.d.comb += over.eq(position - ring)
        return Mux(over >= 0, over, position)

    def _columns(self, m: Module, issue: data.View) -> None:
        """Reads the memory, pads, and assembles columns; sets `columns`."""
        config = self.config
        pixels, lane_bits = config.pe_pixels, config.lane_bits
        lane = issue.pixel[:lane_bits]
        m.d.comb += [self.read.row.eq(issue.pixel >> lane_bits), self.read.lane.eq(lane),
                     self.read.enable.eq(rotate_left(issue.mask, lane, 1, pixels))]

        arrived = delayed(m, issue, ACTIVATION_READ, "arrived")
        turned = rotate_right(self.read.data, arrived.pixel[:lane_bits], 8 * config.pe_rows, pixels)
        padding = Cat(arrived.zero_point).replicate(config.pe_rows)
        line = Signal(data.ArrayLayout(8 * config.pe_rows, pixels))
        line_row, line_valid = Signal(range(KERNEL)), Signal()
        m.d.sync += [line_row.eq(arrived.row), line_valid.eq(arrived.valid)]
        for pixel in range(pixels):
            m.d.sync += line[pixel].eq(Mux(arrived.mask[pixel], turned.word_select(pixel, 8 * config.pe_rows),
                                           padding))

        staged = [Signal(data.ArrayLayout(8 * config.pe_rows, pixels), name=f"staged_{row}")
                  for row in range(KERNEL - 1)]
        for row, stage in enumerate(staged):
            with m.If(line_valid & (line_row == row)):
                m.d.sync += stage.eq(line)
        kept = KERNEL - 1
        self.columns = [[Signal(8 * config.pe_rows, name=f"column_{column}_{row}") for row in range(KERNEL)]
                        for column in range(kept + pixels)]
        with m.If(line_valid & (line_row == KERNEL - 1)):
            for column in range(kept):
                for row in range(KERNEL):
                    m.d.sync += self.columns[column][row].eq(self.columns[column + pixels][row])
            for pixel in range(pixels):
                for row in range(KERNEL):
                    source = staged[row][pixel] if row < KERNEL - 1 else line[pixel]
                    m.d.sync += self.columns[kept + pixel][row].eq(source)

