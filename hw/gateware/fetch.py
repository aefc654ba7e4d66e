"""The fetch unit: reads the program and delivers its commands to the units' queues."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.commands import BLOCK_BYTES, COUNTS, FORMAT_VERSION, HEADER_BITS, MAGIC, PROGRAM_HEADER, TAG, UNITS
from hw.config import EngineConfig
from hw.faults import CODES, SOURCES
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.command_queue import ENTRY
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, FAULT, HEADER_LAYOUT, MARKED
from hw.gateware.queue import Queue
from hw.latency import FETCH_BYTES, FETCH_CHECK


class Fetch(Component):
    """Reads header and commands in order; a command whose queue is full holds up those behind it.

    Members
    -------
    start, address : In; burst_bytes : In.
    request : Out(`RequestPort`); beats : In(`ReadBeats`).
    queue_UNIT : Out, `ENTRY[UNIT]`; push : Out, per unit; full : In, per unit.
    marked : In(`MARKED`), if there are `counters`; held.
    finished : Out(1), all commands are delivered; blocked : Out(1), the next one waits for room in its queue.
    fault : Out(`FAULT`), stops the fetch; with the address of the block, but not its number.

    Timing
    ------
    Beats wait in a buffer whose space is reserved burst by burst; one leaves it per cycle. A command is delivered
    `latency.FETCH_CHECK` cycles after the one in which its last beat is there.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "address": In(32), "burst_bytes": In(BURST_BITS),
            **({"marked": In(MARKED)} if config.counters else {}),
            "request": Out(RequestPort(config)), "beats": In(ReadBeats(config)),
            **{f"queue_{unit}": Out(ENTRY[unit]) for unit in UNITS},
            "push": Out(len(UNITS)), "full": In(len(UNITS)),
            "finished": Out(1), "blocked": Out(1), "fault": Out(FAULT),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        beats = BLOCK_BYTES // config.bus_bytes
        depth = FETCH_BYTES // config.bus_bytes
        m.submodules.bursts = bursts = Bursts(config)
        m.submodules.buffer = buffer = Queue(config.bus_bits, depth)
        space = Signal(range(depth + 1), init=depth)
        collected = Signal(8 * BLOCK_BYTES)
        count = Signal(range(beats + 1))
        complete, in_header = Signal(), Signal()
        commands, tag = Signal(16), Signal(TAG.bits)
        address = Signal(32)

        # Ask only for what the buffer has room for.
        connect(m, request=flipped(self.request), granted=_gated(m, bursts, space))
        with m.If(self.request.grant):
            m.d.sync += space.eq(space + buffer.pop - self.request.beats)
        with m.Else():
            m.d.sync += space.eq(space + buffer.pop)

        m.d.comb += [
            bursts.burst_bytes.eq(self.burst_bytes), bursts.blocks.eq(1),
            buffer.push.eq(self.beats.valid), buffer.item.eq(self.beats.data),
            complete.eq(count == beats),
            buffer.pop.eq(buffer.valid & ~complete),
        ]
        with m.If(buffer.pop):
            m.d.sync += [collected.eq(Cat(collected, buffer.head)[config.bus_bits:]), count.eq(count + 1)]

        checksum_beat = Signal(config.bus_bits)
        checksum: Any = CRC32_ISO_HDLC(config.bus_bits).create()
        m.submodules.checksum = checksum
        m.d.sync += [checksum_beat.eq(buffer.head), checksum.valid.eq(buffer.pop), checksum.start.eq(count == 0)]
        m.d.comb += checksum.data.eq(checksum_beat)

        header = data.View(HEADER_LAYOUT, collected[:HEADER_LAYOUT.size])
        program = data.View(data.StructLayout({field.name: field.bits for field in PROGRAM_HEADER}),
                            collected[:sum(field.bits for field in PROGRAM_HEADER)])
        # The checksum first, then what may be wrong, each for itself, then the fault that comes first.
        wrong = {name: Signal(name=f"wrong_{name}") for name in (
            "checksum", "program", "configuration", "tag", "unit", "count")}
        of_unit, fault = Signal(len(UNITS)), Signal.like(self.fault.code)
        summed, looked, checked, leaves = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [
            summed.eq(complete & ~leaves), looked.eq(summed & ~leaves), checked.eq(looked & ~leaves),
            of_unit.eq(Cat(header.unit == index for index in range(len(UNITS)))),
            wrong["checksum"].eq(~checksum.match_detected),
            wrong["program"].eq(in_header & ((program.magic != MAGIC) | (program.version != FORMAT_VERSION))),
            wrong["configuration"].eq(in_header & (program.config != config.hash)),
            wrong["tag"].eq(~in_header & (header.tag != tag)),
            wrong["unit"].eq(~in_header & (header.unit >= len(UNITS))),
            wrong["count"].eq(~in_header & Cat(
                (header.unit == index) & (getattr(getattr(self, f"queue_{unit}").fields, name) == 0)
                for index, unit in enumerate(UNITS) for name in COUNTS[unit]).any()),
            fault.eq(0),
        ]
        for name, happened in reversed(wrong.items()):
            with m.If(happened):
                m.d.sync += fault.eq(CODES[name])
        command, deliver = Signal(), Signal()
        m.d.comb += [
            command.eq(checked & ~in_header & (fault == 0)),
            self.blocked.eq(command & (self.full & of_unit).any()), deliver.eq(command & ~self.blocked),
            self.push.eq(Mux(deliver, of_unit, 0)),
        ]
        for unit in UNITS:
            item = getattr(self, f"queue_{unit}")
            m.d.comb += [
                *(item.waits[index].eq(header[f"wait_{name}"]) for index, name in enumerate(UNITS)),
                item.fields.as_value().eq(collected[HEADER_BITS:HEADER_BITS + BODY_LAYOUT[unit].size]),
            ]
            if config.counters:
                m.d.comb += [item.space.eq(header.space),
                             item.marked.eq(~self.marked.one | (header.layer == self.marked.layer))]

        with m.If(self.start):
            m.d.comb += [bursts.start.eq(1), bursts.address.eq(self.address), bursts.beats.eq(beats)]
            m.d.sync += [in_header.eq(1), self.finished.eq(0), address.eq(self.address)]
        with m.Elif(checked & (fault != 0)):
            m.d.sync += [self.fault.code.eq(fault), self.fault.source.eq(SOURCES.index("fetch")),
                         self.fault.address.eq(address)]
        with m.Elif(checked & in_header):
            m.d.comb += leaves.eq(1)
            m.d.sync += [count.eq(0), in_header.eq(0), address.eq(address + BLOCK_BYTES),
                         commands.eq(program.commands), tag.eq(program.tag)]
            with m.If(program.commands == 0):
                m.d.sync += self.finished.eq(1)
            with m.Else():
                m.d.comb += [bursts.start.eq(1), bursts.address.eq(address + BLOCK_BYTES),
                             bursts.beats.eq(program.commands * beats)]
        with m.Elif(deliver):
            m.d.comb += leaves.eq(1)
            m.d.sync += [count.eq(0), address.eq(address + BLOCK_BYTES), commands.eq(commands - 1)]
            with m.If(commands == 1):
                m.d.sync += self.finished.eq(1)
        return m


def _gated(m: Module, bursts: Bursts, space: Signal) -> Any:
    """The bursts' request, offered the cycle after there is `space` to take it whole."""
    gated: Any = wiring.Signature(bursts.burst.signature.members).create(path=("gated",))
    m.d.sync += gated.valid.eq(bursts.burst.valid & (space >= bursts.burst.beats) & ~gated.grant)
    m.d.comb += [
        gated.address.eq(bursts.burst.address), gated.beats.eq(bursts.burst.beats),
        bursts.burst.grant.eq(gated.grant),
    ]
    return gated


assert FETCH_CHECK == 3
