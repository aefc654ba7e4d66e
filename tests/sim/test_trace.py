"""Timelines: the format, what they say of a run, and that the model's and the RTL's are the same."""

import json
from argparse import Namespace
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from golden.networks import mobilenet_v1, mobilenet_v2
from hw.commands import UNITS
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.cli import main
from sim.network_run import PlannedNetwork, plan_network
from sim.pieces import Pieces, sim_pieces
from sim.timeline import USERS, of_model
from sim.trace import POINTS, events
from sim.work import Source
from tests.golden.whole_files import Style, write_file
from tests.support.trace_events import violations

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]
SLOW = ["--memory", "read_latency=90,bytes_per_cycle=4,burst_bytes=64,pause_period=200,pause_length=60"]


@pytest.fixture(scope="module")
def planned() -> PlannedNetwork:
    """A network with adds, on a memory that makes units wait."""
    source = Source(title="", network=mobilenet_v2(0.35, 32, classes=10))
    return plan_network(source, PRESETS["pe64"], MemoryTiming(read_latency=90, max_outstanding=2))


@pytest.fixture(scope="module")
def found(planned: PlannedNetwork) -> list[dict[str, Any]]:
    return list(events(1, "run", of_model(planned.program, planned.run)))


def threads(found: list[dict[str, Any]]) -> dict[int, str]:
    """The unit of each thread."""
    return {event["tid"]: event["args"]["name"].split(" (")[0] for event in found if event["name"] == "thread_name"}


def slices(found: list[dict[str, Any]], unit: str, category: str) -> list[dict[str, Any]]:
    names = threads(found)
    mine = [event for event in found if event.get("cat") == category and names[event["tid"]] == unit]
    return sorted(mine, key=lambda event: (event["ts"], event["dur"]))


def test_the_format(found: list[dict[str, Any]]) -> None:
    assert violations({"displayTimeUnit": "ms", "traceEvents": found}) == []
    assert set(threads(found).values()) == {"fetch", *UNITS}
    assert len(found) == len({json.dumps(event) for event in found})


@pytest.mark.parametrize(("change", "words"), [
    (lambda events, at: events[at].update(dur=10**9), "overlap"),
    (lambda events, at: events[at].update(tid=99), "has no name"),
    (lambda events, at: events[at].update(ts=-1), "natural"),
    (lambda events, at: events[at].update(ts=0.5), "natural"),
    (lambda events, at: events[at].pop("dur"), "wrong keys"),
    (lambda events, at: events[at].update(ph="Z"), "wrong keys"),
    (lambda events, at: events[0].update(args={}), "without name"),
    (lambda events, at: events[-1].update(args={"load": "much"}), "numbers"),
])
def test_the_check_of_the_format_notices(found: list[dict[str, Any]], change: Any, words: str) -> None:
    broken = deepcopy(found)
    change(broken, next(index for index, event in enumerate(broken) if event["ph"] == "X"))
    (first, *_) = violations({"displayTimeUnit": "ms", "traceEvents": broken})
    assert words in first


def test_a_slice_for_each_command(planned: PlannedNetwork, found: list[dict[str, Any]]) -> None:
    for unit, times in planned.run.units.items():
        layers = [planned.program.layers[command.layer] for command in times.commands]
        names = [f"{unit} {number}" for number in range(len(layers))]
        wanted = list(zip(layers, names, times.started, times.ended, strict=True))
        assert [(event["name"], event["args"]["command"], event["ts"], event["ts"] + event["dur"])
                for event in slices(found, unit, "command")] == wanted
    fetched = slices(found, "fetch", "fetch")
    assert [event["name"] for event in fetched] == [
        "header", *(planned.program.layers[command.layer] for command in planned.program.commands)]
    # The last beat of a block is on the bus before the fetch unit has all of it.
    for event, complete in zip(fetched[1:], planned.run.fetch_complete, strict=True):
        assert event["ts"] + event["dur"] <= complete


def test_waits_end_with_their_token(planned: PlannedNetwork, found: list[dict[str, Any]]) -> None:
    kinds = set()
    for unit in UNITS:
        commands = slices(found, unit, "command")
        starts = {event["ts"]: event for event in commands}
        for wait in slices(found, unit, "wait"):
            end = wait["ts"] + wait["dur"]
            other, count = wait["args"]["token"].split()
            assert planned.run.units[other].ended[int(count) - 1] + 1 == end
            assert f"{other} {count}" in starts[end]["args"]["waits for"]
            assert f"{other} {count} (space)" in starts[end]["args"]["waits for"] or "space" not in wait["name"]
            assert not any(event["ts"] < end and wait["ts"] < event["ts"] + event["dur"] for event in commands)
            kinds.add(wait["name"])
    assert kinds == {"waits for data", "waits for weights", "waits for space"}


def test_the_bus_adds_up(planned: PlannedNetwork, found: list[dict[str, Any]]) -> None:
    points = [event for event in found if event["ph"] == "C"]
    assert 10 < len(points) <= POINTS + 1
    assert points[-1]["ts"] == planned.run.cycles
    moved = dict.fromkeys(USERS, 0.0)
    for point, following in pairwise(points):
        for user in USERS:
            moved[user] += point["args"][user] * (following["ts"] - point["ts"])
            assert 0 <= point["args"][user] <= planned.program.config.bus_bytes
    read = sum(moved[user] for user in ("fetch", "load", "weights"))
    assert (read, moved["store"]) == (planned.run.read_bytes, planned.run.write_bytes)


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("requests")
    (folder / "model.tflite").write_bytes(write_file(mobilenet_v2(0.35, 32, classes=10), 0, Style()))
    assert main(["compile", *SMALL, "--out", str(folder / "program")]) == 0
    return {"layer": ["conv_dw_5", *SMALL, *SLOW], "network": [*SMALL, *SLOW],
            "model": ["--model", str(folder / "model.tflite"), "--config", "pe64"],
            "program": ["--program", str(folder / "program")]}


@pytest.mark.parametrize("what", ["layer", "network", "model", "program"])
def test_model_and_rtl_have_the_same_events(requests: dict[str, list[str]], what: str, tmp_path: Path) -> None:
    traces = []
    for command in ("sim", "rtl"):
        path = tmp_path / f"{command}.json"
        assert main([command, *requests[what], "--trace", str(path)]) == 0
        traces.append(json.loads(path.read_text()))
        assert violations(traces[-1]) == []
        assert traces[-1]["otherData"]["made_by"] == {"sim": "model"}.get(command, command)
    model, rtl = traces
    assert model["traceEvents"] == rtl["traceEvents"]
    assert {event["pid"] for event in rtl["traceEvents"]} == ({1, 2} if what == "layer" else {1})


def test_pieces_are_processes(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    names = ["conv_dw_5", "conv_pw_12"]
    pieces = Pieces(title="", cascades=[(mobilenet_v1(0.25, 32).layer(name),) for name in names], host=(), macs=1,
                    reason="")
    sim_pieces(Namespace(trace=str(path), clock_mhz=100.0), pieces, PRESETS["pe64"], MemoryTiming())
    trace = json.loads(path.read_text())
    assert violations(trace) == []
    assert [event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"] == names


@pytest.mark.parametrize(("path", "words"), [
    ("absent/trace.json", "absent/trace.json: No such file"), (".", "--trace ."), ("", "--trace "),
])
def test_a_file_that_cannot_be_written(path: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sim", "conv_dw_5", *SMALL, "--trace", path]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
