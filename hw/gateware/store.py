"""The store unit: activation memory to DRAM."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.bus import BURST_BITS, Bursts, RequestPort, WriteBeats, beat_bits
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort, delayed, selector
from hw.gateware.queue import Queue
from hw.latency import ACTIVATION_READ, STORE_BURSTS


class Store(Component):
    """Runs `store` commands. A burst is asked for when all its beats are buffered, so it never stalls the bus.

    Members
    -------
    command : In(`CommandPort`); a command starts when its predecessor's reads are all issued.
    burst_bytes : In.
    read : Out(`ReadPort`).
    request : Out(`RequestPort`); beats : Out(`WriteBeats`); written : In(1), a burst is answered.
    ended : Out(1), the last burst of a command is answered.
    work : Out(`WORK`).
    """

    TURNS = STORE_BURSTS + 1
    """Commands that may have started and not have done their last."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "command": In(CommandPort("store")), "burst_bytes": In(BURST_BITS),
            "read": Out(ReadPort(config)),
            "request": Out(RequestPort(config)), "beats": Out(WriteBeats(config)), "written": In(1),
            "ended": Out(1), "work": Out(WORK),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.bursts = bursts = Bursts(config)
        m.submodules.requests = requests = Queue(
            data.StructLayout({"address": 32, "beats": beat_bits(config), "final": 1}), STORE_BURSTS)
        m.submodules.buffer = buffer = Queue(
            data.StructLayout({"data": config.bus_bits, "strobe": config.bus_bytes, "last": 1, "final": 1}),
            STORE_BURSTS * MAX_BURST_BYTES // config.bus_bytes)
        m.submodules.unanswered = unanswered = Queue(1, STORE_BURSTS + config.max_outstanding)

        beat = self._read(m, bursts)
        arrived = delayed(m, beat, ACTIVATION_READ, "arrived")
        chunks = Array(self.read.data.word_select(chunk, config.bus_bits) for chunk in range(config.chunks_per_row))
        picked = Signal(config.bus_bits, reset_less=True)
        granted = Signal()
        m.d.sync += [picked.eq(chunks[arrived.chunk]), granted.eq(self.request.grant)]
        ready = delayed(m, arrived, 1, "ready")
        m.d.comb += [
            buffer.push.eq(ready.valid), buffer.item.data.eq(picked), buffer.item.strobe.eq(ready.strobe),
            buffer.item.last.eq(ready.last), buffer.item.final.eq(ready.last & ready.final),
            requests.push.eq(ready.valid & ready.last),
            requests.item.address.eq(ready.address), requests.item.beats.eq(ready.beats),
            requests.item.final.eq(ready.final),
            self.request.valid.eq(requests.valid & ~granted), self.request.address.eq(requests.head.address),
            self.request.beats.eq(requests.head.beats), self.request.final.eq(requests.head.final),
            requests.pop.eq(granted),
            self.beats.valid.eq(buffer.valid), self.beats.data.eq(buffer.head.data),
            self.beats.strobe.eq(buffer.head.strobe), self.beats.last.eq(buffer.head.last),
            buffer.pop.eq(self.beats.valid & self.beats.ready),
            self.work.busy.eq(buffer.pop), self.work.done.eq(buffer.pop & buffer.head.final),
            unanswered.push.eq(granted), unanswered.item.eq(requests.head.final),
            unanswered.pop.eq(self.written),
            self.ended.eq(self.written & unanswered.head),
        ]
        return m

    def _read(self, m: Module, bursts: Bursts):
        """Reads a beat a cycle while a burst of the buffer is free."""
        config = self.config
        command = Signal(BODY_LAYOUT["store"], reset_less=True)
        fields = self.command.fields
        free, next_free = Signal(range(STORE_BURSTS + 1), init=STORE_BURSTS), Signal(range(STORE_BURSTS + 1))
        any_free = Signal(init=1)
        filling = Countdown(m, beat_bits(config), "filling")
        block_row, row, chunk = Signal(16), Signal(16), Signal(selector(config.chunks_per_row))
        beat = Signal(data.StructLayout({
            "valid": 1, "last": 1, "final": 1, "chunk": selector(config.chunks_per_row),
            "strobe": config.bus_bytes, "address": 32, "beats": beat_bits(config)}))
        startable, burst_start, first_beat, last_beat, run_ends, row_done = (Signal() for _ in range(6))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~bursts.busy),
            bursts.start.eq(self.command.pop), bursts.burst_bytes.eq(self.burst_bytes),
            bursts.address.eq(fields.dram_address), bursts.stride.eq(fields.dram_stride),
            bursts.blocks.eq(fields.blocks), bursts.beats.eq(fields.beats),
            # The first beat goes with the start; what is left is counted from there.
            startable.eq(bursts.burst.valid & any_free), burst_start.eq(startable & ~filling.any),
            beat.valid.eq(startable | filling.any),
            # A burst of no beats, which begins inside of a beat, is asked for like any other, and refused then.
            beat.last.eq(startable & bursts.single | filling.last),
            beat.final.eq(bursts.burst.final),
            beat.chunk.eq(chunk), beat.address.eq(bursts.burst.address), beat.beats.eq(bursts.burst.beats),
            bursts.burst.grant.eq(beat.last),
            first_beat.eq(bursts.first & ~filling.any),
            last_beat.eq(run_ends | startable & bursts.single & bursts.last),
            row_done.eq(chunk == config.chunks_per_row - 1),
            self.read.enable.eq(beat.valid.replicate(config.pe_pixels)),
            self.read.row.eq(row),
        ]
        pixel_bytes = config.bus_bytes // config.words_per_beat
        m.d.comb += beat.strobe.eq(Cat(
            ((~first_beat | (pixel >= command.lead)) & (~last_beat | (pixel < command.tail))).replicate(pixel_bytes)
            for pixel in range(config.words_per_beat)))
        m.d.comb += next_free.eq(free - burst_start + (self.beats.valid & self.beats.ready & self.beats.last))
        m.d.sync += [free.eq(next_free), any_free.eq(next_free != 0)]
        m.d.sync += run_ends.eq(0)
        with m.If(filling.any):
            filling.step()
            m.d.sync += run_ends.eq(bursts.last & (filling.left == 2))
        with m.Elif(burst_start & ~bursts.single):
            filling.load(bursts.burst.beats - 1)
            m.d.sync += run_ends.eq(bursts.last & (bursts.burst.beats == 2))
        # Between two commands the next one is there, whether it starts yet or not.
        with m.If(~bursts.busy):
            m.d.sync += [command.eq(fields), row.eq(fields.row), block_row.eq(fields.row), chunk.eq(fields.chunk)]
        with m.Elif(last_beat):
            m.d.sync += [chunk.eq(command.chunk), row.eq(block_row + command.row_stride),
                         block_row.eq(block_row + command.row_stride)]
        with m.Elif(beat.valid):
            m.d.sync += chunk.eq(Mux(row_done, 0, chunk + 1))
            with m.If(row_done):
                m.d.sync += row.eq(row + 1)
        return beat
