"""The weights unit: DRAM to the two weight memories."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import EngineConfig
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort
from hw.gateware.queue import Queue
from hw.gateware.weight_memory import BeatPort
from hw.latency import OPEN_TRANSFERS


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
        m.submodules.bursts = bursts = Bursts(config)
        m.submodules.expected = expected = Queue(BODY_LAYOUT["weights"], OPEN_TRANSFERS)
        fields = self.command.fields
        connect(m, bursts=bursts.burst, request=flipped(self.request))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~bursts.busy & ~expected.full),
            bursts.start.eq(self.command.pop), bursts.burst_bytes.eq(self.burst_bytes),
            bursts.address.eq(fields.dram_address), bursts.beats.eq(fields.beats), bursts.blocks.eq(1),
            expected.push.eq(self.command.pop), expected.item.eq(fields),
        ]

        active, depthwise = Signal(), Signal()
        beats, word, chunk = Signal(20), Signal(16), Signal(6)
        chunks = Mux(depthwise, config.dw_word_bytes // config.bus_bytes, config.weight_word_bytes // config.bus_bytes)
        word_done = Signal()
        m.d.comb += [
            word_done.eq(chunk == chunks - 1),
            self.ended.eq(self.beats.valid & (beats == 1)),
            self.work.busy.eq(self.beats.valid), self.work.done.eq(self.ended),
            expected.pop.eq(expected.valid & (~active | self.ended)),
        ]
        for port, enable in ((self.pointwise, ~depthwise), (self.depthwise, depthwise)):
            m.d.comb += [port.enable.eq(self.beats.valid & enable), port.word.eq(word), port.chunk.eq(chunk),
                         port.data.eq(self.beats.data)]
        with m.If(self.beats.valid):
            m.d.sync += [beats.eq(beats - 1), chunk.eq(Mux(word_done, 0, chunk + 1)), word.eq(word + word_done)]
        with m.If(self.ended):
            m.d.sync += active.eq(0)
        with m.If(expected.pop):
            head = expected.head
            m.d.sync += [active.eq(1), depthwise.eq(head.depthwise), beats.eq(head.beats), word.eq(head.word),
                         chunk.eq(0)]
        return m
