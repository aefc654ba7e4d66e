"""`BurstMemory`, with its timing to the letter, behind an AXI4 port."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from tests.support.burst_memory import BurstMemory, EngineOutputs, ProtocolError


@dataclass(slots=True, kw_only=True)
class TimedMemory:
    """Memory of `data` bytes from address `base` on. What AXI forbids is for `AxiRules` to notice."""

    config: EngineConfig
    timing: MemoryTiming
    data: NDArray[np.uint8]
    base: int = 0
    _bursts: BurstMemory = field(init=False)

    def __post_init__(self) -> None:
        self._bursts = BurstMemory(
            config=self.config, timing=self.timing, data=self.data, allowed=(0, len(self.data))
        )

    def cycle(self, now: int, engine: Mapping[str, int | None]) -> dict[str, int]:
        """The memory's signals in cycle `now`, given the engine's in that cycle."""
        if engine["arvalid"] and engine["awvalid"]:
            raise ProtocolError("a read and a write are asked for in the same cycle")
        request = None
        for write, channel in enumerate(("ar", "aw")):
            if engine[channel + "valid"]:
                request = write, _known(engine, channel + "addr") - self.base, _known(engine, channel + "len") + 1

        def beat() -> tuple[int, int, int]:
            return _known(engine, "wdata"), _known(engine, "wstrb"), _known(engine, "wlast")

        answer = self._bursts.cycle(
            now, EngineOutputs(request=request, write_beat=beat if engine["wvalid"] else None)
        )
        ready = int(answer.request_ready)
        shown = idle(self.config) | {"arready": ready, "awready": ready}
        if answer.read is not None:
            shown |= {"rvalid": 1, "rdata": answer.read[0], "rlast": int(answer.read[1])}
        return shown | {"wready": int(answer.write_ready), "bvalid": int(answer.written)}


def _known(engine: Mapping[str, int | None], name: str) -> int:
    value = engine[name]
    if value is None:
        raise ProtocolError(f"{name} is unknown")
    return value


def idle(config: EngineConfig) -> dict[str, int]:
    """Signals of a memory that does nothing; read data are painted, so that none is taken without its valid."""
    names = ("arready", "awready", "wready", "rvalid", "rresp", "rlast", "rid", "bvalid", "bresp", "bid")
    return dict.fromkeys(names, 0) | {"rdata": (1 << config.bus_bits) - 1}
