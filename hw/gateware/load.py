"""The load unit: DRAM to activation memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import EngineConfig
from hw.gateware.activation_memory import WritePort, enable_bytes
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, CommandPort, selector
from hw.gateware.queue import Queue
from hw.latency import OPEN_TRANSFERS


class Load(Component):
    """Runs `load` commands: blocks of beats, each beat into its place of a row.

    In a split transfer, whose pixels fill whole beats, every other pixel goes to the place of the one before it, in
    another phase.

    Members
    -------
    command : In(`CommandPort`); a command starts when the bursts of its predecessor are all granted.
    burst_bytes : In.
    request : Out(`RequestPort`); beats : In(`ReadBeats`).
    write : Out(`WritePort`).
    ended : Out(1), the last beat of a command is being written.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "command": In(CommandPort("load")), "burst_bytes": In(BURST_BITS),
            "request": Out(RequestPort(config)), "beats": In(ReadBeats(config)),
            "write": Out(WritePort(config)), "ended": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(self.config)
        m.submodules.expected = expected = Queue(BODY_LAYOUT["load"], OPEN_TRANSFERS)
        fields = self.command.fields
        connect(m, bursts=bursts.burst, request=flipped(self.request))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~bursts.busy & ~expected.full),
            bursts.start.eq(self.command.pop), bursts.burst_bytes.eq(self.burst_bytes),
            *(bursts_field.eq(field) for bursts_field, field in (
                (bursts.address, fields.dram_address), (bursts.stride, fields.dram_stride),
                (bursts.blocks, fields.blocks), (bursts.beats, fields.beats))),
            expected.push.eq(self.command.pop), expected.item.eq(fields),
        ]
        self._arrive(m, expected)
        return m

    def _arrive(self, m: Module, expected: Queue) -> None:
        config = self.config
        command = Signal(BODY_LAYOUT["load"])
        active, done = Signal(), Signal()
        blocks, beats = Signal(10), Signal(20)
        block_row, row, chunk = Signal(16), Signal(16), Signal(selector(config.chunks_per_row))
        odd, pixel_beats = Signal(), Signal(selector(config.beats_per_pixel))
        last_beat, row_done, pixel_done = Signal(), Signal(), Signal()
        m.d.comb += [
            last_beat.eq(beats == 1),
            pixel_done.eq(pixel_beats == config.beats_per_pixel - 1),
            row_done.eq(chunk == config.chunks_per_row - 1),
            done.eq(self.beats.valid & last_beat & (blocks == 1)),
            expected.pop.eq(expected.valid & (~active | done)),
        ]
        with m.If(self.beats.valid):
            m.d.sync += [beats.eq(beats - 1), pixel_beats.eq(Mux(pixel_done, 0, pixel_beats + 1))]
            with m.If(command.split & pixel_done & ~odd):  # back to the pixel's first beat, for the odd column
                m.d.sync += [odd.eq(1), chunk.eq(chunk - (config.beats_per_pixel - 1))]
            with m.Else():
                m.d.sync += [odd.eq(odd & ~pixel_done), chunk.eq(Mux(row_done, 0, chunk + 1)), row.eq(row + row_done)]
            with m.If(last_beat):
                m.d.sync += [beats.eq(command.beats), blocks.eq(blocks - 1), chunk.eq(command.chunk), odd.eq(0),
                             pixel_beats.eq(0),
                             row.eq(block_row + command.row_stride), block_row.eq(block_row + command.row_stride)]
        with m.If(done):
            m.d.sync += active.eq(0)
        with m.If(expected.pop):
            head = expected.head
            m.d.sync += [command.eq(head), active.eq(1), blocks.eq(head.blocks), beats.eq(head.beats),
                         block_row.eq(head.row), row.eq(head.row), chunk.eq(head.chunk), odd.eq(0),
                         pixel_beats.eq(0)]

        # Pixels of the first and the last beat of a block may lie outside the transfer.
        first_beat = beats == command.beats
        wanted = Cat((~first_beat | (pixel >= command.lead)) & (~last_beat | (pixel < command.tail))
                     for pixel in range(config.words_per_beat))
        bits = config.bus_bytes // enable_bytes(config)
        m.d.sync += [
            self.write.enable.eq(Cat(
                Cat(wanted[bit * config.words_per_beat // bits] for bit in range(bits))
                & (self.beats.valid & (chunk == place)).replicate(bits) for place in range(config.chunks_per_row))),
            self.write.row.eq(row + Mux(odd, command.phase_row_stride, 0)),
            self.write.data.eq(self.beats.data.replicate(config.chunks_per_row)),
            self.ended.eq(done),
        ]
