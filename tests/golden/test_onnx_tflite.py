"""A real network in either format is the same model, name by name and integer by integer.

Since the `.tflite` one equals TFLite's reference kernels (`test_models.py`), so does the ONNX one.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from golden.layer import QuantisedLayer
from golden.onnx_import import parse_onnx
from golden.ops import Layer
from tests.golden.models import load, model_rows
from tests.golden.onnx_from_tflite import rewritten


def same(expected: Layer, got: Layer) -> list[str]:
    """Names of the fields that differ."""
    assert type(expected) is type(got)
    values = ((f.name, getattr(expected, f.name), getattr(got, f.name)) for f in fields(expected))
    return [name for name, a, b in values if not np.array_equal(a, b)]


@pytest.mark.parametrize("path", model_rows())
def test_same_model(path):
    expected, got = load(path), parse_onnx(rewritten(path.read_bytes()))
    assert got.network.name == expected.network.name
    compared = 0
    for node in expected.nodes:
        if isinstance(node, Layer):
            found = got.layer(node.spec.name)
            # float32 · float32 of uint8 files is not the double product of ONNX: the last bits of M differ
            single = isinstance(node, QuantisedLayer) and (
                expected.input.dtype == "uint8" or node.spec.op == "fully_connected"
            )
            if node.spec.op == "depthwise" and node.spec.input_shape[2] == 1:  # ONNX knows it as a conv
                assert found.spec.op == "conv"
                found = replace(found, spec=node.spec, weights=found.weights[:, :, 0])
            if single:
                assert np.abs(node.multiplier - found.multiplier).max() < 256
                found = replace(found, multiplier=node.multiplier)
            assert same(node, found) == [], node.spec.name
            assert len(got.network.inputs_of(node.spec.name)) == len(expected.network.inputs_of(node.spec.name))
            compared += 1
    assert compared > 25


@pytest.mark.parametrize("path", model_rows())
def test_same_values(path):
    """The last engine layer of both, fed the same integers."""
    expected, got = load(path), parse_onnx(rewritten(path.read_bytes()))
    if expected.input.dtype != "int8" or expected.network.layers[0].op not in ("conv", "depthwise"):
        pytest.skip("the file does not begin with an int8 convolution")
    x = np.random.default_rng(0).integers(-128, 128, expected.input.shape, dtype=np.int8)
    assert expected.input.scale is not None
    assert expected.input.zero_point is not None
    real = ((x.astype(np.float64) - expected.input.zero_point) * expected.input.scale).astype(np.float32)
    outputs = dict(got.trace(real))
    for name, values in expected.trace(x):
        if name in outputs and expected.network.layer(name).op != "softmax":
            np.testing.assert_array_equal(outputs[name], values, strict=True)
