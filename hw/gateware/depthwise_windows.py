"""Depthwise windows: reads, padding, and the columns a window is cut from."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import KERNEL, EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.component import Component
from hw.gateware.depthwise_walk import DepthwiseWalk, window_layout
from hw.gateware.layouts import BODY_LAYOUT, WORK, delayed
from hw.gateware.rotate import rotate_left, rotate_right
from hw.latency import ACTIVATION_READ, depthwise_window


class DepthwiseWindows(Component):
    """Cuts the windows of a command, one per cycle and channel group, left to right, top to bottom, block by block.

    Columns come in blocks of `pe_pixels`, read as `KERNEL` unaligned reads, one per window row. Two columns of
    the previous block are kept, so each window is used as soon as its last column is there.

    Members
    -------
    start, busy, block_ready, block_start, work : as of `DepthwiseWalk`.
    fields : In, of the command; held for the cycle after `start`.
    read : Out(`ReadPort`).
    step : Out(`window_layout`); window : Out, KERNEL × KERNEL × `pe_rows` bytes of `step`'s window.

    Timing
    ------
    `latency.depthwise_window` from the walk's first cycle in a column block to its first window.
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
        m.submodules.walk = walk = DepthwiseWalk(self.config, self.slots)
        m.d.comb += [
            walk.start.eq(self.start), walk.fields.eq(self.fields), self.busy.eq(walk.busy),
            walk.block_ready.eq(self.block_ready), self.block_start.eq(walk.block_start), self.work.eq(walk.work),
        ]
        columns = self._columns(m, self._address(m, walk.turn))
        m.d.comb += self.step.eq(delayed(m, walk.step, depthwise_window(self.config) - 1, "step"))
        for row in range(KERNEL):
            for column in range(KERNEL):
                choices = Array(columns[start + column][row] for start in range(pixels))
                chosen = choices[self.step.sigma] if pixels > 1 else choices[0]
                m.d.comb += self.window[row * KERNEL + column].eq(chosen)
        return m

    def _address(self, m: Module, turn: data.View) -> data.View:
        """The read of each turn, of one window row of the column block: two cycles later."""
        fields, pixels = self.fields, self.config.pe_pixels
        command = Signal(BODY_LAYOUT["depthwise"], reset_less=True)
        block_pixel, row_pixel, read_pixel, row = Signal(20), Signal(20), Signal(20), Signal(20)
        x, right = Signal(signed(14)), Signal(signed(14))
        y, below = Signal(signed(13)), Signal(signed(14))
        """First column and row of the reads, and how many of them there are from these to the image's ends."""
        m.d.comb += row.eq(Mux(turn.row == 0, row_pixel, read_pixel))
        wrapped = _wrapped_sum(m, row, fields.width, fields.ring_pixels, turn.start, "wrapped")
        stepped = _wrapped_sum(m, row_pixel, fields.row_step, fields.ring_pixels, turn.start, "stepped")

        with m.If(turn.reading):
            m.d.sync += read_pixel.eq(wrapped)
        with m.If(turn.column_end):
            m.d.sync += [x.eq(x + pixels), right.eq(right - pixels)]
        with m.If(turn.row_end):
            m.d.sync += [x.eq(-command.pad_left), right.eq(command.width + command.pad_left), row_pixel.eq(stepped),
                         y.eq(y + command.stride), below.eq(below - command.stride)]
        with m.If(turn.block_end):
            m.d.sync += [y.eq(command.first_y), below.eq(command.height - command.first_y),
                         row_pixel.eq(command.first_pixel),
                         block_pixel.eq(block_pixel + command.in_row_stride * pixels)]
        with m.If(turn.start):
            m.d.sync += [
                command.eq(fields), block_pixel.eq(fields.in_pixel), row_pixel.eq(fields.first_pixel),
                x.eq(-fields.pad_left), right.eq(fields.width + fields.pad_left),
                y.eq(fields.first_y), below.eq(fields.height - fields.first_y),
            ]

        # Two sums, one after the other.
        reading = Signal(data.StructLayout({"pixel": 20, "x": signed(14), "mask": pixels, "row": range(KERNEL),
                                            "valid": 1, "inside": 1, "zero_point": signed(8)}))
        issue = Signal.like(reading)
        m.d.sync += [
            reading.pixel.eq(block_pixel + row), reading.x.eq(x), reading.row.eq(turn.row),
            reading.valid.eq(turn.reading), reading.zero_point.eq(command.input_zero_point),
            reading.inside.eq(turn.reading & (y + turn.row >= 0) & (turn.row < below)),
            reading.mask.eq(Cat((x + lane >= 0) & (lane < right) for lane in range(pixels))),
            issue.eq(reading), issue.pixel.eq(reading.pixel + reading.x),
            issue.mask.eq(reading.mask & reading.inside.replicate(pixels)),
        ]
        return issue

    def _columns(self, m: Module, issue: data.View) -> list[list[Signal]]:
        """Reads the memory, pads, and assembles columns: by column and window row."""
        config = self.config
        pixels, lane_bits = config.pe_pixels, config.lane_bits
        lane = issue.pixel[:lane_bits]
        m.d.comb += [self.read.row.eq(issue.pixel >> lane_bits), self.read.lane.eq(lane),
                     self.read.enable.eq(rotate_left(issue.mask, lane, 1, pixels))]

        arrived = delayed(m, issue, ACTIVATION_READ, "arrived")
        turned = rotate_right(self.read.data, arrived.pixel[:lane_bits], 8 * config.pe_rows, pixels)
        padding = Cat(arrived.zero_point).replicate(config.pe_rows)
        line = Signal(data.ArrayLayout(8 * config.pe_rows, pixels), reset_less=True)
        line_of = Signal(KERNEL)
        """Which window row `line` is of: a bit each, as they enable hundreds of registers."""
        m.d.sync += line_of.eq(Cat(arrived.valid & (arrived.row == row) for row in range(KERNEL)))
        for pixel in range(pixels):
            m.d.sync += line[pixel].eq(Mux(arrived.mask[pixel], turned.word_select(pixel, 8 * config.pe_rows),
                                           padding))

        staged = [Signal(data.ArrayLayout(8 * config.pe_rows, pixels), name=f"staged_{row}", reset_less=True)
                  for row in range(KERNEL - 1)]
        for row, stage in enumerate(staged):
            with m.If(line_of[row]):
                m.d.sync += stage.eq(line)
        kept = KERNEL - 1
        columns = [[Signal(8 * config.pe_rows, name=f"column_{column}_{row}", reset_less=True)
                    for row in range(KERNEL)] for column in range(kept + pixels)]
        with m.If(line_of[KERNEL - 1]):
            for column in range(kept):
                for row in range(KERNEL):
                    m.d.sync += columns[column][row].eq(columns[column + pixels][row])
            for pixel in range(pixels):
                for row in range(KERNEL):
                    source = staged[row][pixel] if row < KERNEL - 1 else line[pixel]
                    m.d.sync += columns[kept + pixel][row].eq(source)
        return columns


def _wrapped_sum(m: Module, position: Signal, step: Value, ring: Value, load: Value, name: str) -> Value:
    """`position` + `step` in a ring; `step` and `ring` are taken with `load`, `position` is less than `ring`."""
    ahead, over = Signal(signed(22), name=f"{name}_ahead"), Signal(signed(22), name=f"{name}_over")
    kept = Signal.like(step, name=f"{name}_step")
    """The two sums are ready at the same time."""
    with m.If(load):
        m.d.sync += [kept.eq(step), ahead.eq(step - ring)]
    m.d.comb += over.eq(position + ahead)
    return Mux(over >= 0, over, position + kept)
