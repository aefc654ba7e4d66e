"""Which pins the ports of the shell go to, for routers that do not choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw.fpga.pins import PORTS


@dataclass(frozen=True, kw_only=True)
class PinFile:
    """A file of constraints.

    Parameters
    ----------
    suffix: of its name
    flags: for the router, with `{path}` for where it is
    line: of a port, with `{port}` and `{pin}`
    """

    suffix: str
    flags: tuple[str, ...]
    line: str

    def text(self, pins: Sequence[str]) -> str:
        """The file for these pins, in the order of `PORTS`; the last may be left out."""
        return "".join(self.line.format(port=port, pin=pin) + "\n" for port, pin in zip(PORTS, pins, strict=False))

    def flags_for(self, path: Path) -> list[str]:
        return [flag.format(path=path) for flag in self.flags]


LPF = PinFile(suffix=".lpf", flags=("--lpf", "{path}"), line='LOCATE COMP "{port}" SITE "{pin}";')
PDC = PinFile(suffix=".pdc", flags=("--pdc", "{path}"), line="ldc_set_location -site {{{pin}}} [get_ports {port}]")
CST = PinFile(suffix=".cst", flags=("--vopt", "cst={path}"), line='IO_LOC "{port}" {pin};')
