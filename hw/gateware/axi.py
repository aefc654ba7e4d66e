"""AXI4 on the outside of a `BurstPort`."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.bus import BurstPort
from hw.gateware.component import Component
from hw.registers import BASE_ALIGNMENT

INCR = 1
CACHE = 0b0011
"""Bufferable, modifiable: plain memory."""


class Axi(wiring.Signature):
    """AXI4, from the manager's side. One ID: everything is in order."""

    def __init__(self, config: EngineConfig) -> None:
        members = {}
        for channel in ("aw", "ar"):
            members |= {f"{channel}{name}": Out(bits) for name, bits in (
                ("id", 1), ("addr", 32), ("len", 8), ("size", 3), ("burst", 2), ("cache", 4), ("prot", 3),
                ("valid", 1))}
            members[f"{channel}ready"] = In(1)
        super().__init__(members | {
            "wdata": Out(config.bus_bits), "wstrb": Out(config.bus_bytes), "wlast": Out(1), "wvalid": Out(1),
            "wready": In(1),
            "bid": In(1), "bresp": In(2), "bvalid": In(1), "bready": Out(1),
            "rid": In(1), "rdata": In(config.bus_bits), "rresp": In(2), "rlast": In(1), "rvalid": In(1),
            "rready": Out(1),
        })


class AxiManager(Component):
    """Requests go to AR or AW, in the order they come in; write data come with their address or behind it.

    Members
    -------
    bursts : In(`BurstPort`); axi : Out(`Axi`).
    base : In(32), a multiple of `BASE_ALIGNMENT` that is added to each address.

    Timing
    ------
    Combinational. A write's data are valid from the cycle after its address is shown first, whether that is taken or
    not: a memory may wait for data before it takes the address. Read data and responses are always taken at once.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({"bursts": In(BurstPort(config)), "base": In(32), "axi": Out(Axi(config))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bursts, axi = self.bursts, self.axi
        page, asked = BASE_ALIGNMENT.bit_length() - 1, bursts.request_address
        address = Cat(asked[:page], asked[page:] + self.base[page:])
        for channel, wanted in (("aw", bursts.request_write), ("ar", ~bursts.request_write)):
            m.d.comb += [getattr(axi, f"{channel}{name}").eq(value) for name, value in (
                ("valid", bursts.request_valid & wanted), ("addr", address),
                ("len", bursts.request_beats - 1), ("size", (self.config.bus_bytes - 1).bit_length()),
                ("burst", INCR), ("cache", CACHE))]
        # Addresses shown less bursts sent: how many, whether any, whether more than one.
        unsent, send, more = Signal(range(self.config.max_outstanding + 1)), Signal(), Signal()
        known, shown, sent = Signal(), Signal(), Signal()
        m.d.sync += known.eq(axi.awvalid & ~axi.awready)
        m.d.comb += [shown.eq(axi.awvalid & ~known), sent.eq(axi.wvalid & axi.wready & axi.wlast)]
        with m.If(shown & ~sent):
            m.d.sync += [unsent.eq(unsent + 1), send.eq(1), more.eq(send)]
        with m.Elif(sent & ~shown):
            m.d.sync += [unsent.eq(unsent - 1), send.eq(more), more.eq(unsent > 2)]
        m.d.comb += [
            bursts.request_ready.eq(Mux(bursts.request_write, axi.awready, axi.arready)),
            axi.wvalid.eq(bursts.write.valid & send), bursts.write.ready.eq(axi.wready & send),
            axi.wdata.eq(bursts.write.data), axi.wstrb.eq(bursts.write.strobe), axi.wlast.eq(bursts.write.last),
            axi.bready.eq(1), bursts.written.eq(axi.bvalid), bursts.written_response.eq(axi.bresp),
            axi.rready.eq(1), bursts.read.valid.eq(axi.rvalid), bursts.read.data.eq(axi.rdata),
            bursts.read.last.eq(axi.rlast), bursts.read_response.eq(axi.rresp),
        ]
        return m
