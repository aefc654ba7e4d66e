"""Pictures: they show the report's figures, no word covers another, and they come out the same each time."""

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from golden.networks import mobilenet_v1, mobilenet_v2
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.account import KEYS
from sim.cli import main
from sim.network_run import plan_network
from sim.plots.roofline import roofline
from sim.plots.style import style
from sim.plots.utilisation import utilisation
from sim.report import run_report
from sim.work import Source

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]
CONFIG = PRESETS["pe64"]


@pytest.fixture(scope="module", params=[mobilenet_v1(0.25, 64), mobilenet_v2(0.35, 32)], ids=lambda net: net.name)
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    planned = plan_network(Source(title="", network=request.param), CONFIG, MemoryTiming())
    return run_report(planned.specs, planned.run, CONFIG, 100.0)


def accounted(run: dict[str, Any]) -> dict[str, Any]:
    """The run with an account for each layer, as a run in the middle of others may have."""
    rows = []
    for index, row in enumerate(run["layers"]):
        mine = {"busy": row["busy"], "fill_drain": index, "data": 7 * index, "weights": 5, "space": 0}
        rows.append(row | {"account": {row["unit"]: mine} if row["busy"] else {}})
    return run | {"layers": rows}


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of words in a figure of which one covers the other."""
    figure.draw_without_rendering()
    words = [text for axes in figure.axes for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label)]
    words += [text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in axis.get_ticklabels()]
    words += [text for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)) if legend
              for text in legend.get_texts()]
    # An annotation's own extent includes its line.
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in words if text.get_text()]
    return [(one, other) for (one, first), (other, second) in combinations(boxes, 2) if first.overlaps(second)]


def test_the_roofline_shows_the_figures(run: dict[str, Any]) -> None:
    with style():
        (axes,) = roofline("", run, CONFIG, 8.0).axes
    shown = np.concatenate([collection.get_offsets() for collection in axes.collections])
    wanted = [(row["macs"] / (row["dram_read_bytes"] + row["dram_write_bytes"]), row["macs"] / row["cycles"])
              for row in (*run["layers"], run["total"]) if row["macs"]]
    np.testing.assert_allclose(sorted(map(tuple, shown)), sorted(wanted), rtol=1e-12)
    heights = {float(line.get_ydata()[-1]) for line in axes.lines}
    assert heights == {64, 9, 73}
    for line in axes.lines:
        (x, other), (y, top) = line.get_xdata(), line.get_ydata()
        assert y == pytest.approx(8 * x)
        assert top in (y, pytest.approx(8 * other))


def test_layers_without_traffic_are_named(run: dict[str, Any]) -> None:
    still = run["layers"][3] | {"dram_read_bytes": 0, "dram_write_bytes": 0}
    figure = roofline("", run | {"layers": [*run["layers"][:3], still]}, CONFIG, 8.0)
    assert f"No DRAM traffic: {still['name']}" in figure.get_supxlabel()


def test_bars_show_the_account(run: dict[str, Any]) -> None:
    shown = accounted(run)
    with style():
        above, below = utilisation("", shown, CONFIG).axes
    layers = [row["account"][row["unit"]] for row in shown["layers"] if row["busy"]]
    for axes, accounts in ((above, list(run["units"].values())), (below, layers)):
        assert len(axes.patches) == len(KEYS) * len(accounts)
        for bars, key in zip(axes.containers, KEYS, strict=True):
            for bar, account in zip(bars, accounts, strict=True):
                assert bar.get_width() == pytest.approx(account.get(key, 0) / sum(account.values()))
    marks = [float(line.get_xdata()[0]) for line in below.lines]
    assert marks == pytest.approx([row["macs"] / ((9 if row["unit"] == "depthwise" else 64)
                                                  * sum(row["account"][row["unit"]].values()))
                                   for row in shown["layers"] if row["macs"]])


def test_no_word_covers_another(run: dict[str, Any]) -> None:
    with style():
        figures = roofline("title", run, CONFIG, 8.0), utilisation("title", accounted(run), CONFIG)
        assert [overlapping(figure) for figure in figures] == [[], []]
        (axes,) = figures[0].axes
        axes.text(*axes.collections[-1].get_offsets()[0], "here")
        axes.text(*axes.collections[-1].get_offsets()[0], "there")
        assert overlapping(figures[0]) == [("here", "there")]


def test_files_come_out_the_same(run: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In another process too; one picture of each kind for each run that a report tells of."""
    saved = tmp_path / "mine.json"
    settings = {"schema": 1, "network": "net", "config": CONFIG.as_dict(), "memory": {}, "clock_mhz": 100.0}
    saved.write_text(json.dumps(settings | run | {"layers": run["layers"][:2], "in_pair": run | {
        "layers": run["layers"][1:3]}}))
    assert main(["plot", str(saved), "--out", str(tmp_path / "one")]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    command = [sys.executable, "-m", "sim.cli", "plot", str(saved), "--out", str(tmp_path / "two")]
    subprocess.run(command, check=True, capture_output=True)
    names = ["-".join(row["name"] for row in rows) for rows in (run["layers"][:2], run["layers"][1:3])]
    kinds = ("roofline.png", "roofline.svg", "utilisation.png", "utilisation.svg")
    assert [path.name for path in printed] == [f"{name}-{kind}" for name in names for kind in kinds]
    assert {path.name for path in printed} == {path.name for path in (tmp_path / "two").iterdir()}
    for path in printed:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_words_of_sim(tmp_path: Path) -> None:
    assert main(["plot", "conv_dw_5", *SMALL, "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("*-roofline.svg")} == {
        "conv_dw_5-roofline.svg", "conv_dw_5-conv_pw_5-roofline.svg"}


@pytest.mark.parametrize(("arguments", "words"), [
    (["absent.json"], "absent.json"),
    (["saved.json", "conv_dw_5"], "saved.json beside conv_dw_5"),
    (["flat.json"], "flat.json: no layers to plot"),
    (["bare.json"], "bare.json: conv1 has no macs"),
    (["odd.json"], "odd.json: pe_rows=12"),
    (["strange.json"], "strange.json: "),
    (["saved.json", "--out", "saved.json"], "--out saved.json"),
    (["conv_dw_55"], "Did you mean"),
])
def test_wrong_requests(run: dict[str, Any], arguments: list[str], words: str, tmp_path: Path,
                        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved = {"schema": 1, "network": "net", "config": CONFIG.as_dict(), "memory": {}, "clock_mhz": 100.0} | run
    bare = [{"name": "conv1"}]
    reports = {"saved": saved, "flat": saved | {"layers": []}, "bare": saved | {"layers": bare},
               "odd": saved | {"config": CONFIG.as_dict() | {"pe_rows": 12}},
               "strange": saved | {"config": {"colour": "red"}}}
    for name, report in reports.items():
        Path(f"{name}.json").write_text(json.dumps(report))
    assert main(["plot", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err


def test_without_matplotlib(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("sim.plots", "matplotlib"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", *SMALL]) == 2
    assert "pip install 'sepconv[plot]'" in capsys.readouterr().err
