"""Wires a `BurstMemory` to the engine in the simulator and runs a program from start to interrupt."""

from cocotb.triggers import FallingEdge

from hw.commands import UNITS
from tests.cocotb_bench.job import Report, Scene, empty_times
from tests.support.burst_memory import EngineInputs, EngineOutputs, ProtocolError


class Testbench:
    """Works at falling edges: registers have settled, and what is set is seen at the next rising edge.

    Cycle n is the one that ends with the n-th rising edge after the start, as in `hw/harness/main.cpp`.
    """

    __test__ = False

    def __init__(self, dut, scene: Scene) -> None:
        self.dut, self.scene, self.memory = dut, scene, scene.memory
        self.clk = dut.clk
        self.cycle = 0

    def rest(self) -> None:
        """All inputs at rest; address and burst size as they stay."""
        dut = self.dut
        dut.start.value = 0
        dut.program_address.value = self.scene.program.address
        dut.burst_bytes.value = self.scene.timing.burst_bytes
        self._shown = EngineInputs(request_ready=False)
        for signal in (
            dut.bus_request_ready,
            dut.bus_read_valid,
            dut.bus_read_last,
            dut.bus_read_data,
            dut.bus_write_ready,
            dut.bus_written,
        ):
            signal.value = 0

    async def run(self) -> Report:
        """From start to interrupt. Raises `ProtocolError` when the engine reports an error or hangs."""
        dut, times = self.dut, {"started": empty_times(), "ended": empty_times()}
        dut.start.value = 1
        while True:
            self._step()
            self._retire(times)
            if dut.irq.value == 1:
                break
            if self.cycle == self.scene.limit:
                ended = ", ".join(f"{unit} {len(times['ended'][unit])}" for unit in UNITS)
                raise ProtocolError(f"no interrupt within {self.scene.limit} cycles; commands ended: {ended}")
            await FallingEdge(self.clk)
            dut.start.value = 0
            self.cycle += 1
        if int(dut.error.value):
            raise ProtocolError(f"interrupt with error {int(dut.error.value)}")
        if self.memory.open:
            raise ProtocolError(f"interrupt with {self.memory.open} bursts open")
        return Report(
            cycles=self.cycle, **times, read_bytes=self.memory.read_bytes, write_bytes=self.memory.write_bytes
        )

    async def stay_quiet(self, cycles: int) -> None:
        """Raises `ProtocolError` if the engine does anything after its interrupt."""
        dut = self.dut
        for _ in range(cycles):
            await FallingEdge(self.clk)
            self.cycle += 1
            for name in ("irq", "busy", "bus_request_valid", "bus_write_valid", "started", "ended"):
                if int(getattr(dut, name).value):
                    raise ProtocolError(f"{name} is high {cycles} cycles or less after the interrupt")
            self._step()

    def _step(self) -> None:
        """One cycle of the memory."""
        dut = self.dut
        request = None
        if dut.bus_request_valid.value == 1:
            request = (
                int(dut.bus_request_write.value),
                int(dut.bus_request_address.value),
                int(dut.bus_request_beats.value),
            )
        beat = self._write_beat if dut.bus_write_valid.value == 1 else None
        self._show(self.memory.cycle(self.cycle, EngineOutputs(request=request, write_beat=beat)))

    def _write_beat(self) -> tuple[int, int, int]:
        dut = self.dut
        return int(dut.bus_write_data.value), int(dut.bus_write_strobe.value), int(dut.bus_write_last.value)

    def _show(self, inputs: EngineInputs) -> None:
        """Sets the inputs that change; idle read data is painted, so that nothing is taken without its valid."""
        dut, shown = self.dut, self._shown
        if inputs.request_ready != shown.request_ready:
            dut.bus_request_ready.value = inputs.request_ready
        if inputs.write_ready != shown.write_ready:
            dut.bus_write_ready.value = inputs.write_ready
        if inputs.written != shown.written:
            dut.bus_written.value = inputs.written
        if inputs.read != shown.read:
            data, last = inputs.read or ((1 << len(dut.bus_read_data)) - 1, False)
            dut.bus_read_valid.value = inputs.read is not None
            dut.bus_read_data.value = data
            dut.bus_read_last.value = last
        self._shown = inputs

    def _retire(self, times: dict[str, dict[str, list[int]]]) -> None:
        for kind, signal, late in (("started", self.dut.started, 1), ("ended", self.dut.ended, 0)):
            bits = int(signal.value)
            for index, unit in enumerate(UNITS):
                if bits >> index & 1:
                    times[kind][unit].append(self.cycle - late)
