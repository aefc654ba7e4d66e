"""`sepconv explore` from the command line: reports, and one clear line for what can't be done."""

import csv
import json
import threading
from pathlib import Path

import pytest

from hw.config import PRESETS, EngineConfig, load_config
from hw.fpga.routing import DoesNotFit
from hw.fpga.targets import TARGETS, Target
from hw.program import Program
from hw.proof.errors import ProofError
from hw.verilator import ToolError
from sim import explore_commands
from sim.cli import main
from tests.sim.explore.made_up import area_model

TINY = ("explore", "--alpha", "0.25", "--resolution", "32", "--no-pnr", "--jobs", "1", "--cols", "8", "--pixels", "1",
        "--activation-kib", "64", "--weight-kib", "16", "--bus-bits", "64", "--requantise-lanes", "2")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of its own, and areas that are made up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.explore_commands.load_area_model", lambda family: area_model())


def test_reports(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (*TINY, "--board", "ulx3s", "--clock-mhz", "80", "--json", "r.json", "--csv", "r.csv")
    assert main(arguments) == 0
    text, progress = capsys.readouterr()
    report = json.loads(Path("r.json").read_text())
    timed = sum(point["cycles"] is not None for point in report["points"])
    assert f"timing {timed} points" in progress
    assert f"{timed} of {timed} points timed, 0 s to go" in progress
    assert (report["target"], report["board"], report["clock_mhz"]) == ("lfe5u-85f", "ulx3s", 80.0)
    choice = report["points"][report["choice"]]
    assert choice["pareto"]
    assert f"choice: {choice['config']['name']}" in text
    assert load_config(choice["use"]).hash == EngineConfig(**choice["config"]).hash
    assert choice["frames_per_second"] == pytest.approx(80e6 / choice["cycles"])
    with open("r.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [point["config"]["name"] for point in report["points"]]
    # Again from what is kept: nothing is timed, and all is as before.
    assert main(arguments) == 0
    again, progress = capsys.readouterr()
    assert again == text
    assert "timing" not in progress
    assert json.loads(Path("r.json").read_text()) == report


def test_the_choice_is_proven(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    proven: list[Program] = []

    def refuse(program: Program) -> None:
        proven.append(program)
        raise ProofError("made up")

    arguments = (*TINY, "--board", "ulx3s", "--points", "3", "--json", "r.json")
    assert main(arguments) == 0
    report = json.loads(Path("r.json").read_text())
    monkeypatch.setattr("sim.network_run.prove", refuse)
    assert main(arguments) == 1
    assert [program.config.as_dict() for program in proven] == [report["points"][report["choice"]]["config"]]
    assert "made up" in capsys.readouterr().err


def test_nothing_fits_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main((*TINY, "--target", "lfe5u-85f", "--max-bram", "40", "--json", "-")) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["choice"] is None
    assert all("bram" in point["short_of"] for point in report["points"])
    assert main((*TINY, "--target", "lfe5u-85f", "--min-fps", "100000")) == 1
    assert "nothing fits that meets the limits" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    ((), "explore needs a device: give --target"),
    (("--target", "ecp5"), "target 'ecp5' is unknown; targets: lfe5u-25f"),
    (("--board", "ulx"), "board 'ulx' is unknown; boards: ulx3s"),
    (("--target", "lfe5u-25f", "--board", "ulx3s"), "carries lfe5u-85f"),
    (("--target", "lfe5u-85f", "--network", "mobilenet"), "no network 'mobilenet'"),
    (("--target", "lfe5u-85f", "--route", "2"), "--route 2: contradicts --no-pnr"),
    (("--target", "lfe5u-85f", "--rows", "32..16"), "--rows 32..16: the range 32..16 is empty"),
    (("--target", "lfe5u-85f", "--bus-bits", "48"), "the design space is empty"),
    (("--target", "lfe5u-85f", "--max-lut", "0"), "--max-lut 0: must be more than 0"),
    (("--target", "lfe5u-85f", "--max-dsp", "999"), "--max-dsp 999: Lattice ECP5 LFE5U-85F has 156"),
    (("--target", "lfe5u-85f", "--points", "0"), "--points 0: must be at least 1"),
    (("--target", "lfe5u-85f", "--route-lut", "0"), "--route-lut 0: must be at least 1"),
    (("--target", "lfe5u-85f", "--spare", "100"), "--spare 100: must be a percentage"),
    (("--target", "lfe5u-85f", "--csv", "nowhere/r.csv"), "nowhere/r.csv: no file can be written there"),
])
def test_what_is_wrong_is_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...],
                                   message: str) -> None:
    assert main((*TINY, *arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert message in last
    assert not list(Path().glob("*.part"))


def test_engines_are_routed_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other; what came of them is in their order."""
    both = threading.Barrier(2, timeout=30)
    first, second = PRESETS["pe64"], PRESETS["pe128"]

    def place_and_route(config: EngineConfig, target: Target, seed: int) -> str:
        both.wait()
        if config is first:
            raise DoesNotFit(config, target, {"wires": seed})
        return config.name

    monkeypatch.setattr(explore_commands, "place_and_route", place_and_route)
    refused, routed = explore_commands._route_all([first, second], target=TARGETS["lfe5u-85f"], seed=7, jobs=2)
    assert isinstance(refused, DoesNotFit)
    assert (refused.short_of, routed) == ({"wires": 7}, "pe128")


def test_a_failing_route_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def place_and_route(config: EngineConfig, target: Target, seed: int) -> None:
        if config.name == "pe128":
            assert stopped.wait(30)
        raise ToolError(config.name)

    monkeypatch.setattr(explore_commands, "place_and_route", place_and_route)
    monkeypatch.setattr(explore_commands, "stop_all", stopped.set)
    with pytest.raises(ToolError, match="pe64"):
        explore_commands._route_all([PRESETS["pe64"], PRESETS["pe128"]], target=TARGETS["lfe5u-85f"], seed=1, jobs=2)
