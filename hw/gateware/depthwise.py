"""The depthwise unit: taps, windows, lanes, requantisation, write-back."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import KERNEL, EngineConfig
from hw.gateware.activation_memory import ReadPort, WritePort, enable_bytes
from hw.gateware.component import Component
from hw.gateware.depthwise_lanes import DepthwiseLanes
from hw.gateware.depthwise_taps import DepthwiseTaps
from hw.gateware.depthwise_walk import CONTEXTS
from hw.gateware.depthwise_windows import DepthwiseWindows
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort, WordPort, delayed
from hw.gateware.requantise import Requantise
from hw.latency import DEPTHWISE_SUM, DEPTHWISE_TAPS, REQUANTISE, SWITCH, depthwise_output
from hw.multipliers import share

KEPT = data.StructLayout({name: BODY_LAYOUT["depthwise"][name].shape for name in (
    "accumulate", "input_zero_point", "weight_zero_point", "output_zero_point", "minimum", "maximum", "single_rounding",
    "out_pixel", "out_row_stride")})
"""Fields that are needed after the window walk."""


class Depthwise(Component):
    """Runs `depthwise` commands: `golden.ops.depthwise` on a stripe of rows and a range of channel blocks.

    Members
    -------
    command : In(`CommandPort`); a command starts when its taps can be loaded and its predecessor has been taken.
    read : Out(`ReadPort`); write : Out(`WritePort`); weights : Out(`WordPort`).
    ended : Out(1), the last word of a command is being written.
    illegal : Out(1), a cycle late, the command started last can not end: its column blocks do not reach its last
        window.
    work : Out(`WORK`).
    """

    TURNS = 2
    """Commands that may have started and not have done their last."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        # Commands are at least so many cycles apart.
        assert depthwise_output(config) <= (CONTEXTS - 1) * (KERNEL + SWITCH)
        super().__init__({
            "command": In(CommandPort("depthwise")),
            "read": Out(ReadPort(config)),
            "write": Out(WritePort(config)),
            "weights": Out(WordPort(config.dw_word_bytes)),
            "ended": Out(1), "illegal": Out(1), "work": Out(WORK),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.taps = taps = DepthwiseTaps(config)
        m.submodules.windows = windows = DepthwiseWindows(config, taps.slots)
        m.submodules.lanes = lanes = DepthwiseLanes(config)
        m.submodules.requantise = requantise = Requantise(config.dw_channels, share(config).block,
                                                         late=REQUANTISE - 2)
        connect(m, taps=taps.weights, weights=flipped(self.weights))
        connect(m, windows=windows.read, read=flipped(self.read))

        # A command starts by loading taps; it waits in `following` until the windows of the one before are issued.
        following = Signal(BODY_LAYOUT["depthwise"], reset_less=True)
        waiting, take = Signal(), Signal()
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~taps.busy & ~waiting),
            taps.word.eq(following.word),
            taps.blocks.eq(following.blocks),
            take.eq(waiting & ~windows.busy),
            windows.start.eq(take),
            windows.fields.eq(following),
            windows.block_ready.eq(taps.loaded),
            taps.advance.eq(windows.block_start),
            self.work.eq(windows.work),
        ]
        m.d.sync += taps.start.eq(self.command.pop)
        with m.If(~waiting):
            m.d.sync += [following.eq(self.command.fields), waiting.eq(self.command.pop)]
        with m.If(take):
            m.d.sync += waiting.eq(0)
        self._refuse(m, waiting, following)

        # What stays the same during a command is kept once per command in the pipeline.
        m.submodules.contexts = contexts = Memory(shape=KEPT, depth=CONTEXTS, init=[])
        keep = contexts.write_port()
        taken = Signal(range(CONTEXTS))
        m.d.comb += [keep.en.eq(take), keep.addr.eq(taken),
                     *(keep.data[name].eq(following[name]) for name in KEPT.members)]
        m.d.sync += taken.eq(taken + take)

        # window → taps → sums → requantised bytes, each stage with the step it belongs to.
        step = windows.step
        before_taps = delayed(m, step, DEPTHWISE_TAPS - 1, "before_taps")
        at_taps = delayed(m, before_taps, 1, "at_taps")
        before_lanes = delayed(m, at_taps, DEPTHWISE_SUM - 2 - DEPTHWISE_TAPS, "before_lanes")
        at_lanes = delayed(m, before_lanes, 1, "at_lanes")
        at_sums = delayed(m, at_lanes, 1, "at_sums")
        before_clamps = delayed(m, at_sums, REQUANTISE - 3, "before_clamps")
        far_from_bytes = delayed(m, before_clamps, 1, "far_from_bytes")
        before_bytes = delayed(m, far_from_bytes, 1, "before_bytes")
        at_bytes = delayed(m, before_bytes, 1, "at_bytes")
        kept = []
        for number, stage in enumerate((before_taps, before_lanes, at_lanes, before_clamps, far_from_bytes)):
            read, fields = contexts.read_port(domain="comb"), Signal(KEPT, name=f"kept_{number}", reset_less=True)
            m.d.comb += read.addr.eq(stage.context)
            m.d.sync += fields.eq(read.data)
            kept.append(fields)
        of_taps, of_lanes, of_sums, of_clamps, before_written = kept
        m.d.comb += [
            lanes.window.eq(windows.window), lanes.group.eq(step.group),
            lanes.input_zero_point.eq(of_taps.input_zero_point),
            taps.tap_slot.eq(at_taps.slot), taps.tap_group.eq(at_taps.group),
            lanes.taps.eq(taps.taps), lanes.weight_zero_point.eq(of_taps.weight_zero_point),
            taps.parameter_slot.eq(at_sums.slot), taps.parameter_group.eq(at_sums.group),
            requantise.parameters.eq(taps.parameters),
            requantise.numerics.zero_point.eq(of_clamps.output_zero_point),
            requantise.numerics.minimum.eq(of_clamps.minimum),
            requantise.numerics.maximum.eq(of_clamps.maximum),
            requantise.numerics.single.eq(of_sums.single_rounding),
        ]
        self._add_up(m, at_lanes, of_lanes.accumulate, lanes, requantise)
        of_bytes = delayed(m, before_written, 1, "of_bytes")
        completes = Signal()
        """This step's byte is the last of its word, and not one of a sum that goes on."""
        m.d.sync += completes.eq((before_bytes.group == config.dw_groups - 1)
                                 & (~before_written.accumulate | before_bytes.last_window))
        self._write(m, at_bytes, completes, of_bytes, requantise)
        return m

    def _refuse(self, m: Module, waiting: Signal, following: data.View) -> None:
        """Columns that the windows reach are counted as the command starts, compared while it waits."""
        head, columns = self.command.fields, Signal(16)
        with m.If(~waiting):
            m.d.sync += columns.eq(head.out_width * head.stride + KERNEL - head.stride)
        m.d.sync += self.illegal.eq(waiting & (columns > following.column_blocks * self.config.pe_pixels))

    def _add_up(self, m: Module, step, accumulate, lanes: DepthwiseLanes, requantise: Requantise) -> None:
        """Adds the sums of a channel's windows, if the command says so; a register either way."""
        shape = requantise.accumulators.shape()
        result, added, kept = Signal(shape, reset_less=True), Signal(shape), Signal(shape, reset_less=True)
        m.d.comb += requantise.accumulators.eq(result)
        m.d.sync += result.eq(added)
        if self.config.dw_groups == 1:
            with m.If(step.valid):
                m.d.sync += kept.eq(added)
        else:
            # A group's turn comes every other cycle at most, so its total may be kept a cycle late.
            m.submodules.totals = totals = Memory(shape=shape, depth=self.config.dw_groups, init=[])
            read, keep, late = totals.read_port(domain="comb"), totals.write_port(), delayed(m, step, 1, "late")
            m.d.comb += [read.addr.eq(step.group), kept.eq(read.data),
                         keep.addr.eq(late.group), keep.en.eq(late.valid), keep.data.eq(result)]
        for channel in range(self.config.dw_channels):
            before = Mux(accumulate & ~step.first_window, kept[channel], 0)
            m.d.comb += added[channel].eq(before + lanes.sums[channel])

    def _write(self, m: Module, step, last: Signal, fields, requantise: Requantise) -> None:
        """Puts the bytes of `dw_groups` steps together to one word and writes it."""
        config = self.config
        block_pixel, pixel, target = Signal(20), Signal(20), Signal(20)
        word, next_word = Signal(8 * config.pe_rows, reset_less=True), Signal(8 * config.pe_rows)
        next_block = Signal(20)
        # Blocks are at least `KERNEL` cycles apart, so the next one's place may be late.
        m.d.sync += next_block.eq(block_pixel + fields.out_row_stride * config.pe_pixels)
        m.d.comb += [
            next_word.eq(word),
            next_word.word_select(step.group, 8 * config.dw_channels).eq(requantise.outputs.as_value()),
            target.eq(pixel), self.write.data.eq(word.replicate(config.pe_pixels)),
        ]
        with m.If(step.first_of_command):
            m.d.comb += target.eq(fields.out_pixel)
        with m.Elif(step.first_of_block):
            m.d.comb += target.eq(next_block)
        m.d.sync += [self.write.enable.eq(0), self.ended.eq(0)]
        with m.If(step.valid):
            m.d.sync += [word.eq(next_word), pixel.eq(target + last)]
            with m.If(step.first_of_command | step.first_of_block):
                m.d.sync += block_pixel.eq(target)
            with m.If(last):
                m.d.sync += [
                    self.write.row.eq(target >> config.lane_bits),
                    self.ended.eq(step.last_of_command),
                ]
                enables = config.pe_rows // enable_bytes(config)
                for bank in range(config.pe_pixels):
                    with m.If(target[:config.lane_bits] == bank):
                        m.d.sync += self.write.enable.word_select(bank, enables).eq(~0)
