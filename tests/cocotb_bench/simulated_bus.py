"""The drivers' `Bus` in the simulator: registers over AXI4-Lite, memory behind the engine's back."""

from cocotb.task import resume
from cocotb.triggers import ClockCycles, First, RisingEdge
from cocotbext.axi import AxiLiteMaster, AxiResp

from hw.driver.bus import Bus
from tests.support.burst_memory import ProtocolError

LONGEST_WAIT = 1000
"""Cycles without a look at the status."""


class SimulatedBus(Bus):
    """Called from a thread that `cocotb.task.bridge` made; raises what the test bench has noticed meanwhile."""

    def __init__(self, bench, master: AxiLiteMaster) -> None:
        self.bench, self.master, self.base = bench, master, bench.scene.base

    def read32(self, offset: int) -> int:
        answer = resume(self.master.read)(offset, 4)
        self._check(f"read of register {offset:#x}", answer.resp)
        return int.from_bytes(answer.data, "little")

    def write32(self, offset: int, value: int) -> None:
        answer = resume(self.master.write)(offset, value.to_bytes(4, "little"))
        self._check(f"write of {value:#x} to register {offset:#x}", answer.resp)

    def read_memory(self, address: int, size: int) -> bytes:
        return self.bench.data[address : address + size].tobytes()

    def write_memory(self, address: int, data: bytes) -> None:
        self.bench.data[address : address + len(data)] = memoryview(data)

    def wait(self, seconds: float) -> None:
        resume(self._interrupt)()
        self.bench.raise_failure()

    def idle(self, cycles: int) -> None:
        """Does nothing for some cycles."""
        resume(self._idle)(cycles)

    async def _interrupt(self) -> None:
        if not int(self.bench.dut.irq.value):
            pause = ClockCycles(self.bench.dut.clk, LONGEST_WAIT)
            await First(RisingEdge(self.bench.dut.irq), self.bench.failed.wait(), pause)

    async def _idle(self, cycles: int) -> None:
        await ClockCycles(self.bench.dut.clk, cycles)

    def _check(self, what: str, response: AxiResp) -> None:
        self.bench.raise_failure()
        if response != AxiResp.OKAY:
            raise ProtocolError(f"{what}: answered with {response.name}")
