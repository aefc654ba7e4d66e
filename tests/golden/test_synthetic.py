"""Seeded layers: the same everywhere, and like trained ones; corners that do what they promise."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from golden.layer import QuantisedLayer
from golden.networks import mobilenet_v1, mobilenet_v2
from golden.ops import accumulate, finish, run_layer
from golden.synthetic import synthesise_input, synthesise_layer
from golden.synthetic_model import INPUT_ZERO_POINT, synthesise_model, synthesised_layer

NETWORKS = {"v1": mobilenet_v1(0.25, 96), "v2": mobilenet_v2(0.35, 96)}
ROOT = Path(__file__).resolve().parents[2]


def fingerprint() -> str:
    model = synthesise_model(NETWORKS["v2"], 7)
    x = synthesise_input(NETWORKS["v2"].input_shape, 7, zero_point=INPUT_ZERO_POINT)
    checksum = 0
    for _, output in model.trace(x):
        checksum = zlib.crc32(np.ascontiguousarray(output), checksum)
    return f"{checksum:08x}"


def test_every_process_sees_the_same_numbers():
    code = "from tests.golden.test_synthetic import fingerprint; print(fingerprint())"
    command, environment = [sys.executable, "-c", code], {"PYTHONHASHSEED": "5"}
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == fingerprint()


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_like_trained_ones(name):
    net = NETWORKS[name]
    x = synthesise_input(net.input_shape, 0, zero_point=INPUT_ZERO_POINT)
    for (layer, output), spec in zip(synthesise_model(net, 0).trace(x), net.layers, strict=True):
        if spec.op in ("softmax", "mean") or output.size < 2000:
            continue
        zeros, full = np.mean(output == -128), np.mean(output == 127)
        assert full < 0.05, layer
        assert output.std() > 30, layer
        assert 0.15 < zeros < 0.6 if spec.activation == "relu6" else zeros < 0.05, layer


@pytest.mark.parametrize("name", NETWORKS)
def test_a_layer_alone_is_the_layer_in_its_network(name):
    net = NETWORKS[name]
    model = synthesise_model(net, 3)
    for spec, node in zip(net.layers, model.nodes, strict=True):
        if not isinstance(node, QuantisedLayer):
            continue
        alone = synthesised_layer(net, spec.name, 3)
        assert isinstance(alone, QuantisedLayer)
        np.testing.assert_array_equal(alone.weights, node.weights, strict=True)
        np.testing.assert_array_equal(alone.bias, node.bias, strict=True)
        assert alone.input_zero_point == node.input_zero_point


def test_seeds_and_names_make_different_layers():
    net = NETWORKS["v1"]
    first = synthesise_layer(net.layer("conv_dw_8"), 0)
    assert (first.weights != synthesise_layer(net.layer("conv_dw_8"), 1).weights).any()
    assert (first.weights != synthesise_layer(net.layer("conv_dw_9"), 0).weights).any()


def test_ties_tell_half_away_from_half_up():
    spec = NETWORKS["v1"].layer("conv_pw_5")
    layer = synthesise_layer(spec, 0, corner="ties")
    x = synthesise_input(spec.input_shape, 0)
    accumulators = accumulate(x, layer)
    high = (accumulators + 1) >> 1
    half_up = (high + (1 << (-layer.shift - 1))) >> -layer.shift
    half_up = np.clip(half_up + layer.output_zero_point, -128, 127)
    differing = np.mean(finish(accumulators, layer) != half_up)
    assert differing > 0.01


def test_extremes_reach_the_ends_of_every_range():
    spec = NETWORKS["v1"].layer("conv_pw_8")
    layer = synthesise_layer(spec, 0, corner="extremes")
    assert (layer.weights.min(), layer.weights.max()) == (-128, 127)
    assert (layer.shift.min(), layer.shift.max()) == (-31, 1)
    assert (layer.multiplier.min(), layer.multiplier.max()) == (0, 2**31 - 1)
    assert np.abs(layer.bias.astype(np.int64)).max() == 2**30
    x = synthesise_input(spec.input_shape, 0, corner="extremes")
    assert np.mean((x == -128) | (x == 127)) > 0.5
    assert len(np.unique(run_layer(layer, x))) > 30


def test_host_layers_are_not_synthesised():
    with pytest.raises(ValueError, match="predictions: softmax has no weights"):
        synthesised_layer(NETWORKS["v1"], "predictions", 0)
