"""Round robin among the users of the DRAM port, and the way back for their read data."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.commands import COUNT_BITS
from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.faults import CODES, SOURCES
from hw.gateware.bus import BurstPort, ReadBeats, RequestPort, beat_bits
from hw.gateware.component import Component
from hw.gateware.layouts import FAULT
from hw.gateware.queue import Queue
from hw.latency import GRANT

USERS = ("fetch", "load", "weights", "store")
READERS = USERS[:3]
STORE = USERS.index("store")


def _burst(config: EngineConfig) -> data.StructLayout:
    """A burst on its way: whose it is, the number of its command, where it goes."""
    return data.StructLayout({"user": range(len(USERS)), "command": COUNT_BITS, "address": 32,
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
    A granted burst is on the bus `latency.GRANT` cycles later. Grants wait until the bus takes the previous one, and
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
        free, granted, sent, refused = Signal(), Signal(), Signal(), Signal()

        for start in range(len(USERS)):
            with m.If(last == start):
                for step in range(len(USERS), 0, -1):
                    user = (start + step) % len(USERS)
                    with m.If(requests[user].valid):
                        m.d.comb += chosen.eq(user)
        burst = Signal(_burst(self.config))
        m.d.comb += [
            burst.user.eq(chosen), burst.address.eq(Array(request.address for request in requests)[chosen]),
            burst.beats.eq(Array(request.beats for request in requests)[chosen]),
            burst.final.eq(Array(request.final for request in requests)[chosen]),
        ]

        # Chosen, then checked, then on the bus: one burst at a time is on this way.
        asked, checked = Signal.like(burst), Signal.like(burst)
        asking, checking = Signal(), Signal()

        # A command's number: the commands of its user whose last burst was granted before.
        number, numbers = Signal(COUNT_BITS), Array(Signal(COUNT_BITS, name=f"command_{name}") for name in USERS)
        m.d.comb += number.eq(numbers[asked.user])
        with m.If(self.start):
            m.d.sync += [count.eq(0) for count in numbers]
        with m.Elif(asking & asked.final):
            m.d.sync += numbers[asked.user].eq(number + 1)

        m.d.sync += [asking.eq(granted), checking.eq(asking), checked.eq(asked), checked.command.eq(number)]
        refusal = self._refusal(m, asked, checked)
        m.d.comb += [
            free.eq((~bus.request_valid | bus.request_ready) & (open_bursts != self.config.max_outstanding)
                    & ~self.halt & ~asking & ~checking & ~refused),
            granted.eq(free & Cat(request.valid for request in requests).any()), sent.eq(checking & (refusal == 0)),
            *(request.grant.eq(granted & (chosen == user)) for user, request in enumerate(requests)),
            self.quiet.eq((open_bursts == 0) & ~asking & ~checking),
        ]
        with m.If(granted):
            m.d.sync += [last.eq(chosen), asked.eq(burst)]
        with m.If(bus.request_ready):
            m.d.sync += bus.request_valid.eq(0)
        with m.If(sent):
            m.d.sync += [bus.request_valid.eq(1), bus.request_write.eq(checked.user == STORE),
                         bus.request_address.eq(checked.address), bus.request_beats.eq(checked.beats)]
        # Whoever was refused may have data for it, which the next burst must not take.
        with m.If(checking & (refusal != 0)):
            m.d.sync += refused.eq(1)
        with m.If(self.start):
            m.d.sync += [last.eq(0), refused.eq(0)]

        m.submodules.reads = reads = Queue(burst.shape(), self.config.max_outstanding)
        m.submodules.writes = writes = Queue(burst.shape(), self.config.max_outstanding)
        m.d.comb += [
            reads.push.eq(sent & (checked.user != STORE)), reads.item.eq(checked),
            reads.pop.eq(bus.read.valid & bus.read.last),
            writes.push.eq(sent & (checked.user == STORE)), writes.item.eq(checked), writes.pop.eq(bus.written),
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
                (checking & (refusal != 0), refusal, checked, 0),
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

    def _refusal(self, m: Module, asked, checked):
        """Code of the fault of the burst `checked` if it must not get to the bus, 0 if it may; `asked` comes next."""
        bus_bytes, low = self.config.bus_bytes, (MAX_BURST_BYTES - 1).bit_length()
        address, beats, windows = asked.address, asked.beats, self.windows
        # No burst crosses a multiple of the largest one, so the upper bits of its last byte are those of its first.
        end = Signal(low)
        m.d.comb += end.eq(address[:low] + beats * bus_bytes - 1)
        last_byte = Cat(end, address[low:])
        unfit, outside = Signal(), Signal()
        m.d.sync += [
            unfit.eq((beats == 0) | (address & (bus_bytes - 1)).any()),
            outside.eq(Mux(asked.user == STORE,
                           (address < windows.write_first) | (last_byte > windows.write_last),
                           (address < windows.read_first) | (last_byte > windows.read_last))),
        ]
        window = Mux(checked.user == STORE, CODES["write_window"], CODES["read_window"])
        return Mux(unfit, CODES["burst"], Mux(outside, window, 0))


def _response_code(way: str, response):
    return Mux(response[0], CODES[f"{way}_decode"], CODES[f"{way}_slave"])


assert GRANT == 3
