"""A point of the design space, as far as it has been worked out."""

from dataclasses import dataclass
from typing import Any, Literal

from hw.config import EngineConfig
from hw.fpga.resources import Resources

AreaIs = Literal["estimated", "synthesised"]
ClockIs = Literal["estimated", "routed"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One engine on one device.

    Parameters
    ----------
    config: the engine
    area, area_is: what it takes of the device, and how that is known
    short_by: what the device lacks, by resource
    clock_mhz, clock_is: its clock, and how that is known
    time: what `point.evaluate` says of it; None: not timed, because it does not fit or by the limit on points
    """

    config: EngineConfig
    area: Resources
    area_is: AreaIs
    short_by: dict[str, int]
    clock_mhz: float
    clock_is: ClockIs
    time: dict[str, Any] | None = None

    @property
    def fits(self) -> bool:
        """Whether the device holds the engine."""
        return not self.short_by

    @property
    def runs(self) -> bool:
        """Whether it was timed, and its memories hold the network."""
        return self.time is not None and "total" in self.time

    @property
    def cycles(self) -> int:
        """Of one frame. Only of one that `runs`."""
        return self._total["cycles"]

    @property
    def frames_per_second(self) -> float:
        """Clock ÷ cycles. Only of one that `runs`."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def frame_bytes(self) -> int:
        """DRAM bytes a frame, read and written. Only of one that `runs`."""
        return self._total["dram_read_bytes"] + self._total["dram_write_bytes"]

    @property
    def mbytes_per_second(self) -> float:
        """DRAM traffic at that rate, in 10⁶ bytes a second. Only of one that `runs`."""
        return self.frame_bytes * self.frames_per_second / 1e6

    @property
    def utilisation(self) -> float:
        """MACs of the network ÷ (all lanes × cycles). Only of one that `runs`."""
        return self._total["utilisation"]

    @property
    def _total(self) -> dict[str, Any]:
        assert self.time is not None
        return self.time["total"]
