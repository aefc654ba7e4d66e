"""What two reports say differently: nothing left out, nothing made up."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.diff import changes

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]


def report() -> dict[str, Any]:
    account = {"pointwise": {"busy": 8, "data": 0}}
    return {"schema": 1, "network": "net", "config": {"name": "pe64", "bus_bits": 64}, "memory": {"read_latency": 40},
            "clock_mhz": 100.0,
            "layers": [{"name": name, "op": "conv", "start": 0, "end": cycles, "cycles": cycles, "busy": 8,
                        "account": account} for name, cycles in (("one", 10), ("two", 20))],
            "units": {"pointwise": {"busy": 16, "data": 4}}, "total": {"cycles": 20, "utilisation": 0.5, "macs": 0}}


def diff(tmp_path: Path, a: dict[str, Any], b: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The machine-readable form; the exit status says the same."""
    for name, content in (("a", a), ("b", b)):
        (tmp_path / name).write_text(json.dumps(content))
    status = main(["diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json", "-"])
    found = json.loads(capsys.readouterr().out)
    assert status == (0 if found["equal"] else 1)
    return found


@pytest.mark.parametrize(("path", "value", "wanted"), [
    (("total", "cycles"), 25, {"a": 20, "b": 25, "change": 5, "relative": 0.25}),
    (("total", "macs"), 7, {"a": 0, "b": 7, "change": 7, "relative": None}),
    (("units", "pointwise", "data"), 3, {"a": 4, "b": 3, "change": -1, "relative": -0.25}),
])
def test_figures_of_a_run(path: tuple[str, ...], value: int, wanted: dict[str, Any], tmp_path: Path,
                          capsys: pytest.CaptureFixture[str]) -> None:
    changed = report()
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    (run,) = diff(tmp_path, report(), changed, capsys)["runs"]
    for name in path:
        run = run[name]
    assert run == wanted


def test_layers_are_matched_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = report()
    changed["layers"].reverse()
    assert diff(tmp_path, report(), changed, capsys)["equal"]
    changed["layers"][0] |= {"cycles": 30, "op": "add", "account": {"pointwise": {"busy": 8, "data": 10}}}
    changed["layers"][1]["name"] = "three"
    (run,) = diff(tmp_path, report(), changed, capsys)["runs"]
    assert (run["only_a"], run["only_b"]) == (["one"], ["three"])
    assert run["layers"] == [{
        "name": "two", "op": {"a": "conv", "b": "add"}, "cycles": {"a": 20, "b": 30, "change": 10, "relative": 0.5},
        "account": {"pointwise": {"data": {"a": 0, "b": 10, "change": 10, "relative": None}}}}]


def test_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = report() | {"network": "other", "config": {"name": "pe64", "bus_bits": 32}}
    found = diff(tmp_path, report(), changed, capsys)
    assert found["settings"] == {"network": {"a": "net", "b": "other"}, "config": {"bus_bits": {
        "a": 64, "b": 32, "change": -32, "relative": -0.5}}}
    assert found["runs"][0]["equal"]
    assert not found["equal"]


def test_a_figure_only_one_states_is_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rtl = deepcopy(report())
    rtl["total"] |= {"rtl_cycles": 20, "bit_exact": True}
    assert diff(tmp_path, report(), rtl, capsys)["equal"]


def test_a_number_is_no_truth_value() -> None:
    assert changes({"x": 1}, {"x": True}) == {"x": {"a": 1, "b": True}}
    assert changes({"x": 1}, {"x": 1.0}) == {}


def test_reports_of_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of sim and of rtl they are equal; of two engines the text has each total."""
    files = {name: str(tmp_path / f"{name}.json") for name in ("sim", "rtl", "narrow")}
    for name in ("sim", "rtl"):
        assert main([name, "conv_dw_5", *SMALL, "--json", files[name]]) == 0
    assert main(["sim", "conv_dw_5", *SMALL[:-1], "pe64,bus_bits=32", "--json", files["narrow"]]) == 0
    capsys.readouterr()
    assert main(["diff", files["sim"], files["rtl"]]) == 0
    assert capsys.readouterr().out.endswith("no difference\n")
    assert main(["diff", files["sim"], files["narrow"]]) == 1
    out = " ".join(capsys.readouterr().out.split())
    a, b = (json.loads(Path(files[name]).read_text()) for name in ("sim", "narrow"))
    for words in ("conv_dw_5 → conv_pw_5", "in the network", "config bus_bits", "depthwise"):
        assert words in out
    for ours, theirs in ((a["total"], b["total"]), (a["in_pair"]["total"], b["in_pair"]["total"])):
        before, after = ours["cycles"], theirs["cycles"]
        assert f" cycles {before:,} {after:,} {after - before:+,} ({after / before - 1:+.1%})" in out


def test_several_layers_are_matched_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = report(), report()
    two["layers"] = [{"name": "two"}]
    one["in_pair"] = {"layers": [{"name": "one"}], "total": {"cycles": 5}}
    two["total"]["cycles"] = 99
    found = diff(tmp_path, {"schema": 1, "reports": [one, two]}, two, capsys)
    assert found["only_a"] == ["one → two", "one"]
    other = {"schema": 1, "reports": [two, one]}
    assert [run["name"] for run in diff(tmp_path, {"schema": 1, "reports": [one, two]}, other, capsys)["runs"]] == [
        "one → two", "one", "two"]


@pytest.mark.parametrize(("change", "words"), [
    (lambda report: report.pop("schema"), "it has no schema"),
    (lambda report: report.update(schema=2), "schema 2: only 1 is known"),
    (lambda report: report.pop("total"), "no cycles in total"),
    (lambda report: report["total"].update(cycles="many"), "no cycles in total"),
    (lambda report: report.pop("config"), "no config"),
    (lambda report: report["layers"].append({}), "layers without names"),
    (lambda report: report.update(units=[]), "no account in units"),
    (lambda report: report.update(in_pair=3), "no cycles in total"),
    (lambda report: report.update(in_network={}), "in_network without a name"),
    (lambda report: report.update(reports=[]), "no reports"),
    (lambda report: report.update(reports=[1]), "a report must be an object"),
])
def test_what_is_no_report(change: Callable[[dict[str, Any]], Any], words: str, tmp_path: Path,
                           capsys: pytest.CaptureFixture[str]) -> None:
    wrong = report()
    change(wrong)
    (tmp_path / "good").write_text(json.dumps(report()))
    (tmp_path / "wrong").write_text(json.dumps(wrong))
    _refused([str(tmp_path / "good"), str(tmp_path / "wrong")], f"{tmp_path}/wrong: ", words, capsys)


@pytest.mark.parametrize(("content", "words"), [
    (b"{", "not JSON"), (b"\xff", "not JSON"), (b"[" * 10**6, "not JSON"), (b"[]", "no schema"),
])
def test_what_is_no_json(content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong").write_bytes(content)
    _refused([str(tmp_path / "wrong"), "absent"], "wrong", words, capsys)


def test_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    _refused(["absent.json", "absent.json"], "absent.json", "No such file", capsys)


def _refused(files: list[str], where: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *files]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert where in captured.err
    assert words in captured.err
