"""`sepconv ratio`: the numbers are the model's own, theory is the paper's formula."""

import json

import pytest

from golden.conv_mobilenet import conv_mobilenet
from golden.mobilenet_v1 import mobilenet_v1
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.cli import main
from sim.network_run import plan_network
from sim.search import plan
from sim.work import Source

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]


def test_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratio", *SMALL, "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    separable, full = mobilenet_v1(0.25, 32), conv_mobilenet(0.25, 32)
    assert [row["pair"] for row in report["pairs"]] == [
        [f"conv_dw_{block}", f"conv_pw_{block}"] for block in range(1, 14)]
    for row in report["pairs"]:
        layers = [separable.layer(name) for name in row["pair"]]
        spec = full.layer(row["convolution"])
        assert (layers[0].input_shape, layers[1].output_shape) == (spec.input_shape, spec.output_shape)
        assert row["theory"] == pytest.approx(row["macs_ratio"])
        assert row["theory"] == pytest.approx(sum(layer.macs for layer in layers) / spec.macs)
    row = report["pairs"][4]
    cycles = [plan(specs, PRESETS["pe64"], MemoryTiming()).run.cycles
              for specs in ([separable.layer(name) for name in row["pair"]], [full.layer("conv_5")])]
    assert [row["cycles"], row["full_cycles"]] == cycles
    assert row["cycles_ratio"] == pytest.approx(cycles[0] / cycles[1])
    whole = [plan_network(Source(title="", network=network), PRESETS["pe64"], MemoryTiming()).run.cycles
             for network in (separable, full)]
    assert [report["total"]["cycles"], report["total"]["full_cycles"]] == whole


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratio", *SMALL]) == 0
    out = capsys.readouterr().out
    assert "conv_dw_13 → conv_pw_13" in out
    assert "whole network" in out
    assert f"{mobilenet_v1(0.25, 32).macs:,} ÷ {conv_mobilenet(0.25, 32).macs:,}" in out


def test_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratio", "--resolution", "31"]) == 2
    assert "at least 32 pixels" in capsys.readouterr().err
