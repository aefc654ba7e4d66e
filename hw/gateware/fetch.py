"""The fetch unit: reads the program and delivers its commands to the units' queues."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.commands import BLOCK_BYTES, COUNTS, FORMAT_VERSION, HEADER_BITS, MAGIC, PROGRAM_HEADER, TAG, UNITS
from hw.config import EngineConfig
from hw.faults import CODES, SOURCES
from hw.gateware.buffer import Buffer
from hw.gateware.bus import BURST_BITS, Bursts, ReadBeats, RequestPort
from hw.gateware.checksum import Checksum
from hw.gateware.command_queue import PART_BITS
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, FAULT, HEADER_LAYOUT, MARKED, delayed
from hw.latency import CHECKSUM, COMMAND_PARTS, FETCH_BYTES, FETCH_CHECK, FETCH_START


class Fetch(Component):
    """Reads header and commands in order; a command whose queue is full holds up those behind it.

    Members
    -------
    start, address : In; burst_bytes : In.
    request : Out(`RequestPort`); beats : In(`ReadBeats`).
    part : Out, of an `ENTRY`, as of `PartedBacklog`; push : Out, per unit; full : In, per unit.
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
            "part": Out(PART_BITS), "push": Out(len(UNITS)), "full": In(len(UNITS)),
            "finished": Out(1), "blocked": Out(1), "fault": Out(FAULT),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        beats = BLOCK_BYTES // config.bus_bytes
        depth = FETCH_BYTES // config.bus_bytes
        m.submodules.bursts = bursts = Bursts(config)
        m.submodules.buffer = buffer = Buffer(config.bus_bits, depth)
        space, taken = Signal(range(depth + 1), init=depth), Signal()
        collected = Signal(8 * BLOCK_BYTES, reset_less=True)
        count = Countdown(m, beats.bit_length(), "count")
        collects_last, in_header = Signal(), Signal()
        commands, tag = Countdown(m, 16, "commands"), Signal(TAG.bits)
        address = Signal(32)

        # Ask only for what the buffer has room for. A burst is still there when it was granted.
        connect(m, request=flipped(self.request), granted=_gated(m, bursts, space))
        m.d.sync += [taken.eq(self.request.grant),
                     space.eq(space + buffer.pop - Mux(taken, bursts.burst.beats, 0))]

        m.d.comb += [
            bursts.burst_bytes.eq(self.burst_bytes), bursts.blocks.eq(1),
            buffer.push.eq(self.beats.valid), buffer.item.eq(self.beats.data),
            buffer.pop.eq(buffer.valid & count.any), collects_last.eq(buffer.pop & count.last),
        ]
        m.submodules.checksum = checksum = Checksum(config.bus_bits)
        m.d.sync += checksum.valid.eq(buffer.pop)
        m.d.comb += checksum.beat.eq(collected[-config.bus_bits:])
        with m.If(buffer.pop):
            m.d.sync += collected.eq(Cat(collected, buffer.head)[config.bus_bits:])
            count.step()

        body = {unit: data.View(BODY_LAYOUT[unit], collected[HEADER_BITS:HEADER_BITS + BODY_LAYOUT[unit].size])
                for unit in UNITS}
        header = data.View(HEADER_LAYOUT, collected[:HEADER_LAYOUT.size])
        program = data.View(data.StructLayout({field.name: field.bits for field in PROGRAM_HEADER}),
                            collected[:sum(field.bits for field in PROGRAM_HEADER)])
        # What may be wrong, each for itself while the checksum is worked out, then the fault that comes first.
        wrong = {"checksum": ~checksum.match} | {name: Signal(name=f"wrong_{name}") for name in (
            "program", "configuration", "tag", "unit", "count")}
        empty = {unit: Signal(name=f"empty_{unit}") for unit in UNITS}
        of_unit, fault = Signal(len(UNITS)), Signal.like(self.fault.code)
        m.d.sync += [
            of_unit.eq(Cat(header.unit == index for index in range(len(UNITS)))),
            *(flag.eq(Cat(body[unit][name] == 0 for name in COUNTS[unit]).any())
              for unit, flag in empty.items()),
            wrong["program"].eq(in_header & ((program.magic != MAGIC) | (program.version != FORMAT_VERSION))),
            wrong["configuration"].eq(in_header & (program.config != config.hash)),
            wrong["tag"].eq(~in_header & (header.tag != tag)),
            wrong["unit"].eq(~in_header & (header.unit >= len(UNITS))),
            wrong["count"].eq(~in_header & (of_unit & Cat(empty.values())).any()),
            fault.eq(0),
        ]
        for name, happened in reversed(wrong.items()):
            with m.If(happened):
                m.d.sync += fault.eq(CODES[name])

        # A block leaves as header, as command, or not at all.
        judged, sound = delayed(m, collects_last, FETCH_CHECK, "judged"), ~Cat(wrong.values()).any()
        heads, broken, deliver, delivered, any_commands = (Signal() for _ in range(5))
        command = Signal(len(UNITS))
        m.d.sync += [heads.eq(judged & sound & in_header), broken.eq(judged & ~sound),
                     delivered.eq(deliver), any_commands.eq(program.commands.any())]
        with m.If(deliver):
            m.d.sync += command.eq(0)
        with m.If(judged & sound & ~in_header):
            m.d.sync += command.eq(of_unit)
        m.d.comb += [self.blocked.eq((command & self.full).any()), self.push.eq(command & ~self.full),
                     deliver.eq(self.push.any())]
        # All entries begin alike, so that a part is the same whoever gets it; it is held until the last one has left.
        account = Cat(header.space, ~self.marked.one | (header.layer == self.marked.layer)) if config.counters \
            else Const(0, len(UNITS) + 1)
        entry = Cat(*(header[f"wait_{name}"] for name in UNITS), account, collected[HEADER_BITS:])
        part = Signal(range(COMMAND_PARTS))
        m.d.comb += self.part.eq(Array(entry[number::COMMAND_PARTS] for number in range(COMMAND_PARTS))[part])
        with m.If(deliver | (part != 0)):
            m.d.sync += part.eq(part + 1)

        # The transfers of the header and of what is behind it start when their address is there.
        m.d.sync += bursts.start.eq(self.start | heads & any_commands)
        m.d.comb += [checksum.clear.eq(self.start | heads | delivered),
                     bursts.address.eq(address), bursts.beats.eq(Mux(in_header, beats, commands.left * beats))]
        with m.If(self.start | heads | (part == COMMAND_PARTS - 2)):
            count.load(Const(beats))
        with m.If(deliver):
            m.d.sync += self.finished.eq(commands.last)
        with m.If(heads | delivered):
            m.d.sync += address.eq(address + BLOCK_BYTES)
        with m.If(delivered):
            commands.step()
        with m.If(heads):
            m.d.sync += [in_header.eq(0), tag.eq(program.tag), self.finished.eq(~any_commands)]
            commands.load(program.commands)
        with m.If(self.start):
            m.d.sync += [in_header.eq(1), self.finished.eq(0), address.eq(self.address)]
        with m.If(broken):
            m.d.sync += [self.fault.code.eq(fault), self.fault.source.eq(SOURCES.index("fetch")),
                         self.fault.address.eq(address)]
        return m


def _gated(m: Module, bursts: Bursts, space: Signal) -> Any:
    """The bursts' request, offered the cycle after there is `space` to take it whole."""
    gated: Any = wiring.Signature(bursts.burst.signature.members).create(path=("gated",))
    m.d.sync += gated.valid.eq(bursts.burst.valid & ~(space < bursts.burst.beats) & ~gated.grant)
    m.d.comb += [
        gated.address.eq(bursts.burst.address), gated.beats.eq(bursts.burst.beats),
        bursts.burst.grant.eq(gated.grant),
    ]
    return gated


assert (FETCH_START, FETCH_CHECK) == (1, CHECKSUM + 1)
