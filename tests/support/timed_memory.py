"""The DRAM of the testbenches as an AXI4 port that keeps to `hw.memory_timing` to the cycle."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming


class ProtocolError(AssertionError):
    """The engine did something that its contract forbids and AXI does not know of."""


@dataclass(slots=True)
class _Burst:
    write: bool
    address: int
    beats: int
    earliest: int


@dataclass(slots=True, kw_only=True)
class TimedMemory:
    """Memory of `data` bytes. What AXI forbids is for `AxiRules` to notice.

    Members
    -------
    open: bursts accepted and not finished
    """

    config: EngineConfig
    timing: MemoryTiming
    data: NDArray[np.uint8]
    open: int = 0
    _bursts: deque[_Burst] = field(default_factory=deque)
    _responses: deque[int] = field(default_factory=deque)
    _active: int = 0
    _due: int = 0

    def cycle(self, now: int, engine: Mapping[str, int | None]) -> dict[str, int]:
        """The memory's signals in cycle `now`, given the engine's in that cycle."""
        ready = int(self.open < self.timing.max_outstanding)
        shown = idle(self.config) | {"arready": ready, "awready": ready}
        closed = 0
        if self._responses and self._responses[0] <= now:
            self._responses.popleft()
            shown["bvalid"] = 1
            closed += 1
        if not self._paused(now):
            due = self._active * self._rate[1] >= self._due
            if self._bursts and self._bursts[0].earliest <= now and due:
                closed += self._beat(now, engine, shown)
            self._active += 1
        self.open -= closed
        if engine["arvalid"] and engine["awvalid"]:
            raise ProtocolError("a read and a write are asked for in the same cycle")
        for channel, latency in (("ar", self.timing.read_latency), ("aw", 1)):
            if engine[channel + "valid"] and ready:
                address, length = engine[channel + "addr"], engine[channel + "len"]
                assert address is not None
                assert length is not None
                self._bursts.append(_Burst(channel == "aw", address, length + 1, now + latency))
                self.open += 1
        return shown

    @property
    def _rate(self) -> tuple[int, int]:
        return self.timing.beat_spacing(self.config)

    def _paused(self, now: int) -> bool:
        timing = self.timing
        return bool(timing.pause_period) and (now - timing.pause_phase) % timing.pause_period < timing.pause_length

    def _beat(self, now: int, engine: Mapping[str, int | None], shown: dict[str, int]) -> int:
        """Moves a beat if there is one; returns the number of bursts this closes."""
        burst, size = self._bursts[0], self.config.bus_bytes
        if burst.write and not engine["wvalid"]:
            return 0
        beat_units, cycle_units = self._rate
        # A beat is due ⌈n · beat ÷ cycle⌉ cycles after the first of its run; a run begins when a beat comes late.
        self._due = max(self._due, self._active * cycle_units - cycle_units + 1) + beat_units
        place = self.data[burst.address : burst.address + size]
        if len(place) < size:
            raise ProtocolError(f"a beat at {burst.address:#x}: the memory ends at {len(self.data):#x}")
        burst.address += size
        burst.beats -= 1
        last = burst.beats == 0
        if burst.write:
            shown["wready"] = 1
            store(place, engine["wdata"], engine["wstrb"])
        else:
            shown |= {"rvalid": 1, "rdata": int.from_bytes(place.tobytes(), "little"), "rlast": int(last)}
        if not last:
            return 0
        self._bursts.popleft()
        if burst.write:
            self._responses.append(now + self.timing.write_latency)
            return 0
        return 1


def idle(config: EngineConfig) -> dict[str, int]:
    """Signals of a memory that does nothing; read data are painted, so that none is taken without its valid."""
    names = ("arready", "awready", "wready", "rvalid", "rresp", "rlast", "rid", "bvalid", "bresp", "bid")
    return dict.fromkeys(names, 0) | {"rdata": (1 << config.bus_bits) - 1}


def store(place: NDArray[np.uint8], value: int | None, strobe: int | None) -> None:
    """Writes the bytes of `value` whose strobe is set."""
    assert value is not None
    assert strobe is not None
    size = len(place)
    enabled = np.array([strobe >> index & 1 for index in range(size)], bool)
    place[enabled] = np.frombuffer(value.to_bytes(size, "little"), np.uint8)[enabled]
