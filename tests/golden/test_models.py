"""Real models against TFLite's reference kernels: every element of every layer, and the end."""

from dataclasses import replace

import numpy as np
import pytest

from golden.layer import Padding, QuantisedLayer
from golden.model import Model, run_node
from golden.network import INPUT
from golden.networks import mobilenet_v1, mobilenet_v2
from golden.pool import AveragePoolLayer
from tests.golden.models import input_rows, load, model_rows
from tests.golden.reference import Reference


def random_input(model: Model, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if model.input.dtype == "float32":
        return rng.normal(size=model.input.shape).astype(np.float32)
    limits = np.iinfo(model.input.dtype)
    return rng.integers(limits.min, limits.max, model.input.shape, dtype=model.input.dtype, endpoint=True)


def mismatches(model: Model, reference: Reference, x: np.ndarray, rounding="double") -> dict[str, int]:
    """Elements that differ, by layer; each layer is fed what the reference fed its own."""
    reference.run(x)
    found = {}
    for node, spec, sources in zip(model.nodes, model.network.layers, model.network.inputs, strict=True):
        ports = [model.port(source) for source in sources]
        inputs = [port.read(reference.tensor(port.index)) for port in ports]
        port = model.port(spec.name)
        expected = reference.tensor(port.index)
        got = port.write(run_node(node, *inputs, rounding=rounding))
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        found[spec.name] = int(np.count_nonzero(got != expected))
    return found


@pytest.mark.parametrize(("path", "picture"), input_rows())
def test_real_inputs(path, picture):
    model, reference = load(path), Reference(path.read_bytes())
    x = np.load(picture)
    assert {name: count for name, count in mismatches(model, reference, x).items() if count} == {}
    np.testing.assert_array_equal(model.run(x), reference.run(x), strict=True)


@pytest.mark.parametrize("path", model_rows())
def test_random_inputs(path):
    model, reference = load(path), Reference(path.read_bytes())
    for seed in range(3):
        x = random_input(model, seed)
        assert {name: count for name, count in mismatches(model, reference, x).items() if count} == {}
        np.testing.assert_array_equal(model.run(x), reference.run(x), strict=True)


@pytest.mark.parametrize("path", model_rows())
def test_trace_is_what_the_file_holds(path):
    model, reference = load(path), Reference(path.read_bytes())
    x = random_input(model, 7)
    reference.run(x)
    names = []
    for name, output in model.trace(x):
        port = model.port(name)
        np.testing.assert_array_equal(port.write(output), reference.tensor(port.index), strict=True)
        names.append(name)
    assert tuple(names) == model.network.names


@pytest.mark.parametrize("path", model_rows())
def test_feed_is_what_a_layer_reads(path):
    model = load(path)
    x = random_input(model, 2)
    outputs = {INPUT: model.input.read(x), **dict(model.trace(x))}
    for node, spec, sources in zip(model.nodes, model.network.layers, model.network.inputs, strict=True):
        inputs = model.feed(spec.name, x)
        np.testing.assert_array_equal(run_node(node, *inputs), outputs[spec.name], strict=True)
        for given, source in zip(inputs, sources, strict=True):
            np.testing.assert_array_equal(given, outputs[source], strict=True)


def broken_rounding(node):
    return node, "single"


def broken_weights(node):
    return replace(node, weights=np.ascontiguousarray(node.weights[..., ::-1])), "double"


def broken_zero_point(node):
    return replace(node, input_zero_point=node.input_zero_point + 1), "double"


def broken_bias(node):
    return replace(node, bias=node.bias + np.int32(400)), "double"


@pytest.mark.parametrize("path", model_rows())
@pytest.mark.parametrize("broken", [broken_rounding, broken_weights, broken_zero_point, broken_bias])
def test_the_comparison_rejects(path, broken):
    """The comparison above sees each of these faults, in every real model."""
    model, reference = load(path), Reference(path.read_bytes())
    changed = [broken(node) if isinstance(node, QuantisedLayer) else (node, "double") for node in model.nodes]
    spoiled = replace(model, nodes=tuple(node for node, _ in changed))
    rounding = "single" if broken is broken_rounding else "double"
    assert sum(mismatches(spoiled, reference, random_input(model, 0), rounding).values()) > 0


@pytest.mark.parametrize("path", model_rows())
def test_names(path):
    model = load(path)
    names = set(model.network.names)
    if model.network.name == "mobilenet_v1":
        assert {"conv1", "conv_dw_1", "conv_pw_1", "global_average_pooling2d", "conv_preds"} <= names
    elif model.network.name == "mobilenet_v2":
        assert {"Conv1", "expanded_conv_project", "block_2_add", "block_16_project", "Conv_1"} <= names
    for alias, name in model.aliases.items():
        assert model.layer(alias) is model.layer(name)
    for name in names:
        assert model.layer(model.port(name).name) is model.layer(name)
        assert model.resolve(name) == name


DEFINITIONS = {  # what the file's name says it is; its classes are its own
    "tiny_vww_96_int8": lambda classes: mobilenet_v1(0.25, 96, classes=classes),
    "tflm_person_detect_qdim0": lambda classes: mobilenet_v1(0.25, 96, channels_in=1, classes=classes),
    "coral_mobilenet_v1_0.25_128_quant": lambda classes: mobilenet_v1(0.25, 128, classes=classes),
    "visual_wake_words": lambda classes: mobilenet_v1(0.25, 96, classes=classes),
    "cfu_mobilenetv2_160_035": lambda classes: mobilenet_v2(0.35, 160, classes=classes),
}


@pytest.mark.parametrize("path", model_rows())
def test_a_file_is_the_network_it_is_called(path):
    """Shapes, padding and edges of the definition against those of the file."""
    if path.stem not in DEFINITIONS:
        pytest.skip("no definition is known for this file")
    model = load(path)
    definition = DEFINITIONS[path.stem](model.network.layers[-1].output_shape[2])
    for spec in definition.layers:
        if spec.op in ("mean", "softmax"):
            continue
        found = model.network.layer(spec.name)
        assert (found.input_shape, found.output_shape) == (spec.input_shape, spec.output_shape)
        assert (found.kernel, found.stride) == (spec.kernel, spec.stride)
        assert found.padding == spec.padding or found.padding == Padding()  # 1×1 after a pool
        if spec.op == "add":
            assert set(model.network.inputs_of(spec.name)) == set(definition.inputs_of(spec.name))


@pytest.mark.parametrize("path", model_rows())
def test_pools_of_uint8_models_know_it(path):
    model = load(path)
    pools = [node for node in model.nodes if isinstance(node, AveragePoolLayer)]
    assert all(pool.unsigned == (model.port(INPUT).dtype == "uint8") for pool in pools)
