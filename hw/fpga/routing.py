"""Place and route: the clock a configuration reaches on a device, and the path that holds it back."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw.config import EngineConfig
from hw.fpga import floorplan, tools
from hw.fpga.estimate import PathRule, logic_levels
from hw.fpga.names import split_name
from hw.fpga.pins import TOP
from hw.fpga.synthesis import Area, netlist, synthesise
from hw.fpga.targets import Target
from hw.verilator import BUILD, ToolError

RUN = """
import sys
import {package} as tool
sys.exit(getattr(tool, "run_" + "{package}".removeprefix("yowasp_"))(sys.argv[1:]) or 0)
"""
MILESTONES = {
    r"Packing": "packing",
    r"placement|[Pp]lacer": "placement",
    r"^Info: Routing": "routing",
    r"Max frequency": "timing",
}

HOPELESS = r"^Info: +\d{7,} \|.*\| +(\d+)\|"
"""Of nextpnr's router, which would go on for ever: a connection made for the millionth time, and how many are left to
make. Engines that were routed took 2 a connection, a quarter of a million in all."""

WIRES = "wires"
"""What a design is short of that can't be routed."""


class DoesNotFit(RuntimeError):
    """The device lacks something; `short_of` says how much of what."""

    def __init__(self, config: EngineConfig, target: Target, short_of: dict[str, int]) -> None:
        self.short_of = short_of
        lacking = ", ".join(f"{amount:,} {name}" for name, amount in short_of.items())
        super().__init__(f"{config.name} does not fit {target.title}: short of {lacking}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a path.

    Parameters
    ----------
    kind: clk-to-q, logic, routing or setup; delay: ns
    block, signal: where it ends, in the source's words
    """

    kind: str
    delay: float
    block: str
    signal: str


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A routed design.

    Parameters
    ----------
    clock_mhz: highest clock by the router's analysis of setup times; area: of `synthesise`; seed: of the placement
    critical_path: from register to register
    """

    clock_mhz: float
    area: Area
    seed: int
    critical_path: tuple[Step, ...]


def place_and_route(config: EngineConfig, target: Target, seed: int = 1) -> Routed:
    """`config` on `target`, from the cache if it was routed before.

    Raises `ToolError`, and `DoesNotFit` for wires too, of which only the router knows.
    """
    area = synthesise(config, target)
    short_of = area.total.short_of(target.resources)
    if short_of:
        raise DoesNotFit(config, target, short_of)
    try:
        report = _report(config, target, seed)
    except tools.GaveUp as error:
        raise DoesNotFit(config, target, {WIRES: int(error.found[error.found.lastindex or 0])}) from None
    clock, path = read_report(json.loads(report.read_text()))
    return Routed(clock_mhz=clock, area=area, seed=seed, critical_path=path)


@dataclass(frozen=True, kw_only=True)
class Estimated:
    """A design that no open tool routes.

    Parameters
    ----------
    levels: lookup tables on its longest path; rule: what follows from them
    """

    levels: int
    rule: PathRule

    @property
    def clock_mhz(self) -> float:
        return self.rule.clock_mhz(self.levels)


def estimate(config: EngineConfig, target: Target) -> Estimated | None:
    """The clock of `config` on `target` by its netlist; None if there is no rule for it. Raises `ToolError`."""
    if target.family.rule is None:
        return None
    cells = json.loads(netlist(config, target).read_text())["modules"][TOP]["cells"]
    return Estimated(levels=logic_levels(cells), rule=target.family.rule)


def read_report(report: dict[str, Any]) -> tuple[float, tuple[Step, ...]]:
    """Clock in MHz and critical path, of nextpnr's report."""
    clock, timing = min(report["fmax"].items(), key=lambda item: item[1]["achieved"])
    paths = (path["path"] for path in report["critical_paths"] if path["from"] == path["to"] == f"posedge {clock}")
    steps = []
    for step in next(paths):
        block, signal = split_name(step.get("net", step["to"]["cell"]))
        steps.append(Step(kind=step["type"], delay=step["delay"], block=block, signal=signal))
    return timing["achieved"], tuple(steps)


def _report(config: EngineConfig, target: Target, seed: int) -> Path:
    """nextpnr's report, made if it is not there yet. Raises `ToolError`."""
    family = target.family
    if family.router is None:
        raise ToolError(f"{target.title}: there is no open place and route for it")
    source = netlist(config, target)
    flags = (*target.router_flags, *family.effort, "--seed", str(seed), "--freq", str(family.goal_mhz))
    key = " ".join((source.parent.name, *flags, *target.pins, str(target.grid),
                    Path(floorplan.__file__).read_text(), tools.version(family.router.replace("_", "-"))))
    directory = BUILD / "fpga" / hashlib.sha256(key.encode()).hexdigest()[:16]
    report = directory / "report.json"
    if report.exists():
        return report
    directory.mkdir(parents=True, exist_ok=True)
    if family.pin_file is not None:
        pins = directory / f"pins{family.pin_file.suffix}"
        pins.write_text(family.pin_file.text(target.pins))
        flags += tuple(family.pin_file.flags_for(pins))
    title = f"{config.name} on {target.name}, seed {seed}"
    part = directory / "report.part"
    ending = ("--timing-allow-fail", "--report", str(part))
    if target.grid is None:
        _nextpnr(family.router, "place and route", title, directory, "--json", str(source), *flags, *ending)
    else:
        placed = _placed(config, target, source, flags, title, directory)
        _nextpnr(family.router, "routing", title, directory, "--json", str(placed), *flags, "--no-pack", "--no-place",
                 *ending)
        placed.unlink()  # as big as all else together
    part.replace(report)
    print(f"  {report}", file=sys.stderr)
    return report


def _placed(config: EngineConfig, target: Target, source: Path, flags: tuple[str, ...], title: str,
            directory: Path) -> Path:
    """The netlist placed, its blocks by `floorplan`; made if it is not there yet. Raises `ToolError`."""
    path, blocks, part = directory / "placed.json", directory / "blocks.json", directory / "placed.part"
    if path.exists():
        return path
    assert target.family.router is not None
    assert target.grid is not None
    made = json.loads(source.read_text())
    floorplan.place_blocks(made["modules"][TOP]["cells"], config, target.grid)
    blocks.write_text(json.dumps(made))
    _nextpnr(target.family.router, "placement", title, directory, "--json", str(blocks), *flags, "--no-route",
             "--timing-allow-fail", "--write", str(part))
    blocks.unlink()
    return part.replace(path)


def _nextpnr(package: str, step: str, title: str, directory: Path, *arguments: str) -> None:
    tools.run(RUN.format(package=package), arguments, log=directory / f"{step.replace(' ', '_')}.log",
              milestones=MILESTONES, title=f"{step} of {title}", hopeless=HOPELESS)
