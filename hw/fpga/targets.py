"""Devices, as their makers' data sheets count them.

ECP5: FPGA-DS-02012, table 1.1 (the -12F is a -25F sold smaller and is not listed); its block memories hold 18 Kbit, 16
of which are bytes.
"""

from dataclasses import dataclass

from golden.refusal import Refusal
from hw.fpga.families import FAMILIES, Family
from hw.fpga.resources import Resources


class TargetError(Refusal):
    """A target or board that is unknown."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One device.

    Parameters
    ----------
    name: as typed; title: as its maker calls it
    family: how it is built for
    resources: what it has
    bram_bits: of one memory block, parity included
    speed_grade, package: those a routed clock is stated for
    device_flags: that select it in its router, without package and speed grade
    """

    name: str
    title: str
    family: Family
    resources: Resources
    bram_bits: int
    speed_grade: str
    package: str
    device_flags: tuple[str, ...] = ()

    @property
    def router_flags(self) -> tuple[str, ...]:
        return (*self.device_flags, "--package", self.package, "--speed", self.speed_grade)


def _ecp5(size: int, luts: int, multipliers: int, memories: int, *, line: str = "LFE5U") -> Target:
    return Target(
        name=f"{line.lower()}-{size}f", title=f"Lattice ECP5 {line}-{size}F", family=FAMILIES["ecp5"],
        resources=Resources(lut=luts, ff=luts, dsp=multipliers, bram=memories), bram_bits=18 * 1024,
        speed_grade="8" if line == "LFE5UM5G" else "6", package="CABGA381",
        device_flags=(f"--{line[4:].lower()}-{size}k".replace("--u-", "--"),))


TARGETS: dict[str, Target] = {target.name: target for target in (
    _ecp5(25, 24_288, 28, 56),
    _ecp5(45, 43_848, 72, 108),
    _ecp5(85, 83_640, 156, 208),
    _ecp5(85, 83_640, 156, 208, line="LFE5UM5G"),
)}


def find_target(name: str) -> Target:
    """The target called `name`, in any case. Raises `TargetError` with those there are."""
    try:
        return TARGETS[name.lower()]
    except KeyError:
        raise TargetError(f"target {name!r} is unknown; targets: {', '.join(TARGETS)}") from None
