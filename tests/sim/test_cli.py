"""The command line: results, machine-readable reports, and one clear line for what can't be done."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from golden.importer import load_tflite
from golden.networks import mobilenet_v1, mobilenet_v2
from golden.tables import compared
from hw.account import KEYS
from sim.cli import main
from tests.golden_models import INSTALLED

SMALL = ["--resolution", "32", "--config", "pe64"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_sim_prints_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "sim", "conv_dw_5")
    assert (status, err) == (0, "")
    assert "28×28×256 → 28×28×256" in out
    assert "conv_dw_5 alone" in out
    assert "conv_dw_5 → conv_pw_5, fused" in out
    for key in KEYS:
        assert key in out


def test_sim_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "sim", "conv_pw_3", "--json", "-", "--clock-mhz", "50", *SMALL)
    report = json.loads(out)
    assert status == 0
    assert report["schema"] == 1
    assert report["clock_mhz"] == 50.0
    assert report["config"]["pe_cols"] == 8
    assert report["memory"]["read_latency"] == 40
    (layer,) = report["layers"]
    assert layer.keys() >= {"name", "op", "unit", "macs", "start", "end", "cycles", "busy", "utilisation",
                            "dram_read_bytes", "dram_write_bytes"}
    assert layer["macs"] == 8 * 8 * 128 * 128
    assert layer["cycles"] == layer["end"] - layer["start"]
    total = report["total"]
    assert total["frames_per_second"] == pytest.approx(50e6 / total["cycles"])
    assert total["utilisation"] == pytest.approx(layer["macs"] / ((64 + 9) * total["cycles"]))
    for cycles in report["units"].values():
        assert sum(cycles.values()) == total["cycles"]
    assert [row["name"] for row in report["in_pair"]["layers"]] == ["conv_dw_3", "conv_pw_3"]
    assert report["in_network"].keys() == layer.keys()
    assert (report["in_network"]["name"], report["in_network"]["macs"]) == ("conv_pw_3", layer["macs"])
    assert report["in_network"]["start"] > layer["end"]


def test_json_file_beside_the_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    status, out, _ = run(capsys, "sim", "conv_dw_3", "--json", str(path), *SMALL)
    assert status == 0
    assert "conv_dw_3 alone" in out
    assert json.loads(path.read_text())["layers"][0]["name"] == "conv_dw_3"


def test_network_counts_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "sim", "--json", "-", *SMALL)
    report = json.loads(out)
    assert status == 0
    assert len(report["layers"]) == 29  # all but the softmax
    assert report["total"]["macs"] == mobilenet_v1(resolution=32).macs


def test_network_with_adds(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "sim", "--network", "mobilenet_v2", "--json", "-", *SMALL)
    report, network = json.loads(out), mobilenet_v2(resolution=32)
    assert status == 0
    assert [row["name"] for row in report["layers"]] == [name for name in network.names if name != "softmax"]
    assert report["total"]["macs"] == network.macs
    rows = {row["name"]: row for row in report["layers"]}
    assert rows["block_2_add"]["end"] == rows["block_2_project"]["end"]


def test_a_compared_network_drops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "sim", "--network", "squeezenet", "--json", "-")
    report, network = json.loads(out), compared("squeezenet")
    assert status == 0
    names = [row["name"] for row in report["layers"]] + [layer["name"] for layer in report["not_run"]]
    assert sorted(names) == sorted(layer.name for layer in network.layers)
    assert all(layer["reason"] for layer in report["not_run"])
    assert report["total"]["macs"] + sum(layer["macs"] for layer in report["not_run"]) == sum(
        layer.macs for layer in network.layers)


def test_tables(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "tables")
    assert status == 0
    assert "MobileNetV1, table 1" in out
    status, out, _ = run(capsys, "tables", "--json", "-")
    assert json.loads(out)["schema"] == 1
    status, out, _ = run(capsys, "tables", "--layers", "vgg16")
    assert status == 0
    assert "conv1_1" in out


@pytest.mark.parametrize("flags", [[], ["--rounding", "single", "--seed", "3", "--memory", "read_latency=9"]])
def test_rtl_is_exact_and_equal(capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    status, out, _ = run(capsys, "rtl", "conv_dw_4", "--json", "-", *SMALL, *flags)
    report = json.loads(out)
    assert status == 0
    for part in (report, report["in_pair"]):
        assert part["units_from"] == "hardware counters"
        assert {sum(keys.values()) for keys in part["units"].values()} == {part["total"]["rtl_cycles"]}
        for row in (part["total"], *part["layers"]):
            assert row["bit_exact"] is True
            assert row["model_cycles"] == row["rtl_cycles"] > 0


def test_rtl_fails_when_golden_says_otherwise(capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import commands

    right = commands.golden_output
    monkeypatch.setattr(commands, "golden_output", lambda *arguments: right(*arguments) ^ np.int8(1))
    status, out, _ = run(capsys, "rtl", "conv_dw_4", *SMALL)
    assert status == 1
    assert "row 0, column 0, channel 0" in out


def test_rtl_of_a_network_names_the_first_mismatch(capsys: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import commands

    right = commands.engine_input
    monkeypatch.setattr(commands, "engine_input", lambda *arguments: ~right(*arguments))
    status, out, err = run(capsys, "rtl", "--alpha", "0.25", *SMALL)
    assert status == 1
    assert "\n  conv_preds: row 0, column 0, channel " in out
    assert "elements differ" in out
    assert "conv_dw_13 " in err


@pytest.mark.parametrize(("arguments", "words"), [
    (["sim", "conv_dw_55"], ["'conv_dw_55'", "Did you mean 'conv_dw_5'?", "conv_pw_13"]),
    (["sim", "block_2_add", "--network", "mobilenet_v2"], ["block_2_add", "the layer before it"]),
    (["sim", "conv_dw_5", "--config", "pe999"], ["'pe999'", "pe256"]),
    (["sim", "conv_dw_5", "--config", "pe256,pe_rows=12"], ["pe_rows=12", "multiple of 8", "nearest"]),
    (["sim", "conv_dw_5", "--config", "pe256,dw_channels=8"], ["dw_channels=8", "nearest: dw_channels=4"]),
    (["sim", "conv_dw_5", "--memory", "latency=3"], ["'latency'", "read_latency"]),
    (["sim", "conv_dw_5", "--memory", "bytes_per_cycle=99"], ["bytes_per_cycle=99", "carries 8"]),
    (["sim", "conv_dw_5", "--network", "resnet"], ["resnet", "mobilenet_v2"]),
    (["sim", "conv_dw_5", "--resolution", "31"], ["31", "at least 32"]),
    (["sim", "conv_dw_5", "--model", "absent.tflite"], ["absent.tflite"]),
    (["sim", "conv_dw_5", "--clock-mhz", "0"], ["--clock-mhz 0"]),
    (["sim", "conv_pw_13", "--config", "small,weight_bytes=4096"], ["weight_bytes=4096", "4132"]),
    (["rtl", "conv_dw_5", "--output", "y.npy"], ["--output", "whole networks"]),
    (["rtl", "conv_dw_5", "--input", "absent.npy"], ["absent.npy"]),
    (["sim", "conv_dw_5", "--json", "absent/report.json"], ["absent/report.json"]),
    (["rtl", "conv_dw_4", "--config", "pe64,retire_port=false"], ["retire_port=true"]),
    (["tables", "--layers", "foo"], ["foo", "vgg16"]),
    (["golden", "--model", "absent.tflite", "--image", "absent.png"], ["absent.tflite"]),
    (["verilog", "--config", "absent.json"], ["absent.json"]),
])
def test_wrong_requests(capsys: pytest.CaptureFixture[str], arguments: list[str], words: list[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_unknown_flags_are_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sim", "conv_dw_5", "--bogus"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_compiler_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from hw import verilator

    monkeypatch.setattr(verilator.shutil, "which", lambda tool, path=None: None if tool == "g++" else f"/bin/{tool}")
    status, _, err = run(capsys, "rtl", "conv_dw_4", *SMALL)
    assert status == 2
    assert "g++ is missing" in err


def test_list_shows_layers_and_presets(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "list", "--network", "mobilenet_v2")
    assert status == 0
    for word in ("mobilenet_v1", "block_16_project", "pe1024", "host"):
        assert word in out


def test_verilog_writes_three_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, _, _ = run(capsys, "verilog", "--config", "pe64", "--out", str(tmp_path / "new"))
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["sepconv.f", "sepconv.json", "sepconv.v"]


@pytest.mark.skipif(not INSTALLED, reason="no models in build/models: make models fetches them")
def test_an_installed_model_in_rtl_and_golden(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (path,) = [path for path in INSTALLED if path.stem == "visual_wake_words"]
    status, out, _ = run(capsys, "rtl", "conv_dw_5", "--model", str(path), "--config", "pe64", "--json", "-")
    report = json.loads(out)
    assert status == 0
    assert report["total"]["bit_exact"]
    assert report["in_pair"]["total"]["bit_exact"]

    model = load_tflite(path)
    values = np.zeros(model.input.shape, model.input.dtype)
    np.save(tmp_path / "x.npy", values)
    status, _, _ = run(capsys, "golden", "--model", str(path), "--input", str(tmp_path / "x.npy"),
                       "--output", str(tmp_path / "y.npy"))
    assert status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model.run(values), strict=True)


def test_sim_does_not_load_amaranth() -> None:
    code = "import sys; from sim.cli import main; main(['sim', 'conv_dw_5']); assert 'amaranth' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
