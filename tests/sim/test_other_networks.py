"""Networks of layers no MobileNet has, from a file to RTL as one program."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden.importer import load_tflite
from golden.layer import NO_PADDING, LayerSpec
from golden.network import INPUT, Network
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.rtl import run_rtl
from sim.check import compare
from sim.folding import folded
from sim.network_run import Comparison, engine_input, finish, plan_network
from sim.work import open_source, seeded_picture
from tests.golden.whole_files import Style, write_file
from tests.support.cases import connected, convolution, odd_depthwise, pointwise
from tests.support.configs import TINY


def chain(*layers: LayerSpec) -> Network:
    names = (INPUT, *(spec.name for spec in layers))
    return Network(name="other", layers=layers, inputs=tuple((name,) for name in names[:-1]))


def network() -> Network:
    """A map of every kind of convolution, odd in size, and a classifier that reads the last map as it lies."""
    return chain(
        convolution("stem", (21, 19, 3), 12, 2, kernel=(5, 5)),
        odd_depthwise("five", (11, 10, 12), (5, 5), 1),
        pointwise("pw", (11, 10, 12), 20),
        convolution("halved", (11, 10, 20), 9, 2, kernel=(1, 1)),
        odd_depthwise("doubled", (6, 5, 9), (3, 3), 2),
        convolution("valid", (6, 5, 18), 8, 1, NO_PADDING),
        odd_depthwise("dw", (4, 3, 8), (3, 3), 1, 2),
        convolution("narrow", (2, 2, 8), 11, 1),
        connected("fc", 11, 10, (2, 2)),
        LayerSpec(name="softmax", op="softmax", input_shape=(1, 1, 10), output_shape=(1, 1, 10)),
    )


@pytest.mark.parametrize("style", [Style(), Style(dtype="uint8")], ids=lambda style: style.dtype)
@pytest.mark.parametrize("config", [TINY, PRESETS["pe64"]], ids=lambda config: config.name)
def test_from_a_file_to_rtl(tmp_path: Path, config: EngineConfig, style: Style) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(write_file(network(), 4, style))
    model, memory = load_tflite(path), MemoryTiming()
    source = open_source(name="", alpha=1.0, resolution=0, model=str(path))
    assert "reshape" in [spec.op for spec in model.network.layers]
    planned = plan_network(source, config, memory, seed=0)
    assert [spec.macs for spec in planned.specs] == [spec.macs for spec in network().layers[:-1]]
    picture = seeded_picture(model, 2)
    comparison = Comparison(model, picture, "double")
    run = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), memory, on_tensor=comparison)
    assert compare(planned.run, run) == []
    assert set(comparison.exact) == planned.program.tensors.keys()
    output = finish(model, planned.specs, planned.program.output.unpack(run.memory), "double")
    np.testing.assert_array_equal(output, model.run(picture), strict=True)


def flat(name: str, shape: tuple[int, int, int]) -> LayerSpec:
    return LayerSpec(name=name, op="reshape", input_shape=shape, output_shape=(1, 1, int(np.prod(shape))))


def test_only_reshapes_for_a_classifier_are_folded() -> None:
    before, classifier = convolution("c", (3, 4, 5), 6), connected("fc", 72, 8)
    made = folded(chain(before, flat("flat", before.output_shape), classifier))
    assert made.layers == (before, replace(classifier, input_shape=(3, 4, 6)))
    assert made.inputs == ((INPUT,), ("c",))
    for layers in (
        (before, flat("flat", before.output_shape), pointwise("pw", (1, 1, 72), 8)),
        (flat("flat", (3, 4, 6)), classifier),
        (before, flat("flat", before.output_shape)),
    ):
        assert folded(chain(*layers)) == chain(*layers)
