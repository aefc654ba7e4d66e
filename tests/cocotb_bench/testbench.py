"""Serves the engine's ports in the simulator, watches them every cycle, and runs a program through the driver."""

import dataclasses
import math
import random
from collections import ChainMap
from collections.abc import Mapping

import cocotb
from cocotb.task import bridge
from cocotb.triggers import ClockCycles, Event, FallingEdge

from hw.commands import UNITS
from hw.driver.driver import Driver
from hw.driver.errors import EngineFaultError
from hw.registers import ADDRESS_BITS, BY_NAME, OFFSET
from tests.cocotb_bench.axi_rules import AxiLimits, AxiRules
from tests.cocotb_bench.job import Report, Scene, empty_times
from tests.cocotb_bench.random_memory import RandomMemory, hush, pause_at_random, register_master, wait_for_valid
from tests.cocotb_bench.signals import LiteSignals, Signals
from tests.cocotb_bench.simulated_bus import SimulatedBus
from tests.support.burst_memory import ProtocolError
from tests.support.timed_memory import TimedMemory, idle

REGISTERS = AxiLimits(
    bus_bytes=4, max_outstanding=2, burst_bytes=4, reads=(0, 1 << ADDRESS_BITS), writes=(0, 1 << ADDRESS_BITS),
    data_may_lead=True,
)  # fmt: skip
"""What is legal on the register port."""

START = BY_NAME["CONTROL"].field("start").mask


class Testbench:
    """Works at falling edges: registers have settled, and what is set is seen at the next rising edge.

    Cycle n is the one that ends with the n-th rising edge after the write that starts the engine was accepted.

    Members
    -------
    data: contents of the memory
    failed: set when a check does not hold; `raise_failure` raises it
    """

    __test__ = False

    def __init__(self, dut, scene: Scene) -> None:
        self.dut, self.scene, self.data = dut, scene, scene.data
        self.engine, self.registers = Signals(dut, "m_axi"), LiteSignals(dut, "s_axi")
        self.rules, self.register_rules = AxiRules(scene.limits), AxiRules(REGISTERS)
        self.failed, self._failure = Event(), None
        self.cycle: int | None = None
        self.running = self.broken_off = False
        self.report: Report | None = None
        hush(dut)
        self.rng = random.Random(scene.job.seed)
        self.bus = SimulatedBus(self, register_master(dut))
        self.timed: TimedMemory | None = None
        self.random: RandomMemory | None = None
        self._shown: dict[str, int] = {}
        if scene.job.handshake == "timed":
            self._show(idle(scene.program.config))
        else:
            self.random = RandomMemory(dut, self.data, scene.base, self.rng)
            if scene.job.handshake == "random":
                pause_at_random(self.rng, self.random.slave, self.bus.master)
            else:
                wait_for_valid(dut, self.random.slave)

    async def reset(self) -> None:
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 4)
        await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        self.rules.reset()
        self.register_rules.reset()
        self._step()
        cocotb.start_soon(self._watch())

    async def run(self) -> Report:
        """The whole job. Raises `AssertionError`, or a `DriverError` of the driver."""
        report = await bridge(self._drive)()
        self.rules.finish()
        self.register_rules.finish()
        return report

    async def stay_quiet(self, cycles: int) -> None:
        """Lets time pass behind the interrupt, in which nothing may happen."""
        await ClockCycles(self.dut.clk, cycles)
        self.raise_failure()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _drive(self) -> Report:
        """What the host does, in a thread of its own."""
        scene, driver = self.scene, Driver(self.bus)
        driver.load(scene.program, burst_bytes=scene.timing.burst_bytes)
        if scene.job.disturb:
            self._disturb(driver, scene.job.disturb)
        scene.output = driver.run(scene.values, math.inf)
        report, counters = self.report, driver.counters()
        assert report is not None
        ended = {unit: len(times) for unit, times in report.ended.items()}
        seen = report.cycles, report.read_bytes, report.write_bytes, ended
        bus_bytes = scene.program.config.bus_bytes
        told = counters.cycles, counters.read_beats * bus_bytes, counters.write_beats * bus_bytes, counters.ended
        if seen != told:
            raise ProtocolError(f"the counters say {told}, the bench has seen {seen}")
        return dataclasses.replace(report, account=driver.account())

    def _disturb(self, driver: Driver, how: str) -> None:
        """A run before, mostly one that is broken off, after which the engine must be as good as new."""
        if how == "finished":
            driver.run(self.scene.values, math.inf)
            return
        wanted = how
        if how in ("read_slave", "write_slave"):
            assert self.random is not None
            self.random.refuse = how.partition("_")[0], self.rng.randint(1, 10)
        driver.write_input(self.scene.values)
        driver.start()
        self.broken_off = True
        if how in ("reset", "stopped"):
            self.bus.idle(self.rng.randint(1, 500))
        if how == "reset":
            driver.reset(math.inf)
        else:
            if how == "stopped":
                driver.stop()
            try:
                driver.wait(math.inf)
            except EngineFaultError as fault:
                self._check_fault(fault, wanted)
            else:
                raise ProtocolError(f"the program ended, it should have stopped: {wanted}")
            driver.reset(math.inf)
        if self.rules.open:
            raise ProtocolError(f"{self.rules.open} bursts open after the reset")
        self.running = self.broken_off = False

    def _check_fault(self, fault: EngineFaultError, wanted: str) -> None:
        assert fault.name == wanted, f"{fault}: should have been {wanted}"
        if self.random is not None and self.random.refused is not None:
            refused = self.random.refused
            assert fault.address is not None
            assert fault.unit == "fetch" or (fault.command is not None and fault.command.unit == fault.unit), fault
            # Of a write the first byte of the burst is told.
            near = refused - self.scene.timing.burst_bytes
            assert fault.address == refused or (wanted == "write_slave" and near < fault.address <= refused), (
                f"{fault}: it was {refused:#x}"
            )

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            try:
                self._step()
            except AssertionError as error:
                self._failure = error
                self.failed.set()
                return

    def _step(self) -> None:
        """One cycle."""
        self._note_start()
        signals: Mapping[str, int | None] = self.engine
        if self.random is None:
            shown = idle(self.scene.program.config)
            if self.timed is not None and self.cycle is not None:
                shown = self.timed.cycle(self.cycle, self.engine)
            self._show(shown)
            signals = ChainMap(shown, self.engine)
        self.rules.sample(signals)
        self.register_rules.sample(self.registers)
        if self.running:
            self._note_progress()
        else:
            self._check_quiet()
        if self.cycle is not None:
            self.cycle += 1

    def _note_start(self) -> None:
        """Cycle 0: the write that starts is accepted."""
        registers = self.registers
        if registers["awvalid"] and registers["awready"] and registers["awaddr"] == OFFSET["CONTROL"]:
            data = registers["wdata"]
            assert data is not None
            if data & START:
                self.cycle, self.running = 0, True
                self._times = {"started": empty_times(), "ended": empty_times()}
                self._beats = dict(self.rules.beats)
                if self.random is None:
                    self.timed = self.scene.timed_memory()

    def _note_progress(self) -> None:
        assert self.cycle is not None
        for kind, late in (("started", 1), ("ended", 0)):
            bits = int(getattr(self.dut, kind).value)
            for index, unit in enumerate(UNITS):
                if bits >> index & 1:
                    self._times[kind][unit].append(self.cycle - late)
        if self.dut.irq.value == 1:
            self.running = False
            if self.rules.open:
                raise ProtocolError(f"interrupt with {self.rules.open} bursts open")
            size = self.scene.program.config.bus_bytes
            moved = {kind: (self.rules.beats[kind] - self._beats[kind]) * size for kind in ("read", "write")}
            self.report = Report(
                cycles=self.cycle, **self._times, read_bytes=moved["read"], write_bytes=moved["write"], account={}
            )
        elif self.cycle == self.scene.limit:
            ended = ", ".join(f"{unit} {len(self._times['ended'][unit])}" for unit in UNITS)
            raise ProtocolError(f"no interrupt within {self.scene.limit} cycles; commands ended: {ended}")

    def _check_quiet(self) -> None:
        """Nothing happens before the start and behind the interrupt; what was stopped may still compute."""
        progress = () if self.broken_off else ("started", "ended")
        for name in ("m_axi_arvalid", "m_axi_awvalid", "m_axi_wvalid", *progress):
            if int(getattr(self.dut, name).value):
                raise ProtocolError(f"{name} is high while no program runs")

    def _show(self, shown: dict[str, int]) -> None:
        """Sets the memory's signals that change."""
        for name, value in shown.items():
            if self._shown.get(name) != value:
                getattr(self.dut, f"m_axi_{name}").value = value
        self._shown = shown
