"""What the host wants and what the engine meets: start, stop, reset, the first fault, the interrupt."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hw.commands import BLOCK_BYTES, COUNT_BITS
from hw.faults import CODES, SOURCES
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import FAULT


class Control(Component):
    """Runs the engine and brings it to a halt.

    Members
    -------
    start, stop, soft_reset, acknowledge : In(1), what the host wants in this cycle; `start` only `at_rest`.
    restart : In(1), the host wants a start while not `at_rest`.
    program_address : In(32).
    finished : In(1), all commands have ended. quiet : In(1), no burst is open. fault : In(`FAULT`).
    begin : Out(1), the engine starts in this cycle; the cycle of `start`.
    halt : Out(1), no burst may be asked for.
    reset : Out(1), for `reset_cycles` cycles, of everything but the settings; also from the cycle after a reset of the
        clock's.
    at_rest : Out(1), nothing moves, and nothing is wrong.
    busy, done, error, halting, pending : Out(1), as in the registers. cycles : Out(64).
    reason : Out(`FAULT`), the first fault.

    Timing
    ------
    `pending` is set the cycle after `finished`; after a fault, when no burst is open, and with a fault of `fetch`
    at least `COUNT_BITS` + 2 cycles later: its block is counted then.
    """

    def __init__(self, reset_cycles: int) -> None:
        self.reset_cycles = reset_cycles
        super().__init__({
            "start": In(1), "restart": In(1), "stop": In(1), "soft_reset": In(1), "acknowledge": In(1),
            "program_address": In(32), "finished": In(1), "quiet": In(1), "fault": In(FAULT),
            "begin": Out(1), "halt": Out(1), "reset": Out(1), "at_rest": Out(1),
            "busy": Out(1), "done": Out(1), "error": Out(1), "halting": Out(1), "pending": Out(1),
            "cycles": Out(64), "reason": Out(FAULT),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stopping, resetting = Signal(), Signal()
        m.d.comb += [
            self.at_rest.eq(~self.busy & ~self.halt & ~self.reset), self.begin.eq(self.start),
            self.halting.eq(self.busy & stopping | resetting | self.reset),
            self.error.eq(stopping & ~self.busy),
        ]
        reset, more = Signal(init=1), Signal(range(self.reset_cycles), init=self.reset_cycles - 1)
        m.d.comb += self.reset.eq(reset)
        with m.If(reset):
            m.d.sync += [reset.eq(more != 0), more.eq(more - 1)]
        with m.Else():
            m.d.sync += [reset.eq(resetting & self.quiet), more.eq(self.reset_cycles - 1)]

        # The reason is kept the cycle after it is met.
        fault, taken, of_fetch = Signal(FAULT), Signal(), Signal()
        met = self.fault.code != 0
        m.d.sync += [taken.eq(0), fault.eq(self.fault),
                     of_fetch.eq(met & (self.fault.source == SOURCES.index("fetch")))]
        with m.If(~met):
            m.d.sync += [fault.eq(0), fault.code.eq(Mux(self.stop, CODES["stopped"], CODES["busy"])),
                         fault.source.eq(SOURCES.index("host"))]
        with m.If(taken):
            m.d.sync += self.reason.eq(fault)

        # Which block of the program an address of `fetch` lies in: a division, a bit a cycle. `rest` is what is left of
        # the bits seen so far, less than a block; those to come follow it.
        locate = Signal()
        bits = (BLOCK_BYTES - 1).bit_length()
        rest, left, less = Signal(bits), Signal(COUNT_BITS), Signal(bits + 2)
        steps = Countdown(m, (COUNT_BITS + 1).bit_length(), "steps")
        m.d.comb += less.eq(Cat(left[-1], rest) - BLOCK_BYTES)
        m.d.sync += locate.eq(taken & of_fetch)
        with m.If(locate):
            m.d.sync += Cat(left, rest).eq(self.reason.address - self.program_address)
            steps.load(Const(COUNT_BITS))
        with m.Elif(steps.any):
            steps.step()
            m.d.sync += [left.eq(left << 1), rest.eq(Mux(less[-1], Cat(left[-1], rest), less)),
                         self.reason.command.eq(Cat(~less[-1], self.reason.command))]

        with m.If(self.acknowledge):
            m.d.sync += self.pending.eq(0)
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
            with m.If(stopping), m.If(self.quiet & ~(taken & of_fetch) & ~locate & ~steps.any & ~resetting):
                m.d.sync += [self.busy.eq(0), self.pending.eq(1)]
            with m.Elif(met | self.stop | self.restart):
                m.d.sync += [stopping.eq(1), self.halt.eq(1), taken.eq(1)]
            with m.Elif(self.finished & ~resetting):
                m.d.sync += [self.busy.eq(0), self.done.eq(1), self.pending.eq(1)]
        with m.If(self.begin):
            m.d.sync += [self.busy.eq(1), self.done.eq(0), self.cycles.eq(1)]

        with m.If(self.soft_reset):
            m.d.sync += [resetting.eq(1), self.halt.eq(1)]
        with m.If(self.reset):
            m.d.sync += [resetting.eq(0), stopping.eq(0), taken.eq(0), self.halt.eq(0), self.busy.eq(0),
                         self.done.eq(0), self.pending.eq(0), self.cycles.eq(0), self.reason.as_value().eq(0)]
        return m
