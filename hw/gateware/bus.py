"""The DRAM port, and the walk from transfers to bursts that all its users share."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.latency import BURST

BURST_BITS = MAX_BURST_BYTES.bit_length()


def beat_bits(config: EngineConfig) -> int:
    return (MAX_BURST_BYTES // config.bus_bytes).bit_length()


class RequestPort(wiring.Signature):
    """A burst, from the asking side; held until `grant`.

    Members
    -------
    valid, address, beats : Out; final : Out, it is the last of its command; grant : In, it is taken in this cycle.
    """

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({"valid": Out(1), "address": Out(32), "beats": Out(beat_bits(config)), "final": Out(1),
                          "grant": In(1)})


class ReadBeats(wiring.Signature):
    """Read data, from the memory's side; the engine takes it always."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({"valid": Out(1), "data": Out(config.bus_bits), "last": Out(1)})


class WriteBeats(wiring.Signature):
    """Write data, from the engine's side, in the order of the write requests."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({"valid": Out(1), "ready": In(1), "data": Out(config.bus_bits),
                          "strobe": Out(config.bus_bytes), "last": Out(1)})


class BurstPort(wiring.Signature):
    """The engine's DRAM port: one request channel, in order; read beats, write beats, write responses.

    Members
    -------
    request_valid, request_write, request_address, request_beats : Out; request_ready : In.
    read : In(`ReadBeats`); read_response : In(2), of a beat; write : Out(`WriteBeats`).
    written : In(1), the oldest open write burst is done; written_response : In(2).

    Responses are those of AXI: 0 well, 2 refused (SLVERR), 3 nobody there (DECERR).
    """

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({
            "request_valid": Out(1), "request_ready": In(1), "request_write": Out(1),
            "request_address": Out(32), "request_beats": Out(beat_bits(config)),
            "read": In(ReadBeats(config)), "read_response": In(2),
            "write": Out(WriteBeats(config)), "written": In(1), "written_response": In(2),
        })


class Bursts(Component):
    """Cuts a transfer of `blocks` runs of `beats` beats into bursts that end at multiples of `burst_bytes`.

    With `burst_bytes` a power of two of at most 4096, no burst crosses a 4 KiB boundary.

    Members
    -------
    start, address, stride, blocks, beats : In, take a transfer; only while not `busy`.
    burst_bytes : In, a power of two.
    busy : Out(1).
    burst : Out(`RequestPort`); first, last : Out, of the run.

    Timing
    ------
    A burst is offered `latency.BURST` cycles after `start` or the grant of the one before.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "address": In(32), "stride": In(32), "blocks": In(10), "beats": In(20),
            "burst_bytes": In(BURST_BITS),
            "busy": Out(1), "burst": Out(RequestPort(config)), "first": Out(1), "last": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift = (self.config.bus_bytes - 1).bit_length()
        address, run, stride = Signal(32), Signal(32), Signal(32)
        blocks = Countdown(m, 10, "blocks")
        beats, left = Signal(20), Signal(20)
        mask, further = Signal(BURST_BITS), Signal(BURST_BITS)
        m.d.sync += mask.eq(self.burst_bytes - 1)
        m.d.comb += [self.busy.eq(blocks.any), self.burst.address.eq(address), further.eq((mask & ~address) >> shift)]
        fits = left <= further + 1
        # A burst is offered the cycle after its address and what is left are there.
        m.d.sync += [
            self.burst.valid.eq(self.busy & ~self.burst.grant), self.burst.beats.eq(Mux(fits, left, further + 1)),
            self.first.eq(left == beats), self.last.eq(fits), self.burst.final.eq(fits & blocks.last),
        ]
        with m.If(self.burst.grant):
            m.d.sync += [left.eq(left - self.burst.beats), address.eq(address + (self.burst.beats << shift))]
            with m.If(self.last):
                m.d.sync += [left.eq(beats), address.eq(run), run.eq(run + stride)]
                blocks.step()
        with m.If(self.start):
            m.d.sync += [address.eq(self.address), run.eq(self.address + self.stride), stride.eq(self.stride),
                         beats.eq(self.beats), left.eq(self.beats)]
            blocks.load(self.blocks)
        return m


assert BURST == 2
