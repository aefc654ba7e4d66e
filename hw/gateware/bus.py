"""The DRAM port, and the walk from transfers to bursts that all its users share."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
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
    start, address, beats : In, take a transfer; only while not `busy`.
    stride, blocks : In, with `start`, if there are `runs`; else there is one.
    burst_bytes : In, a power of two, from the cycle before `start` on.
    busy : Out(1).
    burst : Out(`RequestPort`); first, last : Out, of the run; single : Out, it has one beat, or none.

    Timing
    ------
    A burst is offered `latency.BURST` cycles after `start` or the grant of the one before.
    """

    def __init__(self, config: EngineConfig, *, runs: bool = True) -> None:
        self.config, self.runs = config, runs
        super().__init__({
            "start": In(1), "address": In(32), "beats": In(20),
            **({"stride": In(32), "blocks": In(10)} if runs else {}),
            "burst_bytes": In(BURST_BITS), "busy": Out(1), "burst": Out(RequestPort(config)),
            "first": Out(1), "last": Out(1), "single": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        burst, shift = self.burst, (self.config.bus_bytes - 1).bit_length()
        # The walk is a burst ahead of the one that is offered, so that nothing of it waits for a grant.
        begun, offered, granted, offer = Signal(), Signal(), Signal(), Signal()
        address, next_run = Signal(32, reset_less=True), Signal(32, reset_less=True)
        blocks = Countdown(m, 10 if self.runs else 1, "blocks")
        left = Signal(20, reset_less=True)
        begins, fits = Signal(), Signal()
        # Beats up to the next multiple of `burst_bytes`: of a burst, from here.
        whole, room = Signal.like(burst.beats), Signal.like(burst.beats)
        mask = Signal(BURST_BITS)

        m.d.comb += [
            fits.eq(~(left[len(room):].any() | (left[:len(room)] > room))), offer.eq(begun | granted & blocks.any)]
        m.d.sync += [
            mask.eq(self.burst_bytes - 1), whole.eq(self.burst_bytes >> shift),
            begun.eq(self.start), offered.eq(offer), granted.eq(burst.grant),
            burst.valid.eq(offer | burst.valid & ~burst.grant),
            self.busy.eq(self.start | self.busy & ~(burst.grant & burst.final)),
        ]
        with m.If(offer):
            m.d.sync += [
                burst.address.eq(address), burst.beats.eq(Mux(fits, left, room)), burst.final.eq(fits & blocks.last),
                self.first.eq(begins), self.last.eq(fits), self.single.eq((left <= 1) | (room == 1)),
            ]
        ends_run = offered & self.last
        with m.If(offered):
            m.d.sync += [left.eq(left - burst.beats), address.eq(address + (burst.beats << shift)), room.eq(whole),
                         begins.eq(0)]
        with m.If(ends_run):
            blocks.step()
        if self.runs:
            self._next_run(m, begun, ends_run, address, left, next_run)
            with m.If(ends_run):
                m.d.sync += begins.eq(1)
        # Where a run begins, which is not in step with bursts.
        start = Mux(self.start, self.address, next_run)
        with m.If(self.start | ends_run):
            m.d.sync += room.eq(((mask & ~start[:BURST_BITS]) >> shift) + 1)
        with m.If(self.start):
            m.d.sync += [address.eq(self.address), left.eq(self.beats), begins.eq(1)]
            blocks.load(self.blocks if self.runs else Const(1))
        return m

    def _next_run(self, m: Module, begun: Signal, ends_run: Value, address: Signal, left: Signal,
                  next_run: Signal) -> None:
        """The run after the current one: worked out as that begins, taken as it ends."""
        stride, beats = Signal(32, reset_less=True), Signal(20, reset_less=True)
        with m.If(self.start):
            m.d.sync += [stride.eq(self.stride), beats.eq(self.beats)]
        with m.If(begun | ends_run):
            m.d.sync += next_run.eq(Mux(begun, address, next_run) + stride)
        with m.If(ends_run):
            m.d.sync += [address.eq(next_run), left.eq(beats)]


assert BURST == 2
