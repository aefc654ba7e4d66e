"""`sepconv fpga`: what it says when a device is short of wires, which only its router knows."""

import json
from pathlib import Path

import pytest

from hw.config import EngineConfig
from hw.fpga.resources import Resources
from hw.fpga.routing import DoesNotFit, Routed, Step
from hw.fpga.synthesis import Area
from hw.fpga.targets import Target
from sim import fpga_commands
from sim.cli import main
from sim.statuses import FAILED, OK

AREA = Area(total=Resources(lut=5), blocks={"engine": Resources(lut=5)})


@pytest.fixture
def routable(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Seeds that can be routed, at as many MHz."""
    seeds: set[int] = set()

    def route(config: EngineConfig, target: Target, seed: int) -> Routed:
        if seed not in seeds:
            raise DoesNotFit(config, target, {"wires": 40 + seed})
        step = Step(kind="logic", delay=1000 / seed, block="engine", signal="it")
        return Routed(clock_mhz=float(seed), area=AREA, seed=seed, critical_path=(step,))

    monkeypatch.setattr(fpga_commands, "synthesise", lambda config, target: AREA)
    monkeypatch.setattr(fpga_commands, "place_and_route", route)
    return seeds


def fpga(json_file: Path) -> int:
    return main(["fpga", "--config", "pe64", "--target", "lfe5u-45f", "--seeds", "3", "--json", str(json_file)])


def test_no_seed_can_be_routed(routable: set[int], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert fpga(tmp_path / "report.json") == FAILED
    assert "  does not fit: short of 43 wires" in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["fits"], report["short_of"], report["runs"]) == (False, {"wires": 43}, [])


def test_one_seed_can_be_routed(routable: set[int], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    routable.add(2)
    assert fpga(tmp_path / "report.json") == OK
    out = capsys.readouterr().out
    assert "  fits; seed 2: 2.0 MHz" in out
    assert "critical path of seed 2, 500.00 ns" in out
    assert json.loads((tmp_path / "report.json").read_text())["fits"]
