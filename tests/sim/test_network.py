"""Whole networks in RTL: every tensor that reaches DRAM is golden's, every cycle the model's."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.importer import load_tflite
from golden.network import Network
from golden.networks import conv_mobilenet, mobilenet_v1, mobilenet_v2
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.rtl import run_rtl
from sim.check import compare
from sim.cli import main
from sim.network_run import engine_input, finish, mismatches, plan_network, whole_model
from sim.work import Source, seeded_picture
from tests.golden_models import INSTALLED
from tests.support.configs import TINY


def check(source: Source, config: EngineConfig, memory: MemoryTiming, *, seed: int = 0) -> None:
    model = whole_model(source, seed)
    planned = plan_network(source, config, memory, seed=seed)
    picture = seeded_picture(model, seed)
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory)
    assert compare(planned.run, run) == []
    found = dict(mismatches(planned.program, run.memory, model, picture, "double"))
    assert found.keys() == planned.program.tensors.keys()
    assert {name: str(mismatch) for name, mismatch in found.items() if mismatch is not None} == {}
    output = finish(model, planned.specs, planned.program.output.unpack(run.memory), "double")
    np.testing.assert_array_equal(output, model.run(picture), strict=True)


@pytest.mark.parametrize(("alpha", "resolution", "channels"), [(0.25, 32, 3), (0.25, 64, 1), (0.3, 96, 3)])
def test_mobilenet_v1(alpha: float, resolution: int, channels: int) -> None:
    network = mobilenet_v1(alpha, resolution, channels, classes=10)
    check(Source(title="", network=network), PRESETS["pe64"], MemoryTiming())


@pytest.mark.parametrize(("config", "alpha"), [(PRESETS["pe64"], 0.25), (TINY, 1 / 32)], ids=("pe64", "tiny"))
def test_conv_mobilenet(config: EngineConfig, alpha: float) -> None:
    network = conv_mobilenet(alpha, 32, classes=10)
    check(Source(title="", network=network), config, MemoryTiming())


@pytest.mark.parametrize(("alpha", "resolution"), [(0.35, 32), (0.5, 64)])
def test_mobilenet_v2(alpha: float, resolution: int) -> None:
    check(Source(title="", network=mobilenet_v2(alpha, resolution, classes=10)), PRESETS["pe64"], MemoryTiming())


def test_layers_apart() -> None:
    """The tensor of each layer is in DRAM, and golden's."""
    network, memory = mobilenet_v2(0.35, 32, classes=10), MemoryTiming()
    source = Source(title="", network=network)
    model = whole_model(source, 0)
    planned = plan_network(source, PRESETS["pe64"], memory, seed=0, apart=True)
    picture = seeded_picture(model, 0)
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory)
    assert compare(planned.run, run) == []
    found = dict(mismatches(planned.program, run.memory, model, picture, "double"))
    summed = {name for spec in network.layers if spec.op == "add" for name in network.inputs_of(spec.name)[1:]}
    assert found.keys() == {*network.names} - {"softmax"} - summed
    assert not any(found.values())


def test_on_a_small_engine_and_a_slow_memory() -> None:
    memory = MemoryTiming(read_latency=90, burst_bytes=64, max_outstanding=3, pause_period=200, pause_length=60)
    network = mobilenet_v1(0.25, 64, classes=7)
    check(Source(title="", network=network), PRESETS["pe64"], memory)


@pytest.mark.skipif(not INSTALLED, reason="no models in build/models: make models fetches them")
def test_a_real_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = [path for path in INSTALLED if path.stem == "visual_wake_words"]
    model = load_tflite(path)
    source = Source(title="", network=model.network, model=model)
    picture = seeded_picture(model, 3)
    np.save(tmp_path / "x.npy", picture)
    status = main(["rtl", "--model", str(path), "--config", "pe64", "--input", str(tmp_path / "x.npy"),
                   "--output", str(tmp_path / "y.npy"), "--json", "-"])
    assert status == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert total["bit_exact"]
    assert total["model_cycles"] == total["rtl_cycles"]
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model.run(picture), strict=True)
    assert source.whole()[0][0].name == "conv1"


@pytest.mark.full
@pytest.mark.parametrize("preset", ["pe256", "odd"])
@pytest.mark.parametrize("network", [mobilenet_v1, mobilenet_v2])
def test_at_full_size(preset: str, network: Callable[[], Network]) -> None:
    check(Source(title="", network=network()), PRESETS[preset], MemoryTiming())


def test_a_wrong_picture_shows() -> None:
    source = Source(title="", network=mobilenet_v1(0.25, 32, classes=10))
    model, memory = whole_model(source, 0), MemoryTiming()
    planned = plan_network(source, PRESETS["pe64"], memory, seed=0)
    picture = seeded_picture(model, 0)
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory)
    other = picture.copy()
    other[0, 0, 0, 0] ^= 64
    found = dict(mismatches(planned.program, run.memory, model, other, "double"))
    assert any(mismatch is not None for mismatch in found.values())
