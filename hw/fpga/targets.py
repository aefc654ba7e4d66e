"""Devices, as their makers' data sheets count them.

ECP5: FPGA-DS-02012, table 1.1 (the -12F is a -25F sold smaller and is not listed); a block memory's 18 Kbit are 16 of
bytes and their parity. iCE40: FPGA-DS-02008; its 128 KiB of single-port memory are not counted. CrossLink-NX:
FPGA-DS-02049; its two large memories of 64 KiB are not counted. Gowin: DS102 (GW2A), DS1103 (GW5A). Multipliers of
CrossLink-NX and Gowin are counted by 9 × 9 bits; one of 18 × 18 is two. GateMate: DS1001, 20,480 elements of two LUTs.
AMD: DS190 (Zynq-7000), DS180 (7 series), DS891 (Zynq UltraScale+).

The pins the shell's ports go to are those of a board with that package: ULX3S, CrossLink-NX' evaluation board, Tang
Primer 20K and 25K.
"""

from dataclasses import dataclass

from golden.refusal import Refusal
from hw.fpga.families import FAMILIES, Family
from hw.fpga.floorplan import Grid
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
    speed_grade, package: those a clock is stated for
    router_flags: that select it in its router
    grid: where its multipliers and memories are, if they are placed by `floorplan`; what was placed so is kept, and
        routed by a run of its own
    pins: of the package, for the ports of the shell, if its router does not choose them
    """

    name: str
    title: str
    family: Family
    resources: Resources
    bram_bits: int
    speed_grade: str
    package: str
    router_flags: tuple[str, ...] = ()
    grid: Grid | None = None
    pins: tuple[str, ...] = ()


ECP5_GRIDS = {
    25: Grid(columns=(4, 13, 22, 33, 42, 51, 60), multiplier_rows=(13,), memory_rows=(25, 37)),
    45: Grid(columns=(4, 13, 22, 31, 42, 51, 60, 69, 78), multiplier_rows=(22, 46), memory_rows=(10, 34, 58)),
    85: Grid(columns=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114), multiplier_rows=(10, 34, 58),
             memory_rows=(22, 46, 70, 82)),
}
"""As nextpnr places a design that takes all of them."""


def _ecp5(size: int, luts: int, multipliers: int, memories: int, *, line: str = "LFE5U") -> Target:
    device, speed_grade = f"--{line[4:].lower()}-{size}k".replace("--u-", "--"), "8" if line == "LFE5UM5G" else "6"
    return Target(
        name=f"{line.lower()}-{size}f", title=f"Lattice ECP5 {line}-{size}F", family=FAMILIES["ecp5"],
        resources=Resources(lut=luts, ff=luts, dsp=multipliers, bram=memories), bram_bits=18 * 1024,
        speed_grade=speed_grade, package="CABGA381",
        router_flags=(device, "--package", "CABGA381", "--speed", speed_grade), grid=ECP5_GRIDS[size],
        pins=("R1", "T1", "R18", "B2", "G2"))


def _other(name: str, title: str, family: str, resources: tuple[int, int, int, int], bram_kbit: int, *,
           speed_grade: str, package: str, flags: str = "", pins: str = "") -> Target:
    lut, ff, dsp, bram = resources
    return Target(name=name, title=title, family=FAMILIES[family], bram_bits=bram_kbit * 1024, speed_grade=speed_grade,
                  package=package, resources=Resources(lut=lut, ff=ff, dsp=dsp, bram=bram),
                  router_flags=tuple(flags.split()), pins=tuple(pins.split()))


TARGETS: dict[str, Target] = {target.name: target for target in (
    _ecp5(25, 24_288, 28, 56),
    _ecp5(45, 43_848, 72, 108),
    _ecp5(85, 83_640, 156, 208),
    _ecp5(85, 83_640, 156, 208, line="LFE5UM5G"),
    _other("up5k", "Lattice iCE40 UP5K", "ice40", (5_280, 5_280, 8, 30), 4, speed_grade="1", package="sg48",
           flags="--up5k --package sg48"),
    _other("lifcl-40", "Lattice CrossLink-NX LIFCL-40", "nexus", (32_256, 32_256, 112, 84), 18,
           speed_grade="7", package="CABGA400", flags="--device LIFCL-40-7BG400C", pins="G14 E17 F13 G13"),
    _other("gw2a-18", "Gowin GW2A-18", "gw2a", (20_736, 15_552, 96, 46), 18, speed_grade="C8/I7", package="PBGA256",
           flags="--device GW2A-LV18PG256C8/I7 --vopt family=GW2A-18", pins="T10 C13 A13 N16 H11"),
    _other("gw5a-25", "Gowin GW5A-25", "gw5a", (23_040, 23_040, 56, 56), 18, speed_grade="C1/I0", package="MBGA121",
           flags="--device GW5A-LV25MG121NC1/I0 --vopt family=GW5A-25A", pins="H11 H10 E8 D7 E2"),
    _other("gatemate-a1", "Cologne Chip GateMate A1", "gatemate", (40_960, 40_960, 0, 64), 20,
           speed_grade="speed", package="FBGA324", flags="--device CCGM1A1 --vopt allow-unconstrained"),
    _other("xc7z020", "AMD Zynq-7020", "xc7", (53_200, 106_400, 220, 280), 18, speed_grade="-1", package="CLG400"),
    _other("xc7a35t", "AMD Artix-7 35T", "xc7", (20_800, 41_600, 90, 100), 18, speed_grade="-1", package="CSG324"),
    _other("xc7a100t", "AMD Artix-7 100T", "xc7", (63_400, 126_800, 240, 270), 18, speed_grade="-1", package="CSG324"),
    _other("xczu3eg", "AMD Zynq UltraScale+ ZU3EG", "xcup", (70_560, 141_120, 360, 432), 18,
           speed_grade="-1", package="SBVA484"),
    _other("xczu9eg", "AMD Zynq UltraScale+ ZU9EG", "xcup", (274_080, 548_160, 2_520, 1_824), 18,
           speed_grade="-2", package="FFVB1156"),
)}


def find_target(name: str) -> Target:
    """The target called `name`, in any case. Raises `TargetError` with those there are."""
    try:
        return TARGETS[name.lower()]
    except KeyError:
        raise TargetError(f"target {name!r} is unknown; targets: {', '.join(TARGETS)}") from None
