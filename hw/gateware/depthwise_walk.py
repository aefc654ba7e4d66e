"""The depthwise walk: which window is cut and which row is read in each cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import KERNEL, EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, selector

CONTEXTS = 16
"""Commands whose constants are kept: those that may have windows in the pipeline."""

TURN = data.StructLayout({"start": 1, "reading": 1, "row": range(KERNEL),
                          "column_end": 1, "row_end": 1, "block_end": 1})
"""A cycle of the walk, for the addresses: a command starts; a window row is read; the column block ends, with it the
row of windows, with that the channel block."""


def window_layout(config: EngineConfig, slots: int) -> data.StructLayout:
    """One window step: what the lanes need to know of the window they get, and the column it begins in."""
    return data.StructLayout({
        "valid": 1, "group": selector(config.dw_groups), "slot": range(slots), "context": range(CONTEXTS),
        "first_of_command": 1, "first_of_block": 1, "last_of_command": 1, "first_window": 1, "last_window": 1,
        "sigma": selector(config.pe_pixels),
    })


class DepthwiseWalk(Component):
    """Counts channel blocks, rows, column blocks, windows and channel groups of a command.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, the command has reads or windows left to issue.
    block_ready : In, the taps of the next channel block are loaded.
    block_start : Out, this cycle issues the first read of a channel block.
    work : Out(`WORK`), windows; `done` is the last cycle of the walk, which may come after the last window.
    turn : Out(`TURN`); step : Out(`window_layout`); both a cycle late.

    Timing
    ------
    A column block takes max(KERNEL, windows × dw_groups) cycles. Only `block_ready` is waited for.
    """

    def __init__(self, config: EngineConfig, slots: int) -> None:
        self.config, self.slots = config, slots
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["depthwise"]), "busy": Out(1),
            "block_ready": In(1), "block_start": Out(1), "work": Out(WORK),
            "turn": Out(TURN), "step": Out(window_layout(config, slots)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fields, pixels, groups = self.fields, self.config.pe_pixels, self.config.dw_groups
        command = Signal(BODY_LAYOUT["depthwise"], reset_less=True)
        blocks, rows, column_blocks, windows = (Countdown(m, bits, name) for name, bits in (
            ("blocks", 10), ("rows", 12), ("column_blocks", 12), ("windows_left", 12)))
        read_row = Signal(range(KERNEL + 1))
        edge = Signal(range(pixels + KERNEL))
        """First column of the next window, counted from the two kept columns."""
        group = Signal(selector(groups))
        slot, context = Signal(range(self.slots)), Signal(range(CONTEXTS))
        first_of_command, first_of_block, entering = Signal(), Signal(), Signal()
        first_row, first_column = Signal(), Signal()

        # What the counters come to is worked out a cycle ahead.
        windowing, group_last, closing = (Signal(name=name) for name in ("windowing", "group_last", "closing"))
        ending, row_ending, block_ending, command_ending = (
            Signal(name=name) for name in ("ending", "row_ending", "block_ending", "command_ending"))
        """A window is cut in this cycle; from the last group of channels; it is the last, or was, that ends in this
        column block; the column block ends with this cycle, with it the row of windows, the channel block, the
        command."""
        running, window_done = Signal(), Signal()
        m.d.comb += [
            running.eq(self.busy & (~entering | self.block_ready)),
            window_done.eq(windowing & group_last),
            self.block_start.eq(self.busy & entering & self.block_ready),
            self.work.busy.eq(running & windowing),
            self.work.done.eq(running & command_ending),
        ]

        # As they are after this cycle, if it runs; first within a column block.
        after = Signal(range(pixels + KERNEL + 2))
        last_after, any_after, windowing_after, group_last_after, closing_after, ending_after = (
            Signal(name=f"{name}_after") for name in ("last", "any", "windowing", "group_last", "closing", "ending"))
        m.d.comb += [
            after.eq(Mux(window_done, edge + command.stride, edge)),
            last_after.eq(Mux(window_done, windows.second, windows.last)),
            any_after.eq(Mux(window_done, ~windows.last, windows.any)),
            windowing_after.eq(windowing & ~(group_last & closing)),
            group_last_after.eq((group == groups - 2) & windowing if groups > 1 else 1),
            closing_after.eq((after + command.stride >= pixels) | last_after),
            ending_after.eq((read_row >= KERNEL - 2) & (~windowing_after | group_last_after & closing_after) & ~ending),
        ]

        with m.If(running):
            m.d.sync += [
                entering.eq(0), edge.eq(after), windowing.eq(windowing_after), closing.eq(closing_after),
                ending.eq(ending_after), row_ending.eq(ending_after & column_blocks.last),
                block_ending.eq(ending_after & column_blocks.last & rows.last),
                command_ending.eq(ending_after & column_blocks.last & rows.last & blocks.last),
            ]
            with m.If(read_row < KERNEL):
                m.d.sync += read_row.eq(read_row + 1)
            with m.If(windowing):
                m.d.sync += [group.eq(group + 1), group_last.eq(group_last_after)]
            with m.If(window_done):
                m.d.sync += [group.eq(0), first_column.eq(0)]
                windows.step()
            with m.If(ending):
                m.d.sync += [
                    read_row.eq(0), edge.eq(after - pixels),
                    windowing.eq((after < 2 * pixels) & any_after),
                    closing.eq((after + command.stride >= 2 * pixels) | last_after),
                ]
                column_blocks.step()
            with m.If(row_ending):
                self._begin_row(m, command, edge, windowing, closing)
                m.d.sync += [first_row.eq(0), first_column.eq(1)]
                windows.load(command.out_width)
                column_blocks.load(command.column_blocks)
                rows.step()
            with m.If(block_ending):
                m.d.sync += [first_row.eq(1), slot.eq(slot + 1), entering.eq(1)]
                rows.load(command.out_rows)
                blocks.step()
        with m.If(self.work.done):
            m.d.sync += [self.busy.eq(0), context.eq(context + 1)]
        with m.If(self.start):
            self._begin_row(m, fields, edge, windowing, closing)
            m.d.sync += [
                command.eq(fields), self.busy.eq(1), entering.eq(1), first_row.eq(1), first_column.eq(1),
                read_row.eq(0), group.eq(0), group_last.eq(groups == 1),
                ending.eq(0), row_ending.eq(0), block_ending.eq(0), command_ending.eq(0),
            ]
            for count, value in ((windows, fields.out_width), (column_blocks, fields.column_blocks),
                                 (rows, fields.out_rows), (blocks, fields.blocks)):
                count.load(value)

        m.d.sync += [
            first_of_command.eq(self.start | first_of_command & ~(running & windowing)),
            first_of_block.eq(self.start | running & block_ending | first_of_block & ~(running & windowing)),
        ]
        turn, step = self.turn, self.step
        m.d.sync += [
            turn.start.eq(self.start), turn.reading.eq(running & (read_row < KERNEL)), turn.row.eq(read_row),
            turn.column_end.eq(running & ending), turn.row_end.eq(running & row_ending),
            turn.block_end.eq(running & block_ending),
            step.valid.eq(running & windowing), step.group.eq(group), step.slot.eq(slot), step.context.eq(context),
            step.first_of_command.eq(first_of_command), step.first_of_block.eq(first_of_block),
            step.last_of_command.eq(blocks.last & rows.last & windows.last),
            step.first_window.eq(first_row & first_column), step.last_window.eq(rows.last & windows.last),
            step.sigma.eq(edge),
        ]
        return m

    def _begin_row(self, m: Module, fields: data.View, edge: Signal, windowing: Signal, closing: Signal) -> None:
        """The next cycle begins a row of windows."""
        pixels = self.config.pe_pixels
        m.d.sync += [
            edge.eq(KERNEL - 1), windowing.eq(pixels > KERNEL - 1),
            closing.eq((fields.stride >= pixels - (KERNEL - 1)) | (fields.out_width == 1)),
        ]
