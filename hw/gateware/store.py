"""The store unit: activation memory to DRAM."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.gateware.activation_memory import ReadPort
from hw.gateware.buffer import Buffer
from hw.gateware.bus import BURST_BITS, Bursts, RequestPort, WriteBeats, beat_bits
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort, delayed, selector
from hw.gateware.register_slice import RegisterSlice
from hw.gateware.tally import Tally
from hw.latency import ACTIVATION_READ, BUFFERED, CHOICE, GRANT, STORE_BURSTS


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
        m.submodules.buffer = buffer = Buffer(
            data.StructLayout({"data": config.bus_bits, "strobe": config.words_per_beat, "last": 1, "final": 1}),
            STORE_BURSTS * MAX_BURST_BYTES // config.bus_bytes)
        # The pins that say whether a beat is taken may be far from the memory.
        m.submodules.outgoing = outgoing = RegisterSlice(buffer.shape)

        beat = self._read(m, bursts)
        arrived = delayed(m, beat, ACTIVATION_READ, "arrived")
        chunks = Array(self.read.data.word_select(chunk, config.bus_bits) for chunk in range(config.chunks_per_row))
        picked = Signal(config.bus_bits, reset_less=True)
        m.d.sync += picked.eq(chunks[arrived.chunk])
        ready = delayed(m, arrived, 1, "ready")
        m.d.comb += [
            buffer.push.eq(ready.valid), buffer.item.data.eq(picked), buffer.item.strobe.eq(ready.strobe),
            buffer.item.last.eq(ready.last), buffer.item.final.eq(ready.final),
            outgoing.push.eq(buffer.valid & ~outgoing.full), outgoing.item.eq(buffer.head),
            buffer.pop.eq(outgoing.push), outgoing.pop.eq(self.beats.ready),
            self.beats.valid.eq(outgoing.valid), self.beats.data.eq(outgoing.head.data),
            self.beats.strobe.eq(Cat(pixel.replicate(config.bus_bytes // config.words_per_beat)
                                     for pixel in outgoing.head.strobe)),
            self.beats.last.eq(outgoing.head.last),
            self.work.busy.eq(self.beats.valid & self.beats.ready),
            self.work.done.eq(self.work.busy & outgoing.head.final),
        ]
        self._ask(m, bursts, read=beat.last, buffered=ready.valid & ready.last)
        return m

    def _ask(self, m: Module, bursts: Bursts, *, read: Value, buffered: Value) -> None:
        """Asks for each burst once its last beat, `read` before, is `buffered`; ends a command with its last answer."""
        request, burst = (Cat(port.address, port.beats, port.final) for port in (self.request, bursts.burst))
        kept = Array(Signal(len(burst), name=f"burst_{number}", reset_less=True) for number in range(STORE_BURSTS))
        newest, oldest, granted = Signal(range(STORE_BURSTS)), Signal(range(STORE_BURSTS)), Signal()
        unasked = Tally(m, STORE_BURSTS.bit_length(), "unasked", more=buffered, less=granted)
        m.d.comb += [request.eq(kept[oldest]), self.request.valid.eq(~unasked.none & ~granted)]
        m.d.sync += granted.eq(self.request.grant)
        with m.If(read):
            m.d.sync += [kept[newest].eq(burst), newest.eq(newest + 1)]
        with m.If(granted):
            m.d.sync += oldest.eq(oldest + 1)

        # Whether it is its command's last, of each burst that is not answered: no more of them are granted.
        m.submodules.finals = finals = Memory(shape=1, depth=self.config.max_outstanding, init=[])
        write, answered = finals.write_port(), finals.read_port(domain="comb")
        m.d.comb += [write.en.eq(granted), write.data.eq(self.request.final),
                     self.ended.eq(self.written & answered.data)]
        with m.If(granted):
            m.d.sync += write.addr.eq(write.addr + 1)
        with m.If(self.written):
            m.d.sync += answered.addr.eq(answered.addr + 1)

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
            "strobe": config.words_per_beat}))
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
            beat.final.eq(beat.last & bursts.burst.final), beat.chunk.eq(chunk),
            bursts.burst.grant.eq(beat.last),
            first_beat.eq(bursts.first & ~filling.any),
            last_beat.eq(run_ends | startable & bursts.single & bursts.last),
            row_done.eq(chunk == config.chunks_per_row - 1),
            self.read.enable.eq(beat.valid.replicate(config.pe_pixels)),
            self.read.row.eq(row),
        ]
        m.d.comb += beat.strobe.eq(Cat(
            (~first_beat | (pixel >= command.lead)) & (~last_beat | (pixel < command.tail))
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


assert BUFFERED + 1 <= 1 + CHOICE + GRANT + 1, "a beat is there before the bus can take it, address first"
assert STORE_BURSTS == 2, "indices of bursts wrap by themselves"
