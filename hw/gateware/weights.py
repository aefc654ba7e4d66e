"""The weights unit: DRAM to the two weight memories."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import EngineConfig
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort
from hw.gateware.queue import Queue
from hw.gateware.weight_memory import BeatPort
from hw.latency import OPEN_TRANSFERS

EXPECTED = data.StructLayout({**BODY_LAYOUT["weights"].members, "single": 1})
"""A command whose beats are to come; `single`: it is only one."""


class Weights(Component):
    """Runs `weights` commands: one run of beats into consecutive words.

    Members
    -------
    command : In(`CommandPort`); a command starts when the bursts of its predecessor are all granted.
    burst_bytes : In.
    request : Out(`RequestPort`); beats : In(`ReadBeats`).
    pointwise, depthwise : Out(`BeatPort`), one per weight memory.
    ended : Out(1), the last beat of a command is being written.
    work : Out(`WORK`).
    """

    TURNS = OPEN_TRANSFERS + 1
    """Commands that may have started and not have done their last."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "command": In(CommandPort("weights")), "burst_bytes": In(BURST_BITS),
            "request": Out(RequestPort(config)), "beats": In(ReadBeats(config)),
            "pointwise": Out(BeatPort(config.bus_bytes)), "depthwise": Out(BeatPort(config.bus_bytes)),
            "ended": Out(1), "work": Out(WORK),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.bursts = bursts = Bursts(config, runs=False)
        m.submodules.expected = expected = Queue(EXPECTED, OPEN_TRANSFERS)
        fields = self.command.fields
        connect(m, bursts=bursts.burst, request=flipped(self.request))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~bursts.busy & ~expected.full),
            bursts.start.eq(self.command.pop), bursts.burst_bytes.eq(self.burst_bytes),
            bursts.address.eq(fields.dram_address), bursts.beats.eq(fields.beats),
            expected.push.eq(self.command.pop), expected.item.single.eq(fields.beats == 1),
            *(expected.item[name].eq(fields[name]) for name in BODY_LAYOUT["weights"].members),
        ]

        active, take, depthwise = Signal(), Signal(), Signal()
        beats, word, chunk = Countdown(m, 20, "beats"), Signal(16), Signal(6)
        chunks = Mux(depthwise, config.dw_word_bytes // config.bus_bytes, config.weight_word_bytes // config.bus_bytes)
        word_done = Signal()
        m.d.comb += [
            word_done.eq(chunk == chunks - 1),
            self.ended.eq(self.beats.valid & beats.last),
            self.work.busy.eq(self.beats.valid), self.work.done.eq(self.ended),
            # The next command begins, or whatever is there, until there is one.
            take.eq(~active | self.ended), expected.pop.eq(expected.valid & take),
        ]
        for port, enable in ((self.pointwise, ~depthwise), (self.depthwise, depthwise)):
            m.d.comb += [port.enable.eq(self.beats.valid & enable), port.word.eq(word), port.chunk.eq(chunk),
                         port.data.eq(self.beats.data)]
        with m.If(self.beats.valid):
            beats.step()
            m.d.sync += chunk.eq(Mux(word_done, 0, chunk + 1))
            with m.If(word_done):
                m.d.sync += word.eq(word + 1)
        with m.If(take):
            head = expected.head
            beats.load(head.beats, single=head.single)
            m.d.sync += [active.eq(expected.valid), depthwise.eq(head.depthwise), word.eq(head.word), chunk.eq(0)]
        return m
