"""Whole networks in RTL: every tensor that reaches DRAM is golden's, every cycle the model's."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from golden.importer import load_tflite
from golden.model import Model
from golden.network import Network
from golden.networks import conv_mobilenet, mobilenet_v1, mobilenet_v2
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.rtl import run_rtl
from sim import commands
from sim.check import compare
from sim.cli import main
from sim.network_run import Comparison, NotExactError, PlannedNetwork, engine_input, finish, plan_network, whole_model
from sim.work import Source, seeded_picture
from tests.golden_models import INSTALLED
from tests.support.configs import TINY


def check(source: Source, config: EngineConfig, memory: MemoryTiming, *, seed: int = 0) -> None:
    model = whole_model(source, seed)
    planned = plan_network(source, config, memory, seed=seed)
    picture = seeded_picture(model, seed)
    comparison = Comparison(model, picture, "double")
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory, on_tensor=comparison)
    assert compare(planned.run, run) == []
    assert set(comparison.exact) == planned.program.tensors.keys()
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
    comparison = Comparison(model, picture, "double")
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory, on_tensor=comparison)
    assert compare(planned.run, run) == []
    summed = {name for spec in network.layers if spec.op == "add" for name in network.inputs_of(spec.name)[1:]}
    assert {*comparison.exact} == {*network.names} - {"softmax"} - summed


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


def small_network(*, apart: bool) -> tuple[Model, PlannedNetwork]:
    source = Source(title="", network=conv_mobilenet(1 / 32, 32, classes=10))
    return whole_model(source, 0), plan_network(source, TINY, MemoryTiming(), seed=0, apart=apart)


def test_a_wrong_weight_stops_the_run_at_its_layer() -> None:
    """One bit of one weight of a layer in the middle, which must show in its tensor."""
    model, planned = small_network(apart=True)
    program, picture = planned.program, seeded_picture(model, 0)
    layer = "conv_7"
    address = next(command.fields["dram_address"] for command in program.commands
                   if command.unit == "weights" and program.layers[command.layer] == layer)
    image = bytearray(program.image)
    image[address] ^= 0x80
    comparison, ended = Comparison(model, picture, "double"), []
    with pytest.raises(NotExactError, match=rf"^{layer}: row \d+, column \d+, channel 0 is -?\d+, expected "):
        run_rtl(dataclasses.replace(program, image=bytes(image)),
                engine_input(model, picture, planned.specs, "double"), MemoryTiming(),
                on_event=lambda *event: ended.append(event), on_tensor=comparison)
    names = [spec.name for spec in planned.specs]
    assert comparison.exact == names[:names.index(layer)]
    assert sum(kind == "ended" for kind, *_ in ended) < len(program.commands) // 2 + len(names)


def test_the_command_line_stops_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The engine is given another picture than golden."""
    monkeypatch.setattr(commands, "engine_input",
                        lambda *given: engine_input(*given) ^ np.int8(64))
    arguments = ["rtl", "--network", "mobilenet_v1", "--alpha", "0.25", "--resolution", "32", "--config", "pe64"]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert re.search(r"\n  \w+: row \d+, column \d+, channel \d+ is -?\d+, expected .*; stopped\n$", out)
    assert "bit-exact" not in out + err
