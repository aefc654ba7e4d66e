"""Synthesis of a design small enough to be counted by hand, and its cache."""

import json
from pathlib import Path
from typing import Any

import pytest

from hw.config import PRESETS
from hw.fpga import synthesis, tools
from hw.fpga.families import FAMILIES
from hw.fpga.floorplan import MULTIPLIER
from hw.fpga.resources import Resources
from hw.fpga.routing import DoesNotFit, estimate, place_and_route
from hw.fpga.synthesis import area_of, synthesise
from hw.fpga.targets import TARGETS, Target
from hw.verilator import ToolError

DESIGN = """
module block(input clk, input [7:0] a, b, output reg [15:0] product);
  reg [7:0] held;
  always @(posedge clk) begin held <= a; product <= held * b; end
endmodule
module sepconv(input clk, input rst, input [7:0] a, b, output [15:0] q, output reg [4:0] count);
  block engine(.clk(clk), .a(a), .b(b), .product(q));
  always @(posedge clk) count <= rst ? 0 : count + 1;
endmodule
"""
PORTS = [("clk", 1, "in"), ("rst", 1, "in"), ("a", 8, "in"), ("b", 8, "in"), ("q", 16, "out"), ("count", 5, "out")]
CONFIG, TARGET = PRESETS["small"], TARGETS["lfe5u-25f"]


@pytest.fixture
def design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a build with `DESIGN` in the engine's place."""
    monkeypatch.chdir(tmp_path)
    ports = [dict(zip(("name", "width", "direction"), port, strict=True)) for port in PORTS]
    (tmp_path / "sepconv.v").write_text(DESIGN)
    (tmp_path / "sepconv.json").write_text(json.dumps({"top": "sepconv", "ports": ports}))
    monkeypatch.setattr(synthesis, "verilog_directory", lambda config: tmp_path)
    return tmp_path


def test_blocks_add_up() -> None:
    cells = {
        "sepconv.engine.a_LUT4_Z": "LUT4", "sepconv.engine.a_CCU2C_S0": "CCU2C", "sepconv.engine.a_TRELLIS_FF_Q":
        "TRELLIS_FF", "sepconv.engine.ram": "DP16KD", "sepconv.control.busy_TRELLIS_FF_Q": "TRELLIS_FF",
        "pins_in_TRELLIS_FF_Q": "TRELLIS_FF", "sepconv.engine.a_PFUMX_Z": "PFUMX",
        "sepconv.engine.m_TRELLIS_DPR16X4_DO": "TRELLIS_DPR16X4",
    }  # fmt: skip
    netlist = {name: {"type": kind, "attributes": {}} for name, kind in cells.items()}
    netlist["sepconv.a_TRELLIS_FF_Q"] = {"type": "TRELLIS_FF", "attributes": {"src": "build/pins.v:4.3-9.6"}}
    area = area_of(netlist, FAMILIES["ecp5"])
    assert area.blocks == {"control": Resources(ff=1), "engine": Resources(lut=9, ff=1, bram=1)}
    assert area.total == Resources(lut=9, ff=2, bram=1)
    assert area.cells["TRELLIS_FF"] == 4


def test_synthesis_and_its_cache(design: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    area = synthesise(CONFIG, TARGET)
    assert (area.total.ff, area.total.dsp) == (8 + 16 + 5, 1)
    assert area.total.lut > 0
    assert area.blocks["engine"] == Resources(ff=8 + 16, dsp=1)  # `held` is not one with the shell's chain
    assert "synthesis of small for lfe5u-25f" in capsys.readouterr().err
    monkeypatch.setattr(tools, "run", lambda *_, **__: pytest.fail("made again"))
    assert synthesise(CONFIG, TARGET) == area


def test_changed_verilog_is_synthesised_anew(design: Path) -> None:
    before = synthesis.netlist_directory(CONFIG, TARGET)
    (design / "sepconv.v").write_text(DESIGN + "\n")
    assert synthesis.netlist_directory(CONFIG, TARGET) != before


def test_broken_verilog(design: Path) -> None:
    (design / "sepconv.v").write_text("module sepconv(")
    with pytest.raises(ToolError, match=r"synthesis of small for lfe5u-25f failed: .*; see "):
        synthesise(CONFIG, TARGET)
    assert not (synthesis.netlist_directory(CONFIG, TARGET) / "area.json").exists()


def test_missing_tool() -> None:
    with pytest.raises(ToolError, match=r"no-such-tool is missing: .* `pip install 'sepconv\[fpga\]'`"):
        tools.version("no-such-tool")


def test_too_big(design: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = DESIGN.replace("held * b", " + ".join(f"(held + {i}) * (b + {2 * i + 1})" for i in range(30)))
    (design / "sepconv.v").write_text(many)
    with pytest.raises(DoesNotFit, match=r"small does not fit Lattice ECP5 LFE5U-25F: short of \d dsp") as refused:
        place_and_route(CONFIG, TARGET)
    assert refused.value.short_of.keys() == {"dsp"}


ROUTED = [target for target in TARGETS.values() if target.family.router]


@pytest.mark.parametrize("target", {target.family.name: target for target in ROUTED}.values(), ids=lambda t: t.name)
def test_route(design: Path, target: Target) -> None:
    """A device of each family, the pins and the clock of its shell included."""
    routed = place_and_route(CONFIG, target)
    assert routed == place_and_route(CONFIG, target)
    assert routed.clock_mhz == pytest.approx(1000 / sum(step.delay for step in routed.critical_path), rel=1e-4)
    assert {step.block for step in routed.critical_path} <= {"engine", "top", "pins"}
    kinds = [step.kind for step in routed.critical_path if step.kind != "clk-skew"]
    assert (kinds[0], kinds[-1]) == ("clk-to-q", "setup")


@pytest.mark.parametrize("name", ["xc7a35t", "xczu3eg"])
def test_estimate(design: Path, name: str) -> None:
    """One level, the counter's first; the product is made in one block, registers and all."""
    estimated = estimate(CONFIG, TARGETS[name])
    assert estimated is not None
    assert 1 <= estimated.levels <= 2
    assert estimated.clock_mhz == TARGETS[name].family.rule.clock_mhz(estimated.levels)
    assert estimate(CONFIG, TARGET) is None


def log_line(connections: int, left: int) -> str:
    """What nextpnr's router prints after so many connections."""
    return f"Info: {connections:10} |   116202     558044 |  453   547 |    {left:6}|      18.04     721.16|"


def test_a_router_that_gets_nowhere_is_stopped(design: Path, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture) -> None:
    """At the millionth connection, but not before; what was placed stays for the next try."""
    lines = "\n".join((log_line(999_000, 7_654), log_line(1_000_000, 1_234), log_line(1_001_000, 3)))
    print_lines = f"print({lines!r}, flush=True)"
    real = tools.run

    def run(code: str, arguments: list[str], *, title: str, **how: Any) -> None:
        real(print_lines if title.startswith("routing") else code, arguments, title=title, **how)

    monkeypatch.setattr(tools, "run", run)
    with pytest.raises(DoesNotFit, match=r"small does not fit Lattice ECP5 LFE5U-25F: short of 1,234 wires$"):
        place_and_route(CONFIG, TARGET)
    capsys.readouterr()
    monkeypatch.setattr(tools, "run", real)
    assert place_and_route(CONFIG, TARGET).clock_mhz > 0
    assert "placement" not in capsys.readouterr().err


def test_blocks_have_sites(design: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the second run of nextpnr is given: the first has kept to the sites."""
    given: dict[str, Any] = {}
    real = tools.run

    def run(code: str, arguments: list[str], *, title: str, **how: Any) -> None:
        if title.startswith("routing"):
            given.update(json.loads(Path(arguments[arguments.index("--json") + 1]).read_text()), flags=arguments)
        real(code, arguments, title=title, **how)

    monkeypatch.setattr(tools, "run", run)
    place_and_route(CONFIG, TARGET)
    (top,) = given["modules"].values()
    assert TARGET.grid
    assert [cell["attributes"]["NEXTPNR_BEL"] for cell in top["cells"].values() if cell["type"] == MULTIPLIER] == [
        TARGET.grid.multipliers()[0].name]  # fmt: skip
    assert {"--no-place", "--no-pack"} <= set(given["flags"])
    assert "--no-tmdriv" not in given["flags"]
