"""The DRAM of the testbenches: `hw.memory_timing` to the letter, or, given a seed, random back-pressure."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming

PAGE = 4096
"""No burst may cross a multiple of this."""


class ProtocolError(AssertionError):
    """The engine did something on its DRAM port that the port's contract forbids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOutputs:
    """What the engine shows in a cycle; write data and strobe are only asked for when a beat is taken."""

    request: tuple[int, int, int] | None
    """(write, address, beats) while valid."""
    write_beat: Callable[[], tuple[int, int, int]] | None
    """Reads (data, strobe, last) while valid."""


@dataclass(slots=True, kw_only=True)
class EngineInputs:
    """What the memory answers in that cycle."""

    request_ready: bool
    read: tuple[int, bool] | None = None
    write_ready: bool = False
    written: bool = False


@dataclass(slots=True)
class _Burst:
    write: bool
    address: int
    beats: int
    earliest: int


@dataclass(slots=True, kw_only=True)
class BurstMemory:
    """Memory of `data` bytes behind a `BurstPort`.

    Parameters
    ----------
    allowed: (first, end) of the bytes that may be written
    chance: None obeys `timing` exactly; else every handshake and delay is drawn from it

    Members
    -------
    read_bytes, write_bytes: traffic so far
    open: bursts accepted and not finished
    """

    config: EngineConfig
    timing: MemoryTiming
    data: NDArray[np.uint8]
    allowed: tuple[int, int]
    chance: random.Random | None = None
    read_bytes: int = 0
    write_bytes: int = 0
    open: int = 0
    _bursts: deque[_Burst] = field(default_factory=deque)
    _responses: deque[int] = field(default_factory=deque)
    _active: int = 0
    _due: int = 0
    _held_request: tuple[int, int, int] | None = None
    _held_beat: tuple[int, int, int] | None = None

    def cycle(self, now: int, outputs: EngineOutputs) -> EngineInputs:
        """The engine's inputs in cycle `now`, given its outputs in that cycle."""
        timing, chance = self.timing, self.chance
        inputs = EngineInputs(request_ready=self.open < timing.max_outstanding)
        if chance is not None and inputs.request_ready:
            inputs.request_ready = chance.random() < 0.4
        self._check_held(outputs, inputs)

        closed = 0
        if self._responses and self._responses[0] <= now:
            self._responses.popleft()
            inputs.written = True
            closed += 1
        if not self._paused(now):
            ready = self._active * self._rate[1] >= self._due if chance is None else chance.random() < 0.6
            if self._bursts and self._bursts[0].earliest <= now and ready:
                closed += self._beat(now, outputs, inputs)
            self._active += 1
        self._check_beat(outputs, inputs)
        self.open -= closed
        if outputs.request is not None and inputs.request_ready:
            self._accept(now, *outputs.request)
        return inputs

    @property
    def _rate(self) -> tuple[int, int]:
        return self.timing.beat_spacing(self.config)

    def _paused(self, now: int) -> bool:
        timing = self.timing
        if self.chance is not None or not timing.pause_period:
            return False
        return (now - timing.pause_phase) % timing.pause_period < timing.pause_length

    def _beat(self, now: int, outputs: EngineOutputs, inputs: EngineInputs) -> int:
        """Moves a beat if there is one; returns the number of bursts this closes."""
        burst, size = self._bursts[0], self.config.bus_bytes
        if burst.write and outputs.write_beat is None:
            return 0
        beat_units, cycle_units = self._rate
        # A beat is due ⌈n · beat ÷ cycle⌉ cycles after the first of its run; a run begins when a beat comes late.
        self._due = max(self._due, self._active * cycle_units - cycle_units + 1) + beat_units
        place = self.data[burst.address : burst.address + size]
        burst.beats -= 1
        last = burst.beats == 0
        if burst.write:
            assert outputs.write_beat is not None
            value, strobe, marked = outputs.write_beat()
            if bool(marked) != last:
                raise ProtocolError(
                    f"write beat at {burst.address:#x}: last is {marked}, {burst.beats} beats left"
                )
            self._store(burst.address, place, value, strobe)
            self.write_bytes += size
            inputs.write_ready = True
        else:
            inputs.read = (int.from_bytes(place.tobytes(), "little"), last)
            self.read_bytes += size
        burst.address += size
        if not last:
            return 0
        self._bursts.popleft()
        if burst.write:
            self._responses.append(now + self._delay(self.timing.write_latency))
            return 0
        return 1

    def _store(self, address: int, place: NDArray[np.uint8], value: int, strobe: int) -> None:
        size = self.config.bus_bytes
        value_bytes = np.frombuffer(value.to_bytes(size, "little"), np.uint8)
        for index in range(size):
            if strobe >> index & 1:
                if not self.allowed[0] <= address + index < self.allowed[1]:
                    raise ProtocolError(
                        f"write to byte {address + index:#x}, outside of the output tensor"
                        f" {self.allowed[0]:#x} to {self.allowed[1]:#x}"
                    )
                place[index] = value_bytes[index]

    def _delay(self, latency: int) -> int:
        return latency if self.chance is None else self.chance.randint(1, 2 * latency)

    def _accept(self, now: int, write: int, address: int, beats: int) -> None:
        size = beats * self.config.bus_bytes
        if beats == 0 or address % self.config.bus_bytes:
            raise ProtocolError(f"burst of {beats} beats at {address:#x}")
        if size > self.timing.burst_bytes or address // PAGE != (address + size - 1) // PAGE:
            raise ProtocolError(
                f"burst of {size} bytes at {address:#x} with burst_bytes={self.timing.burst_bytes}"
            )
        if address + size > len(self.data):
            raise ProtocolError(
                f"burst of {size} bytes at {address:#x}: the memory ends at {len(self.data):#x}"
            )
        delay = 1 if write else self._delay(self.timing.read_latency)
        self._bursts.append(_Burst(bool(write), address, beats, now + delay))
        self.open += 1
        if self.open > self.config.max_outstanding:
            raise ProtocolError(f"{self.open} bursts open, max_outstanding={self.config.max_outstanding}")

    def _check_held(self, outputs: EngineOutputs, inputs: EngineInputs) -> None:
        if self._held_request is not None and outputs.request != self._held_request:
            raise ProtocolError(f"request {self._held_request} became {outputs.request} before it was taken")
        self._held_request = None if inputs.request_ready else outputs.request

    def _check_beat(self, outputs: EngineOutputs, inputs: EngineInputs) -> None:
        if self.chance is None:
            return
        beat = None if outputs.write_beat is None else outputs.write_beat()
        if self._held_beat is not None and beat != self._held_beat:
            raise ProtocolError(f"write beat {self._held_beat} became {beat} before it was taken")
        self._held_beat = None if inputs.write_ready else beat
