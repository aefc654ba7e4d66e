"""Round robin among the users of the DRAM port, and the way back for their read data."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.commands import COUNT_BITS
from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.faults import CODES, SOURCES
from hw.gateware.bus import BurstPort, ReadBeats, RequestPort, beat_bits
from hw.gateware.component import Component
from hw.gateware.layouts import FAULT, delayed
from hw.latency import CHOICE, GRANT, READ_BEAT

USERS = ("fetch", "load", "weights", "store")
READERS = USERS[:3]
STORE = USERS.index("store")


def _burst(config: EngineConfig) -> data.StructLayout:
    """A burst on its way: whose it is, the number of its command, where it goes."""
    return data.StructLayout({"user": range(len(USERS)), "write": 1, "command": COUNT_BITS, "address": 32,
                              "beats": beat_bits(config), "final": 1})


class Windows(wiring.Signature):
    """Where the engine may read and write: first and last byte. All Out."""

    def __init__(self) -> None:
        super().__init__({f"{way}_{end}": Out(32) for way in ("read", "write") for end in ("first", "last")})


class Arbiter(Component):
    """Grants one burst a cycle to the next user after the last one granted.

    Members
    -------
    request_fetch, request_load, request_weights, request_store : In(`RequestPort`)
    read_fetch, read_load, read_weights : Out(`ReadBeats`), one cycle after the bus.
    written : Out(1), one cycle after the bus.
    bus : Out(`BurstPort`), its `write` beats left to `store`.
    start : In(1), before the first burst of a program.
    windows : In(`Windows`); a burst that leaves them is granted, but never gets to the bus; it is the last one granted.
    halt : In(1), nothing is granted. quiet : Out(1), no burst is open.
    fault : Out(`FAULT`), for a cycle; the number of a block is not filled in.

    Timing
    ------
    A burst is offered `latency.CHOICE` cycles before its grant or earlier, and on the bus `latency.GRANT` cycles after
    it. Grants wait until the bus takes the previous one, and while `max_outstanding` bursts are open; a burst counts
    until two cycles after its last beat or response.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        bus = {name: member for name, member in BurstPort(config).members.items() if name != "write"}
        super().__init__({
            **{f"request_{name}": In(RequestPort(config)) for name in USERS},
            **{f"read_{name}": Out(ReadBeats(config)) for name in READERS},
            "written": Out(1),
            "bus": Out(wiring.Signature(bus)),
            "start": In(1), "windows": In(Windows()), "halt": In(1), "quiet": Out(1), "fault": Out(FAULT),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, most_open = self.bus, self.config.max_outstanding
        requests = [getattr(self, f"request_{name}") for name in USERS]
        open_bursts, next_open = Signal(range(most_open + 1)), Signal(range(most_open + 1))
        room, free, granted, sent, refused = Signal(init=1), Signal(), Signal(), Signal(), Signal()

        # Who comes next, whenever that is. No grant follows another so soon that a request could be stale.
        last, chosen = Signal(range(len(USERS))), Signal(len(USERS))
        m.d.sync += chosen.eq(0)
        for start in range(len(USERS)):
            with m.If(last == start):
                for step in range(len(USERS), 0, -1):
                    user = (start + step) % len(USERS)
                    with m.If(requests[user].valid):
                        m.d.sync += chosen.eq(1 << user)

        # Chosen, then checked, then on the bus: one burst at a time is on this way.
        burst, asked, checked = (Signal(_burst(self.config), name=name, reset_less=True)
                                 for name in ("burst", "asked", "checked"))
        asking, checking = Signal(), Signal()
        m.d.comb += [burst.user.eq(_number(chosen)), burst.write.eq(chosen[STORE]),
                     *(burst[name].eq(_of_chosen(chosen, [getattr(request, name) for request in requests]))
                       for name in ("address", "beats", "final"))]
        m.d.sync += [asking.eq(granted), asked.eq(burst), checking.eq(asking), checked.eq(asked)]

        # A command's number: the commands of its user whose last burst was granted before.
        m.submodules.numbers = numbers = Memory(shape=COUNT_BITS, depth=len(USERS), init=[])
        number, next_number, counted = numbers.read_port(domain="comb"), numbers.write_port(), Signal(len(USERS))
        """Whose number is in the memory, and no longer 0."""
        m.d.comb += [number.addr.eq(asked.user), next_number.en.eq(checking & checked.final),
                     next_number.addr.eq(checked.user), next_number.data.eq(checked.command + 1)]
        m.d.sync += checked.command.eq(number.data & counted.bit_select(asked.user, 1).replicate(COUNT_BITS))
        with m.If(next_number.en):
            m.d.sync += counted.bit_select(checked.user, 1).eq(1)
        with m.If(self.start):
            m.d.sync += counted.eq(0)

        unfit, outside = self._wrong(m, burst, asked)
        m.d.comb += [
            free.eq((~bus.request_valid | bus.request_ready) & room & ~self.halt & ~asking & ~checking & ~refused),
            granted.eq(free & chosen.any()), sent.eq(checking & ~unfit & ~outside.any()),
            *(request.grant.eq(free & chosen[user]) for user, request in enumerate(requests)),
            self.quiet.eq((open_bursts == 0) & ~asking & ~checking),
        ]
        with m.If(granted):
            m.d.sync += last.eq(_number(chosen))
        with m.If(bus.request_ready):
            m.d.sync += bus.request_valid.eq(0)
        with m.If(checking):
            m.d.sync += [bus.request_valid.eq(sent), bus.request_write.eq(checked.write),
                         bus.request_address.eq(checked.address), bus.request_beats.eq(checked.beats)]
        # Whoever was refused may have data for it, which the next burst must not take.
        with m.If(checking & ~sent):
            m.d.sync += refused.eq(1)
        with m.If(self.start):
            m.d.sync += [last.eq(0), refused.eq(0)]

        # Reads and writes are each answered in order; of one that fails the fault wants to know what it was.
        ends, failed = (bus.read.valid & bus.read.last, bus.written), Signal(2)
        m.d.comb += failed.eq(Cat(bus.read.valid & bus.read_response[1], bus.written & bus.written_response[1]))
        next_sent, oldest = ([Signal(range(most_open), name=f"{name}_{way}") for way in ("read", "write")]
                             for name in ("next", "oldest"))
        for way, end in enumerate(ends):
            m.d.sync += [next_sent[way].eq(next_sent[way] + (sent & (checked.write == way))),
                         oldest[way].eq(oldest[way] + end)]
        kept = data.StructLayout({name: checked.shape()[name].shape for name in ("command", "address")})
        m.submodules.opened = opened = Memory(shape=kept, depth=2 * most_open, init=[])
        m.submodules.readers = readers = Memory(shape=range(len(USERS)), depth=most_open, init=[])
        keep, keep_reader = opened.write_port(), readers.write_port()
        of_failed, reader = opened.read_port(domain="comb"), readers.read_port(domain="comb")
        # What failed is noted first: the answers come from the pins.
        wrote, late = failed[1] & ~failed[0], Signal(data.StructLayout({
            "read": 1, "wrote": 1, "decode": 1, "place": range(2 * most_open), "user": range(len(USERS)),
            "beat": range(MAX_BURST_BYTES // self.config.bus_bytes)}))
        beat = Signal.like(late.beat)
        m.d.sync += [
            late.read.eq(failed[0]), late.wrote.eq(wrote),
            late.decode.eq(Mux(wrote, bus.written_response[0], bus.read_response[0])),
            late.place.eq(Cat(Mux(wrote, oldest[1], oldest[0]), wrote)),
            late.user.eq(Mux(wrote, STORE, reader.data)), late.beat.eq(Mux(wrote, 0, beat)),
        ]
        m.d.comb += [
            keep.en.eq(sent), keep.addr.eq(Cat(Mux(checked.write, next_sent[1], next_sent[0]), checked.write)),
            *(keep.data[name].eq(checked[name]) for name in kept.members),
            of_failed.addr.eq(late.place),
            keep_reader.en.eq(sent & ~checked.write), keep_reader.addr.eq(next_sent[0]),
            keep_reader.data.eq(checked.user), reader.addr.eq(oldest[0]),
        ]
        closed = Signal()
        m.d.comb += next_open.eq(open_bursts + sent - closed - Mux(self.written, 1, 0))
        m.d.sync += [closed.eq(ends[0]), self.written.eq(bus.written),
                     open_bursts.eq(next_open), room.eq(next_open != most_open)]
        arrived = delayed(m, Cat(bus.read.data, bus.read.last), READ_BEAT, "arrived")
        for index, name in enumerate(READERS):
            read = getattr(self, f"read_{name}")
            m.d.comb += [
                read.valid.eq(delayed(m, bus.read.valid & (reader.data == index), READ_BEAT, f"arrived_{name}")),
                Cat(read.data, read.last).eq(arrived)]

        # The beat of a read that is on its way, for its address.
        with m.If(bus.read.valid):
            m.d.sync += beat.eq(Mux(bus.read.last, 0, beat + 1))
        window = Mux(checked.write, CODES["write_window"], CODES["read_window"])
        sources = Array(SOURCES.index(name) for name in USERS)
        m.d.sync += self.fault.code.eq(0)
        with m.If(late.read | late.wrote):
            m.d.sync += [
                self.fault.code.eq(Mux(late.wrote, _response_code("write", late.decode),
                                       _response_code("read", late.decode))),
                self.fault.source.eq(sources[late.user]), self.fault.command.eq(of_failed.data.command),
                self.fault.address.eq(_within_burst(of_failed.data.address, late.beat * self.config.bus_bytes)),
            ]
        with m.Elif(checking & ~sent):
            m.d.sync += [self.fault.code.eq(Mux(unfit, CODES["burst"], window)),
                         self.fault.source.eq(sources[checked.user]), self.fault.command.eq(checked.command),
                         self.fault.address.eq(checked.address)]
        return m

    def _wrong(self, m: Module, burst, asked) -> tuple[Value, Value]:
        """Of the burst checked: whether it is none, and a bit for each end of its window that it passes.

        `asked` is checked next, `burst` asked.
        """
        windows, shift = self.windows, (self.config.bus_bytes - 1).bit_length()
        low = (MAX_BURST_BYTES - 1).bit_length()
        first, last = Signal(32), Signal(32 - low)
        room = Signal(signed(low - shift + 2))
        unfit, outside = Signal(), Signal(2)
        # None crosses a multiple of the largest one. So a burst in step with beats is inside if its block is before
        # that of the window's last byte, or the same, in which there is `room` for so many beats from its address on.
        # That may be less than none: both numbers of beats are told from the middle of their range.
        end = Mux(burst.write, windows.write_last, windows.read_last)
        m.d.sync += [
            first.eq(Mux(burst.write, windows.write_first, windows.read_first)),
            last.eq(end[low:]), room.eq((end[:low] + 1 >> shift) - burst.address[shift:low]),
            unfit.eq((asked.beats == 0) | asked.address[:shift].any()),
            outside.eq(Cat(asked.address < first,
                           Cat(asked.beats, Const(1, 1), asked.address[low:]) > Cat(room[:-1], ~room[-1], last))),
        ]
        return unfit, outside


def _number(chosen: Value) -> Value:
    """Index of the one bit that is set."""
    return Cat(Cat(chosen[index] for index in range(len(chosen)) if index >> bit & 1).any()
               for bit in range((len(chosen) - 1).bit_length()))


def _of_chosen(chosen: Value, values: Sequence[Value]) -> Value:
    """The value of the one bit that is set; 0 if none is."""
    return reduce(or_, (value & bit.replicate(len(value)) for value, bit in zip(values, chosen, strict=True)))


def _within_burst(address: Value, offset: Value) -> Value:
    """`address` of a burst, `offset` further: the bits from the largest burst on stay."""
    low = (MAX_BURST_BYTES - 1).bit_length()
    return Cat((address[:low] + offset)[:low], address[low:])


def _response_code(way: str, decode: Value) -> Value:
    return Mux(decode, CODES[f"{way}_decode"], CODES[f"{way}_slave"])


assert (CHOICE, GRANT) == (1, 3)
