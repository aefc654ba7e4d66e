"""The engine without AXI: a start pin, windows wide open, an interrupt of one cycle."""

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.gateware.bus import BURST_BITS, BurstPort
from hw.gateware.component import Component
from hw.gateware.control import Control
from hw.gateware.engine import Engine


class BareEngine(Component):
    """For test benches that serve the `BurstPort` itself.

    Members
    -------
    start : In(1), one cycle while not `busy`; program_address : In(32); burst_bytes : In, held while `busy`.
    busy : Out(1). irq : Out(1), one cycle: the program has ended, or a fault stopped it.
    error : Out, code of the fault, 0 without one. bus : Out(`BurstPort`).
    started, ended : Out, as of `Engine`.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "program_address": In(32), "burst_bytes": In(BURST_BITS), "busy": Out(1), "irq": Out(1),
            "error": Out(8), "bus": Out(BurstPort(config)),
            "started": Out(len(UNITS)), "ended": Out(len(UNITS)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.engine = engine = Engine(self.config)
        m.submodules.control = control = Control()
        connect(m, engine=engine.bus, bus=flipped(self.bus))
        m.d.comb += [
            control.start.eq(self.start), control.acknowledge.eq(control.pending),
            control.program_address.eq(self.program_address), engine.program_address.eq(self.program_address),
            engine.burst_bytes.eq(self.burst_bytes),
            engine.windows.read_last.eq(-1), engine.windows.write_last.eq(-1),
            engine.start.eq(control.begin), engine.halt.eq(control.halt), control.finished.eq(engine.finished),
            control.quiet.eq(engine.quiet), control.fault.eq(engine.fault),
            self.busy.eq(control.busy), self.irq.eq(control.pending), self.error.eq(control.reason.code),
            self.started.eq(engine.started), self.ended.eq(engine.ended),
        ]
        return m
