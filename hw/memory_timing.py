"""`MemoryTiming`: how the DRAM behaves, for the model and for the memories of the testbenches alike.

The memory serves bursts one after another, in the order it accepted them:

- It accepts a burst in each cycle in which fewer than `max_outstanding` are open.
- A read's first beat comes `read_latency` cycles after its acceptance at the earliest, a write's first beat is
  taken one cycle after it; no beat before the beats of the burst before it.
- Beats are spaced so that `bytes_per_cycle` is kept: of beats that follow one another as fast as they may, beat n
  moves ⌊n · bus bytes ÷ bytes_per_cycle⌋ cycles after the first.
- In each period of `pause_period` cycles no beat moves during `pause_length` of them, from `pause_phase` on, and
  the spacing stands still.
- A read is open until its last beat, a write until its response, `write_latency` after its last beat.
"""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from golden.refusal import Refusal
from hw.config import MAX_BURST_BYTES, EngineConfig


class MemoryTimingError(Refusal):
    """A memory timing that is malformed or can't be."""


@dataclass(frozen=True, kw_only=True)
class MemoryTiming:
    """Timing of the DRAM in clock cycles. Raises `MemoryTimingError` for values that can't be.

    `bytes_per_cycle` None means the full rate of the bus.
    """

    read_latency: int = 40
    write_latency: int = 8
    bytes_per_cycle: Fraction | None = None
    max_outstanding: int = 16
    burst_bytes: int = 256
    pause_period: int = 0
    pause_length: int = 0
    pause_phase: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("read_latency", 1, 100_000), ("write_latency", 1, 100_000),
                                ("max_outstanding", 1, 1024), ("pause_period", 0, 10**9)):
            if not low <= getattr(self, name) <= high:
                raise MemoryTimingError(f"{name}={getattr(self, name)}: must be {low} to {high}")
        if self.burst_bytes not in (32, 64, 128, MAX_BURST_BYTES):
            raise MemoryTimingError(f"burst_bytes={self.burst_bytes}: must be 32, 64, 128 or {MAX_BURST_BYTES}")
        if self.bytes_per_cycle is not None and not Fraction(1, 1000) <= self.bytes_per_cycle <= 1000:
            raise MemoryTimingError(f"bytes_per_cycle={self.bytes_per_cycle}: must be 1/1000 to the bytes of the bus")
        if not 0 <= self.pause_length < max(1, self.pause_period) or not 0 <= self.pause_phase < max(
                1, self.pause_period):
            raise MemoryTimingError(f"pause_length={self.pause_length}, pause_phase={self.pause_phase}: must be less"
                                    f" than pause_period={self.pause_period}")

    def beat_spacing(self, config: EngineConfig) -> tuple[int, int]:
        """(units a beat takes, units a cycle gives): a beat may move when it has waited its units.

        Raises `MemoryTimingError` if the memory is faster than the bus.
        """
        rate = Fraction(config.bus_bytes) if self.bytes_per_cycle is None else self.bytes_per_cycle
        if rate > config.bus_bytes:
            raise MemoryTimingError(f"bytes_per_cycle={rate}: the bus of {config.name} carries {config.bus_bytes}")
        return config.bus_bytes * rate.denominator, rate.numerator

    def as_dict(self) -> dict[str, int | float | None]:
        values = dataclasses.asdict(self)
        if self.bytes_per_cycle is not None:
            values["bytes_per_cycle"] = float(self.bytes_per_cycle)
        return values


def parse_memory(text: str) -> MemoryTiming:
    """Timing from ``read_latency=40,bytes_per_cycle=8/3``; the empty text is the default.

    Raises `MemoryTimingError` with what would be accepted.
    """
    known = [field.name for field in dataclasses.fields(MemoryTiming)]
    values: dict[str, Any] = {}
    for setting in filter(None, text.split(",")):
        key, _, value = setting.partition("=")
        if key not in known:
            raise MemoryTimingError(f"memory setting {key!r} is unknown; settings: {', '.join(known)}")
        try:
            values[key] = Fraction(value) if key == "bytes_per_cycle" else int(value)
        except (ValueError, ZeroDivisionError):
            raise MemoryTimingError(f"{key}={value!r}: must be a number") from None
    return MemoryTiming(**values)
