"""Ports of the engine in the simulator as the samples the rules take."""

from collections.abc import Iterator, Mapping

from tests.cocotb_bench.axi_rules import INCREMENTING


class Signals(Mapping[str, int | None]):
    """Values of the ports that begin with `prefix`, by the rest of their names; None for what is neither 0 nor 1."""

    def __init__(self, dut, prefix: str) -> None:
        self._dut, self._prefix = dut, prefix
        self._handles = {}

    def __getitem__(self, name: str) -> int | None:
        handle = self._handles.get(name)
        if handle is None:
            handle = self._handles[name] = getattr(self._dut, f"{self._prefix}_{name}")
        try:
            return int(handle.value)
        except ValueError:
            return None

    def __iter__(self) -> Iterator[str]:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)


class LiteSignals(Signals):
    """AXI4-Lite as AXI4 of one beat, 32 bits wide."""

    CONSTANT: Mapping[str, int] = {
        f"{channel}{name}": value
        for channel, values in (
            ("ar", {"len": 0, "size": 2, "burst": INCREMENTING}),
            ("aw", {"len": 0, "size": 2, "burst": INCREMENTING}),
            ("r", {"last": 1}),
            ("w", {"last": 1}),
        )
        for name, value in values.items()
    }

    def __getitem__(self, name: str) -> int | None:
        return self.CONSTANT[name] if name in self.CONSTANT else super().__getitem__(name)
