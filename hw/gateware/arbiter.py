"""Round robin among the users of the DRAM port, and the way back for their read data."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.commands import COUNT_BITS
from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.faults import CODES, SOURCES
from hw.gateware.bus import BurstPort, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.layouts import FAULT
from hw.gateware.queue import Queue

USERS = ("fetch", "load", "weights", "store")
READERS = USERS[:3]
STORE = USERS.index("store")


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
    windows : In(`Windows`); a burst that leaves them is granted, but never gets to the bus.
    halt : In(1), nothing is granted. quiet : Out(1), no burst is open.
    fault : Out(`FAULT`), for a cycle; the number of a block is not filled in.

    Timing
    ------
    A granted burst is on the bus a cycle later. Grants wait while the bus has not taken the previous one, and
    while `max_outstanding` bursts are open; a burst counts until two cycles after its last beat or response.
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
        bus = self.bus
        requests = [getattr(self, f"request_{name}") for name in USERS]
        open_bursts = Signal(range(self.config.max_outstanding + 1))
        last = Signal(range(len(USERS)))
        chosen = Signal(range(len(USERS)))
        free, granted, sent = Signal(), Signal(), Signal()

        for start in range(len(USERS)):
            with m.If(last == start):
                for step in range(len(USERS), 0, -1):
                    user = (start + step) % len(USERS)
                    with m.If(requests[user].valid):
                        m.d.comb += chosen.eq(user)
        write, address = chosen == STORE, Array(request.address for request in requests)[chosen]
        beats = Array(request.beats for request in requests)[chosen]
        burst = Signal(data.StructLayout({"user": range(len(USERS)), "command": COUNT_BITS, "address": 32}))
        refusal = self._refusal(m, write, address, beats)
        m.d.comb += [
            free.eq((~bus.request_valid | bus.request_ready) & (open_bursts != self.config.max_outstanding)
                    & ~self.halt),
            granted.eq(free & Cat(request.valid for request in requests).any()), sent.eq(granted & (refusal == 0)),
            *(request.grant.eq(granted & (chosen == user)) for user, request in enumerate(requests)),
            burst.user.eq(chosen), burst.address.eq(address), self.quiet.eq(open_bursts == 0),
        ]
        with m.If(bus.request_ready):
            m.d.sync += bus.request_valid.eq(0)
        with m.If(granted):
            m.d.sync += [last.eq(chosen), bus.request_valid.eq(sent), bus.request_write.eq(write),
                         bus.request_address.eq(address), bus.request_beats.eq(beats)]
        with m.If(self.start):
            m.d.sync += last.eq(0)

        # A command's number: the commands of its user whose last burst was granted before.
        for user, request in enumerate(requests):
            number = Signal(COUNT_BITS, name=f"command_{USERS[user]}")
            with m.If(self.start):
                m.d.sync += number.eq(0)
            with m.Elif(request.grant & request.final):
                m.d.sync += number.eq(number + 1)
            with m.If(chosen == user):
                m.d.comb += burst.command.eq(number)

        m.submodules.reads = reads = Queue(burst.shape(), self.config.max_outstanding)
        m.submodules.writes = writes = Queue(burst.shape(), self.config.max_outstanding)
        m.d.comb += [
            reads.push.eq(sent & ~write), reads.item.eq(burst), reads.pop.eq(bus.read.valid & bus.read.last),
            writes.push.eq(sent & write), writes.item.eq(burst), writes.pop.eq(bus.written),
        ]
        closed = Signal()
        m.d.sync += closed.eq(reads.pop)
        m.d.sync += [self.written.eq(bus.written),
                     open_bursts.eq(open_bursts + sent - closed - Mux(self.written, 1, 0))]
        for index, name in enumerate(READERS):
            read = getattr(self, f"read_{name}")
            m.d.sync += [read.valid.eq(bus.read.valid & (reads.head.user == index)), read.data.eq(bus.read.data),
                         read.last.eq(bus.read.last)]

        # The beat of a read that is on its way, for its address.
        beat = Signal(range(MAX_BURST_BYTES // self.config.bus_bytes))
        with m.If(bus.read.valid):
            m.d.sync += beat.eq(Mux(bus.read.last, 0, beat + 1))
        m.d.sync += self.fault.code.eq(0)
        for happened, code, where, offset in (
                (granted & (refusal != 0), refusal, burst, 0),
                (bus.written & bus.written_response[1], _response_code("write", bus.written_response), writes.head, 0),
                (bus.read.valid & bus.read_response[1], _response_code("read", bus.read_response), reads.head,
                 beat * self.config.bus_bytes)):
            with m.If(happened):
                m.d.sync += [
                    self.fault.code.eq(code), self.fault.command.eq(where.command),
                    self.fault.source.eq(Array(SOURCES.index(name) for name in USERS)[where.user]),
                    self.fault.address.eq(where.address + offset),
                ]
        return m

    def _refusal(self, m: Module, write, address, beats) -> Signal:
        """Code of the fault of a burst that must not get to the bus, 0 for a good one."""
        refusal = Signal.like(self.fault.code)
        bus_bytes, low = self.config.bus_bytes, (MAX_BURST_BYTES - 1).bit_length()
        # No burst crosses a multiple of the largest one, so the upper bits of its last byte are those of its first.
        end = Signal(low)
        m.d.comb += end.eq(address[:low] + beats * bus_bytes - 1)
        last_byte = Cat(end, address[low:])
        windows = self.windows
        with m.If((beats == 0) | (address & (bus_bytes - 1)).any()):
            m.d.comb += refusal.eq(CODES["burst"])
        with m.Elif(write & ((address < windows.write_first) | (last_byte > windows.write_last))):
            m.d.comb += refusal.eq(CODES["write_window"])
        with m.Elif(~write & ((address < windows.read_first) | (last_byte > windows.read_last))):
            m.d.comb += refusal.eq(CODES["read_window"])
        return refusal


def _response_code(way: str, response):
    return Mux(response[0], CODES[f"{way}_decode"], CODES[f"{way}_slave"])
