"""The load unit: DRAM to activation memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import EngineConfig
from hw.gateware.activation_memory import WritePort, enable_bytes
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort, delayed, selector
from hw.gateware.queue import Queue
from hw.latency import OPEN_TRANSFERS

EXPECTED = data.StructLayout({**BODY_LAYOUT["load"].members, "single_beat": 1, "single_block": 1})
"""A command whose beats are to come; the flags: a block is one beat, it is one block."""


class Load(Component):
    """Runs `load` commands: blocks of beats, each beat into its place of a row.

    In a split transfer every other pixel goes to the place of the one before it, in another phase; if a beat holds two
    pixels, only those of one phase are taken.

    Members
    -------
    command : In(`CommandPort`); a command starts when the bursts of its predecessor are all granted.
    burst_bytes : In.
    request : Out(`RequestPort`); beats : In(`ReadBeats`).
    write : Out(`WritePort`).
    ended : Out(1), the last beat of a command is being written.
    work : Out(`WORK`).
    """

    TURNS = OPEN_TRANSFERS + 1
    """Commands that may have started and not have done their last."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "command": In(CommandPort("load")), "burst_bytes": In(BURST_BITS),
            "request": Out(RequestPort(config)), "beats": In(ReadBeats(config)),
            "write": Out(WritePort(config)), "ended": Out(1), "work": Out(WORK),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bursts = bursts = Bursts(self.config)
        m.submodules.expected = expected = Queue(EXPECTED, OPEN_TRANSFERS)
        fields = self.command.fields
        connect(m, bursts=bursts.burst, request=flipped(self.request))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~bursts.busy & ~expected.full),
            bursts.start.eq(self.command.pop), bursts.burst_bytes.eq(self.burst_bytes),
            *(bursts_field.eq(field) for bursts_field, field in (
                (bursts.address, fields.dram_address), (bursts.stride, fields.dram_stride),
                (bursts.blocks, fields.blocks), (bursts.beats, fields.beats))),
            expected.push.eq(self.command.pop),
            *(expected.item[name].eq(fields[name]) for name in BODY_LAYOUT["load"].members),
            expected.item.single_beat.eq(fields.beats == 1), expected.item.single_block.eq(fields.blocks == 1),
        ]
        self._arrive(m, expected)
        return m

    def _arrive(self, m: Module, expected: Queue) -> None:
        config = self.config
        command = Signal(EXPECTED, reset_less=True)
        active, done, begins, take = Signal(), Signal(), Signal(), Signal()
        blocks, beats = Countdown(m, 10, "blocks"), Countdown(m, 20, "beats")
        block_row, row, chunk = Signal(16), Signal(16), Signal(selector(config.chunks_per_row))
        first_beat, last_beat, row_done = Signal(), Signal(), Signal()
        wanted = Signal(config.words_per_beat)
        m.d.comb += [
            last_beat.eq(beats.last), row_done.eq(chunk == config.chunks_per_row - 1),
            done.eq(self.beats.valid & beats.last & blocks.last),
            self.work.busy.eq(self.beats.valid), self.work.done.eq(done),
            # With the next beat a block begins, and maybe a command: whatever is there, until there is one.
            begins.eq(~active | self.beats.valid & last_beat), take.eq(~active | done),
            expected.pop.eq(expected.valid & take),
            # Pixels of the first and the last beat of a block may lie outside the transfer.
            wanted.eq(Cat((~first_beat | (pixel >= command.lead)) & (~last_beat | (pixel < command.tail))
                          for pixel in range(config.words_per_beat))),
        ]
        # What is written of a beat, and whether the next one goes back to the pixel's first place or stays at this one.
        taken, beat, phase = Signal.like(wanted), Signal(config.bus_bits), Signal(16)
        back, stay = Signal(), Signal()
        m.d.comb += [taken.eq(wanted), beat.eq(self.beats.data)]
        if config.words_per_beat == 1:
            self._take_turns(m, command, last_beat, back, phase)
        elif config.words_per_beat == 2:
            self._take_one_phase(m, command, expected.head, take, last_beat, wanted, taken, beat, stay)

        with m.If(begins):
            with m.If(take):
                head = expected.head
                beats.load(head.beats, single=head.single_beat)
                blocks.load(head.blocks, single=head.single_block)
                m.d.sync += [command.eq(head), active.eq(expected.valid),
                             chunk.eq(head.chunk), row.eq(head.row), block_row.eq(head.row)]
            with m.Else():
                beats.load(command.beats, single=command.single_beat)
                blocks.step()
                m.d.sync += [chunk.eq(command.chunk), row.eq(block_row + command.row_stride),
                             block_row.eq(block_row + command.row_stride)]
            m.d.sync += first_beat.eq(1)
        with m.Elif(self.beats.valid):
            beats.step()
            m.d.sync += first_beat.eq(0)
            with m.If(back):
                m.d.sync += chunk.eq(chunk - (config.beats_per_pixel - 1))
            with m.Elif(~stay):
                m.d.sync += chunk.eq(Mux(row_done, 0, chunk + 1))
                with m.If(row_done):
                    m.d.sync += row.eq(row + 1)

        bits = config.bus_bytes // enable_bytes(config)
        m.d.comb += self.write.data.eq(delayed(m, beat, 1, "written").replicate(config.chunks_per_row))
        m.d.sync += [
            self.write.enable.eq(Cat(
                Cat(taken[bit * config.words_per_beat // bits] for bit in range(bits))
                & (self.beats.valid & (chunk == place)).replicate(bits) for place in range(config.chunks_per_row))),
            self.write.row.eq(row + phase),
            self.ended.eq(done),
        ]

    def _take_turns(self, m: Module, command, last_beat, back, phase) -> None:
        """Split, a pixel or less a beat: the odd columns go to the place of the even ones, in the other phase."""
        config = self.config
        odd, pixel_beats, pixel_done = Signal(), Signal(selector(config.beats_per_pixel)), Signal()
        m.d.comb += [
            pixel_done.eq(pixel_beats == config.beats_per_pixel - 1),
            back.eq(command.split & pixel_done & ~odd), phase.eq(Mux(odd, command.phase_row_stride, 0)),
        ]
        with m.If(self.beats.valid):
            m.d.sync += [odd.eq(~last_beat & Mux(pixel_done, command.split & ~odd, odd)),
                         pixel_beats.eq(Mux(last_beat | pixel_done, 0, pixel_beats + 1))]

    def _take_one_phase(self, m: Module, command, head, take, last_beat, wanted, taken, beat, stay) -> None:
        """Split, two pixels a beat: the one of the wanted phase goes to the next half of a place."""
        half, pick, there = Signal(), Signal(), Signal()
        m.d.comb += [pick.eq(command.odd ^ command.lead[0]), there.eq(wanted.bit_select(pick, 1))]
        with m.If(command.split):
            m.d.comb += [taken.eq(Cat(there & ~half, there & half)), stay.eq(~(there & half)),
                         beat.eq(self.beats.data.word_select(pick, self.config.bus_bits // 2).replicate(2))]
        with m.If(self.beats.valid):
            m.d.sync += half.eq(Mux(last_beat, command.half, half ^ there))
        with m.If(take):
            m.d.sync += half.eq(head.half)
