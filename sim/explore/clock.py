"""The clock of an engine that is not routed."""

from dataclasses import dataclass

from hw.fpga.targets import Target

ASSUMED_MHZ = 100.0
"""Of engines that fill most of a device. Placed and routed with seed 1, `pe64` reaches 119 MHz on an LFE5U-45F, `pe128`
121 MHz on an LFE5U-85F, `small` 113 MHz on an LFE5U-25F; these take half of its LUTs, a third, and four fifths."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock in MHz for all points of a sweep, and where it comes from."""

    mhz: float
    rule: str


def estimated_clock(target: Target, given: float | None) -> Clock:
    """What the user says, else what is assumed of the device: the same for all engines on it."""
    if given is not None:
        return Clock(mhz=given, rule="given with --clock-mhz")
    return Clock(mhz=ASSUMED_MHZ, rule=f"assumed, the same for every engine on {target.title}")
