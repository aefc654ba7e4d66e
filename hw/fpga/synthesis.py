"""Synthesis: from a configuration to a netlist of a device's cells, and what they amount to, block by block."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw.config import EngineConfig
from hw.fpga import tools
from hw.fpga.families import Family
from hw.fpga.names import block_of
from hw.fpga.pins import CELLS, TOP, pins_verilog
from hw.fpga.resources import Resources
from hw.fpga.targets import Target
from hw.verilator import BUILD, verilog_directory

RUN = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""
MILESTONES = {
    r"Executing PROC pass": "reading is done",
    r"Executing ALUMACC pass": "multipliers and adders",
    r"Executing MEMORY_LIBMAP pass": "memories",
    r"Executing ABC pass|Executing ABC9 pass": "mapping to lookup tables",
    r"Executing AUTONAME pass": "naming",
}


SHELL = "pins.v"
"""File of the shell's Verilog."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """What an engine takes of a device, without the shell of `pins`.

    Parameters
    ----------
    total: all of it
    blocks: the same by block of the engine, named by its path: ``engine.pointwise.array``
    cells: number of cells of each type, the shell's included
    """

    total: Resources
    blocks: dict[str, Resources]
    cells: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"total": self.total.as_dict(), "blocks": {name: part.as_dict() for name, part in self.blocks.items()},
                "cells": self.cells}


def area_of(cells: Mapping[str, Any], family: Family) -> Area:
    """Area of a flat netlist: its cells by their names, which begin with the block they belong to.

    What lies on a boundary may count for either side, since a net has one name; only the shell's registers are told
    apart by where they were written.
    """
    blocks: dict[str, Resources] = {}
    for name, cell in cells.items():
        part, block = family.resources(cell["type"]), block_of(name)
        shell = block == CELLS or SHELL in cell["attributes"].get("src", "")
        if not shell and any(part.as_dict().values()):
            blocks[block] = blocks.get(block, Resources()) + part
    return Area(total=sum(blocks.values(), Resources()), blocks=dict(sorted(blocks.items())),
                cells=dict(sorted(Counter(cell["type"] for cell in cells.values()).items())))


def synthesise(config: EngineConfig, target: Target) -> Area:
    """Area of `config` on `target`, from the cache if it was made before. Raises `ToolError`."""
    netlist(config, target)
    return _load(netlist_directory(config, target) / "area.json")


def netlist(config: EngineConfig, target: Target) -> Path:
    """Netlist for the router, made if it is not there yet. Raises `ToolError`."""
    directory = netlist_directory(config, target)
    path = directory / "netlist.json"
    if (directory / "area.json").exists():
        return path
    directory.mkdir(parents=True, exist_ok=True)
    source, shell = verilog_directory(config), directory / SHELL
    description = json.loads((source / "sepconv.json").read_text())
    shell.write_text(pins_verilog(description, target.family.oscillator))
    part = directory / "netlist.part"
    tools.run(RUN, _script(config, target, part, shell), title=f"synthesis of {config.name} for {target.name}",
              log=directory / "synthesis.log", milestones=MILESTONES)
    made = json.loads(part.read_text())
    cells = made["modules"][TOP]["cells"]
    if target.family.mends:
        for mend in target.family.mends:
            mend(cells)
        part.write_text(json.dumps(made))
    area = area_of(cells, target.family)
    part.replace(path)
    part = directory / "area.part"
    part.write_text(json.dumps(area.as_dict(), indent=1))
    part.replace(directory / "area.json")
    return path


def _script(config: EngineConfig, target: Target, output: Path, shell: Path) -> list[str]:
    source = verilog_directory(config) / "sepconv.v"
    return [f"read_verilog {source} {shell}", f"{_synthesis(config, target)} -top {TOP}", "autoname",
            f"write_json {output}"]


def _synthesis(config: EngineConfig, target: Target) -> str:
    """Yosys' command; an engine that asks for its multipliers by name gets no others."""
    family = target.family
    return f"{family.synthesis} {family.own_only}".rstrip() if config.multiplier != "portable" else family.synthesis


def netlist_directory(config: EngineConfig, target: Target) -> Path:
    """Folder named by the hash of all that a netlist follows from: Verilog, shell, family, Yosys, this file."""
    source = verilog_directory(config)
    digest = hashlib.sha256(f"{tools.version('pyosys')} {_synthesis(config, target)}".encode())
    for path in (source / "sepconv.v", *(Path(__file__).with_name(f"{name}.py") for name in (
            "synthesis", "pins", "families", "names", "addresses", "carries", "memories"))):
        digest.update(path.read_bytes())
    return BUILD / "fpga" / digest.hexdigest()[:16]


def _load(path: Path) -> Area:
    saved = json.loads(path.read_text())
    return Area(total=Resources(**saved["total"]), cells=saved["cells"],
                blocks={name: Resources(**part) for name, part in saved["blocks"].items()})
