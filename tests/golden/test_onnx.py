"""ONNX import: every tensor equal to a slow exact evaluation of the file's own graph."""

import numpy as np
import pytest

from golden.model import Model
from golden.onnx_import import parse_onnx
from golden.open_model import open_model
from tests.golden.onnx_files import Floats, mobile, onnx, quantise
from tests.golden.qdq_reference import Evaluator, Integers

STYLES = {
    "uint8 per channel": {},
    "int8 per channel": {"activations": "int8"},
    "int8 per tensor": {"activations": "int8", "per_channel": False},
    "uint8 weights": {"weights": "uint8", "per_channel": False},
    "float weights": {"AddQDQPairToWeight": True},
    "symmetric": {"activations": "int8", "ActivationSymmetric": True},
}


def plain_pool(rng):
    net = Floats(rng=rng)
    x = net.op("AveragePool", net.conv("x", 2, 4, 3), kernel_shape=(3, 2), strides=(2, 2), pads=(1, 0, 1, 0))
    return net, (1, 2, 9, 8), net.op("Relu", net.conv(x, 4, 3, 2, auto_pad="SAME_UPPER", strides=(2, 1)))


def reduced(rng):
    net = Floats(rng=rng)
    x = net.op("ReduceMean", net.conv("x", 3, 7, 1), axes=(3, 2), keepdims=0)
    return net, (1, 3, 5, 6), net.op("MatMul", x, net.constant(rng.normal(size=(7, 4))))


def flattened(rng):
    """A picture flattened in ONNX's order, read by Gemm with B as it lies."""
    net = Floats(rng=rng)
    x = net.conv("x", 2, 3, 2, strides=(2, 3))
    x = net.op("Reshape", x, net.constant([0, -1], np.int64))
    return net, (1, 2, 4, 8), net.gemm(x, 18, 5, transposed=False)


def squeezed(rng):
    net = Floats(rng=rng)
    x = net.op("GlobalAveragePool", net.conv("x", 1, 6, 3, bias=False))
    x = net.conv(x, 6, 5, 1)
    return net, (1, 1, 6, 5), net.op("Squeeze", x, net.constant([2, 3], np.int64))


def multiplied(rng):
    """A depthwise layer with a multiplier, as the first one of a single-channel net has."""
    net = Floats(rng=rng)
    x = net.relu6(net.conv("x", 2, 6, 3, group=2, pads=(1, 1, 1, 1)))
    return net, (1, 2, 5, 4), net.op("Clip", net.conv(x, 6, 3, 1), net.constant(-0.5), net.constant(0.7))


def tensorflow(rng):
    """As TensorFlow's exporters write: channels last and a Transpose, a bias added after MatMul."""
    net = Floats(rng=rng)
    x = net.relu6(net.conv(net.op("Transpose", "x", perm=(0, 3, 1, 2)), 3, 6, 3, auto_pad="SAME_UPPER"))
    x = net.op("Squeeze", net.op("GlobalAveragePool", x), net.constant([2, 3], np.int64))
    x = net.op("MatMul", x, net.constant(rng.normal(size=(6, 5))))
    return net, (1, 3, 3, 3), net.op("Softmax", net.op("Add", x, net.constant(rng.normal(size=5))))


NETS = {f.__name__: f for f in (mobile, plain_pool, reduced, flattened, squeezed, multiplied, tensorflow)}


def outside(values: np.ndarray) -> np.ndarray:
    """ONNX's layout to golden's."""
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values


def mismatches(model: Model, evaluator: Evaluator, x: np.ndarray, given: np.ndarray) -> dict[str, int]:
    """Elements of each layer that differ, the file fed x and the model `given`; every layer is looked for."""
    evaluator.run(x)
    found = {}
    for name, output in model.trace(given):
        port = model.port(name)
        expected = evaluator.values.get(port.name)
        if isinstance(expected, Integers):
            wanted = outside(expected.values).astype(port.dtype).reshape(port.shape)
            found[name] = int(np.count_nonzero(port.write(output) != wanted))
    return found


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", NETS)
def test_every_tensor(name, style, tmp_path):
    for seed in range(2):
        net, shape, output = NETS[name](np.random.default_rng(seed))
        content = quantise(net.file(shape, output), tmp_path, **STYLES[style])
        model, evaluator = parse_onnx(content), Evaluator(content)
        x = np.random.default_rng(seed + 50).normal(size=shape).astype(np.float32) * 1.5
        given = x if name == "tensorflow" else outside(x)
        found = mismatches(model, evaluator, x, given)
        assert {layer: count for layer, count in found.items() if count} == {}
        assert len(found) >= len([s for s in model.network.layers if s.op not in ("dequantize", "softmax")])
        got, expected = model.run(given), evaluator.run(x)
        np.testing.assert_allclose(got.ravel(), outside(expected).ravel(), rtol=1e-6, atol=0)


def test_the_comparison_rejects(tmp_path):
    """Single rounding, TFLite's other rule, is seen."""
    net, shape, output = mobile(np.random.default_rng(0))
    content = quantise(net.file(shape, output), tmp_path)
    model, evaluator = parse_onnx(content), Evaluator(content)
    x = np.random.default_rng(50).normal(size=shape).astype(np.float32)
    evaluator.run(x)
    differing = 0
    for name, values in model.trace(outside(x), rounding="single"):
        expected = evaluator.values.get(model.port(name).name)
        if isinstance(expected, Integers):
            differing += np.count_nonzero(model.port(name).write(values).ravel() != outside(expected.values).ravel())
    assert differing > 0


def test_a_model_looks_as_its_file_says(tmp_path):
    net, shape, output = mobile(np.random.default_rng(0))
    (tmp_path / "m.onnx").write_bytes(quantise(net.file(shape, output), tmp_path))
    model = open_model(tmp_path / "m.onnx")
    assert (model.input.dtype, model.input.shape) == ("float32", (1, 13, 17, 3))
    assert (model.output.dtype, model.output.shape) == ("float32", (1, 5))
    ops = [spec.op for spec in model.network.layers]
    assert ops == ["quantize", "conv", "depthwise", "pointwise", "pointwise", "depthwise", "pointwise", "add",
                   "depthwise", "pointwise", "mean", "fully_connected", "dequantize", "softmax", "quantize",
                   "dequantize"]  # fmt: skip
    assert model.layer("t3_QuantizeLinear_Output") is model.layer("depthwise_2")
    with pytest.raises(ValueError, match="no layer 'conv_9'"):
        model.layer("conv_9")


def test_clips_that_stay_in_the_file_are_fused():
    """Conv → Clip → QuantizeLinear, the clip not implied by the range of the output."""
    model = parse_onnx(one_conv(clip=(0.0, 6.0), scale=0.05, zero_point=3))
    layer = model.layer("pointwise_1")
    assert (layer.minimum, layer.maximum, layer.spec.activation) == (3, 123, "relu6")


def one_conv(*, clip=None, scale=0.05, zero_point=0) -> bytes:
    """x (1, 2, 3, 3) → Q → DQ → Conv 1×1 → (Clip) → Q → DQ, written by hand."""
    net = Floats(rng=np.random.default_rng(0))
    levels = [net.constant(1 / 64), net.constant(0, np.int8)]
    x = net.op("DequantizeLinear", net.op("QuantizeLinear", "x", *levels), *levels)
    weights = net.constant([[[[64]], [[-96]]]], np.int8)
    w = net.op("DequantizeLinear", weights, net.constant([1 / 128]), net.constant([0], np.int8), axis=0)
    y = net.op("Conv", x, w)
    if clip:
        y = net.op("Clip", y, net.constant(clip[0]), net.constant(clip[1]))
    out = [net.constant(scale), net.constant(zero_point, np.int8)]
    return net.file((1, 2, 3, 3), net.op("DequantizeLinear", net.op("QuantizeLinear", y, *out), *out))


def test_a_transpose_between_quantisations():
    """x (n, h, w, c) → Q → DQ → Transpose → Q → DQ → Conv: the input keeps its layout."""
    net = Floats(rng=np.random.default_rng(0))
    levels = [net.constant(1 / 64), net.constant(3, np.int8)]
    x = net.op("DequantizeLinear", net.op("QuantizeLinear", "x", *levels), *levels)
    x = net.op("Transpose", x, perm=(0, 3, 1, 2))
    x = net.op("DequantizeLinear", net.op("QuantizeLinear", x, *levels), *levels)
    weights = net.constant(np.arange(-9, 9).reshape(3, 2, 3, 1), np.int8)
    y = net.op("Conv", x, net.op("DequantizeLinear", weights, net.constant(0.1), net.constant(0, np.int8)))
    out = [net.constant(0.05), net.constant(-7, np.int8)]
    content = net.file((1, 4, 5, 2), net.op("DequantizeLinear", net.op("QuantizeLinear", y, *out), *out))
    model, evaluator = parse_onnx(content), Evaluator(content)
    assert model.input.shape == (1, 4, 5, 2)
    assert [spec.op for spec in model.network.layers] == ["quantize", "conv", "dequantize"]
    x = np.random.default_rng(1).normal(size=(1, 4, 5, 2)).astype(np.float32)
    np.testing.assert_array_equal(model.run(x), outside(evaluator.run(x)), strict=True)


def test_ties_go_away_from_zero():
    """Accumulators are multiples of 32, the multiplier is 2^−7: some outputs lie half way."""
    content = one_conv(scale=1 / 64)
    model, evaluator = parse_onnx(content), Evaluator(content)
    x = (np.arange(-9, 9).reshape(1, 2, 3, 3) / 64).astype(np.float32)
    assert set(mismatches(model, evaluator, x, outside(x)).values()) == {0}
    first, second = x[0].astype(np.float64) * 64
    expected = (first * 64 - second * 96) / 128
    ties = np.abs(expected) % 1 == 0.5
    got = dict(model.trace(outside(x)))["pointwise_1"][:, :, 0]
    assert ties.sum() >= 3
    np.testing.assert_array_equal(got[ties], np.trunc(expected[ties] + np.copysign(0.5, expected[ties])))


def test_scalar_scales_constants_and_identities(tmp_path):
    """Constant operators and identities say the same as initialisers."""
    content = one_conv()
    model = onnx.ModelProto.FromString(content)
    moved = [onnx.helper.make_node("Constant", [], [t.name], value=t) for t in model.graph.initializer]
    copies = [onnx.helper.make_node("Identity", ["x"], ["copy"])]
    for node in model.graph.node:
        node.input[:] = ["copy" if name == "x" else name for name in node.input]
    nodes = [*moved, *copies, *model.graph.node]
    del model.graph.node[:]
    del model.graph.initializer[:]
    model.graph.node.extend(nodes)
    x = np.random.default_rng(0).normal(size=(1, 3, 3, 2)).astype(np.float32)
    again = parse_onnx(model.SerializeToString())
    np.testing.assert_array_equal(again.run(x), parse_onnx(content).run(x), strict=True)
