"""Taps and parameters of the depthwise lanes, loaded a channel block ahead of its use."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.config import KERNEL, PARAMETER_BYTES, EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import WordPort, delayed, selector
from hw.gateware.requantise import PARAMETERS
from hw.latency import RAM_READ, tap_slots


class DepthwiseTaps(Component):
    """Reads the channel blocks of a command in order and keeps the last `latency.tap_slots` for the lanes.

    A block is `dw_groups` groups of `dw_group_words` words; a group holds, byte by byte, the taps of its
    `dw_channels` channels in row order, then their parameters.

    Members
    -------
    start, word, blocks : In, take a new command; only while not `busy`.
    busy : Out, words of the command are still to be read.
    loaded : Out, the next block is complete.
    advance : In, the lanes start the next block; its place may not be overwritten, the next may load.
    weights : Out(`WordPort`).
    tap_slot, tap_group : In; taps : Out, combinational.
    parameter_slot, parameter_group : In; parameters : Out, combinational.

    Timing
    ------
    One word a cycle. A block loads from the cycle its predecessor starts; `loaded` follows the last word's issue.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config, self.slots = config, tap_slots(config)
        slot, group = range(self.slots), selector(config.dw_groups)
        super().__init__({
            "start": In(1), "word": In(16), "blocks": In(10), "busy": Out(1), "loaded": Out(1), "advance": In(1),
            "weights": Out(WordPort(config.dw_word_bytes)),
            "tap_slot": In(slot), "tap_group": In(group),
            "taps": Out(data.ArrayLayout(data.ArrayLayout(8, KERNEL * KERNEL), config.dw_channels)),
            "parameter_slot": In(slot), "parameter_group": In(group),
            "parameters": Out(data.ArrayLayout(PARAMETERS, config.dw_channels)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        position = Signal(selector(config.dw_group_words))
        group = Signal(selector(config.dw_groups))
        slot = Signal(range(self.slots))
        word = Signal(16)
        blocks = Countdown(m, 10, "blocks")

        at_block_start, issue = Signal(init=1), Signal()
        m.d.comb += [
            self.busy.eq(blocks.any),
            issue.eq(self.busy & (~at_block_start | ~self.loaded | self.advance)),
            self.weights.word.eq(word),
        ]
        with m.If(self.start):
            m.d.sync += word.eq(self.word)
            blocks.load(self.blocks)
        with m.If(self.advance):
            m.d.sync += self.loaded.eq(0)

        last_of_group = Signal()
        m.d.comb += last_of_group.eq(issue & (position == config.dw_group_words - 1))
        with m.If(issue):
            m.d.sync += [word.eq(word + 1), position.eq(position + 1), at_block_start.eq(0)]
            with m.If(last_of_group):
                m.d.sync += [position.eq(0), group.eq(group + 1)]
                with m.If(group == config.dw_groups - 1):
                    m.d.sync += [group.eq(0), slot.eq(slot + 1), at_block_start.eq(1), self.loaded.eq(1)]
                    blocks.step()

        # Words arrive and are shifted together to the bytes of one group.
        place = Signal(range(self.slots * config.dw_groups))
        m.d.comb += place.eq(slot * config.dw_groups + group)
        complete = delayed(m, last_of_group, RAM_READ + 1, "complete")
        target = delayed(m, place, RAM_READ + 1, "target")
        shifted = Signal(8 * config.dw_word_bytes * config.dw_group_words, reset_less=True)
        with m.If(delayed(m, issue, RAM_READ, "arrived")):
            m.d.sync += shifted.eq(Cat(shifted, self.weights.data)[8 * config.dw_word_bytes:])

        tap_bits = 8 * KERNEL * KERNEL * config.dw_channels
        parameter_bits = 8 * PARAMETER_BYTES * config.dw_channels
        for name, low, bits, reader, output in (
            ("tap_memory", 0, tap_bits, (self.tap_slot, self.tap_group), self.taps),
            ("parameter_memory", tap_bits, parameter_bits, (self.parameter_slot, self.parameter_group),
             self.parameters),
        ):
            memory = Memory(shape=bits, depth=self.slots * config.dw_groups, init=[])
            m.submodules[name] = memory
            write, read = memory.write_port(), memory.read_port(domain="comb")
            m.d.comb += [
                write.en.eq(complete), write.addr.eq(target), write.data.eq(shifted[low:low + bits]),
                read.addr.eq(reader[0] * config.dw_groups + reader[1]), output.as_value().eq(read.data),
            ]
        return m
