"""Round robin among the users of the DRAM port, and the way back for their read data."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.bus import BurstPort, ReadBeats, RequestPort
from hw.gateware.component import Component
from hw.gateware.queue import Queue

USERS = ("fetch", "load", "weights", "store")
READERS = USERS[:3]


class Arbiter(Component):
    """Grants one burst a cycle to the next user after the last one granted.

    Members
    -------
    request_fetch, request_load, request_weights, request_store : In(`RequestPort`)
    read_fetch, read_load, read_weights : Out(`ReadBeats`), one cycle after the bus.
    written : Out(1), one cycle after the bus.
    bus : Out(`BurstPort`), its `write` beats left to `store`.

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
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        requests = [getattr(self, f"request_{name}") for name in USERS]
        open_bursts = Signal(range(self.config.max_outstanding + 1))
        last = Signal(range(len(USERS)))
        chosen = Signal(range(len(USERS)))
        free, granted = Signal(), Signal()

        for start in range(len(USERS)):
            with m.If(last == start):
                for step in range(len(USERS), 0, -1):
                    user = (start + step) % len(USERS)
                    with m.If(requests[user].valid):
                        m.d.comb += chosen.eq(user)
        m.d.comb += [
            free.eq((~bus.request_valid | bus.request_ready) & (open_bursts != self.config.max_outstanding)),
            granted.eq(free & Cat(request.valid for request in requests).any()),
            *(request.grant.eq(granted & (chosen == user)) for user, request in enumerate(requests)),
        ]
        with m.If(bus.request_ready):
            m.d.sync += bus.request_valid.eq(0)
        with m.If(granted):
            m.d.sync += [
                last.eq(chosen), bus.request_valid.eq(1), bus.request_write.eq(chosen == USERS.index("store")),
                bus.request_address.eq(Array(request.address for request in requests)[chosen]),
                bus.request_beats.eq(Array(request.beats for request in requests)[chosen]),
            ]

        m.submodules.readers = readers = Queue(range(len(READERS)), self.config.max_outstanding)
        m.d.comb += [
            readers.push.eq(granted & (chosen != USERS.index("store"))), readers.item.eq(chosen),
            readers.pop.eq(bus.read.valid & bus.read.last),
        ]
        closed = Signal()
        m.d.sync += closed.eq(readers.pop)
        m.d.sync += [self.written.eq(bus.written),
                     open_bursts.eq(open_bursts + granted - closed - Mux(self.written, 1, 0))]
        for index, name in enumerate(READERS):
            read = getattr(self, f"read_{name}")
            m.d.sync += [read.valid.eq(bus.read.valid & (readers.head == index)), read.data.eq(bus.read.data),
                         read.last.eq(bus.read.last)]
        return m
