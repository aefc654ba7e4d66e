"""What the user asks of an engine: limits on what it takes, and what it must reach."""

from dataclasses import dataclass, replace

from hw.fpga.resources import NAMES, Resources
from hw.fpga.targets import Target
from sim.explore.candidate import Candidate
from sim.work import RequestError

KEPT_FREE = ("lut", "ff", "bram")
"""Of what a share is kept free. Multipliers are of use to nobody else."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of the sweep; None: no limit. Raises `RequestError` for such as nothing can meet.

    Parameters
    ----------
    spare_percent: share of a device's LUTs, registers and memory blocks that is kept free
    most: largest amount of a resource, by its name
    max_mbytes, min_frames: largest DRAM traffic in 10⁶ bytes, fewest frames a second
    """

    spare_percent: float = 10.0
    most: dict[str, int]
    max_mbytes: float | None = None
    min_frames: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.spare_percent < 100:
            raise RequestError(f"--spare {self.spare_percent:g}: must be a percentage from 0 to less than 100")
        for name, value in (*((f"max-{name}", value) for name, value in self.most.items()),
                            ("max-mbytes", self.max_mbytes), ("min-fps", self.min_frames)):
            if value is not None and not value > 0:
                raise RequestError(f"--{name} {value:g}: must be more than 0")

    def room(self, target: Target) -> Resources:
        """What an engine may take of a device. Raises `RequestError` if a limit is more than the device has."""
        has = target.resources
        for name, most in self.most.items():
            if most > getattr(has, name):
                raise RequestError(f"--max-{name} {most:,}: {target.title} has {getattr(has, name):,}; leave it out")
        amounts = {name: getattr(has, name) for name in NAMES}
        for name in KEPT_FREE:
            amounts[name] = int(amounts[name] * (100 - self.spare_percent) / 100)
        return replace(has, **{name: min(amount, self.most.get(name, amount)) for name, amount in amounts.items()})

    def met_by(self, candidate: Candidate) -> bool:
        """Whether an engine that runs reaches what is asked."""
        return (self.max_mbytes is None or candidate.mbytes_per_second <= self.max_mbytes) and (
            self.min_frames is None or candidate.frames_per_second >= self.min_frames)
