"""The engine with its outside: AXI4 to the memory, AXI4-Lite registers, an interrupt."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.gateware.axi import Axi, AxiManager
from hw.gateware.axi_lite import AxiLite, Registers
from hw.gateware.component import Component
from hw.gateware.control import Control
from hw.gateware.engine import Engine
from hw.latency import reset_cycles


class Sepconv(Component):
    """The whole of it.

    Members
    -------
    s_axi : In(`AxiLite`), the registers of docs/registers.md. m_axi : Out(`Axi`), to the memory.
    irq : Out(1), high until it is cleared.
    started, ended : Out, a bit per unit, if `retire_port`: as of `Engine`.

    Timing
    ------
    Cycle 0 of all counts is the cycle in which the write to CONTROL is accepted.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        retire = {"started": Out(len(UNITS)), "ended": Out(len(UNITS))} if config.retire_port else {}
        super().__init__({"s_axi": In(AxiLite()), "m_axi": Out(Axi(config)), "irq": Out(1), **retire})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        engine, manager = Engine(config), AxiManager(config)
        m.submodules.registers = registers = Registers(config)
        m.submodules.control = control = Control(reset_cycles(config))
        # One register resets all that is behind the registers: the host's reset and that of the clock are both in it.
        m.domains.engine = ClockDomain(local=True)
        m.d.comb += [ClockSignal("engine").eq(ClockSignal()), ResetSignal("engine").eq(control.reset)]
        m.submodules.engine = DomainRenamer("engine")(engine)
        m.submodules.manager = DomainRenamer("engine")(manager)
        connect(m, s_axi=flipped(self.s_axi), registers=registers.axi)
        connect(m, engine=engine.bus, manager=manager.bursts)
        m.d.comb += manager.base.eq(registers.setting_BASE)
        connect(m, manager=manager.axi, m_axi=flipped(self.m_axi))
        if config.retire_port:
            m.d.comb += [self.started.eq(engine.started), self.ended.eq(engine.ended)]

        # The host's wishes and settings.
        m.d.comb += [
            control.start.eq(registers.start), control.restart.eq(registers.restart), control.stop.eq(registers.stop),
            control.soft_reset.eq(registers.soft_reset), control.acknowledge.eq(registers.acknowledge),
            control.program_address.eq(registers.setting_PROGRAM_ADDRESS),
            engine.program_address.eq(registers.setting_PROGRAM_ADDRESS),
            engine.burst_bytes.eq(registers.setting_BURST_BYTES),
            *(getattr(engine.windows, name.lower()).eq(getattr(registers, f"setting_{name}"))
              for name in ("READ_FIRST", "READ_LAST", "WRITE_FIRST", "WRITE_LAST")),
        ]

        # Engine and control.
        m.d.comb += [
            engine.start.eq(control.begin), engine.halt.eq(control.halt),
            control.finished.eq(engine.finished), control.quiet.eq(engine.quiet), control.fault.eq(engine.fault),
        ]

        if config.counters:
            connect(m, registers=registers.counter, engine=engine.counter)
            m.d.comb += [engine.running.eq(control.busy), engine.marked.eq(registers.setting_ACCOUNT)]

        # What the host sees.
        bus, beats = engine.bus, {"READ_BEATS": Signal(32), "WRITE_BEATS": Signal(32)}
        for name, moves in (("READ_BEATS", bus.read.valid), ("WRITE_BEATS", bus.write.valid & bus.write.ready)):
            moved = Signal(name=f"moved_{name}")
            m.d.sync += [moved.eq(moves), beats[name].eq(beats[name] + moved)]
            with m.If(control.begin | control.reset):
                m.d.sync += beats[name].eq(0)
        states = {
            "STATUS": Cat(control.busy, control.done, control.error, control.halting),
            "ERROR": control.reason.code | control.reason.source << 8,
            "ERROR_COMMAND": control.reason.command, "ERROR_ADDRESS": control.reason.address,
            "CYCLES_LOW": control.cycles[:32], **beats,
            **{f"ENDED_{unit.upper()}": engine.commands[index] for index, unit in enumerate(UNITS)},
        }
        m.d.comb += [
            registers.pending.eq(control.pending), registers.at_rest.eq(control.at_rest),
            registers.cycles_high.eq(control.cycles[32:]),
            *(getattr(registers, f"state_{name}").eq(value) for name, value in states.items()),
            self.irq.eq(control.pending & registers.enable),
        ]
        return m
