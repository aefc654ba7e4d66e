"""ONNX import against onnxruntime: by at most 1 in each layer, and how often is written down.

onnxruntime rounds float32(accumulator) · float32(scale) once, ties to even; golden computes TFLite's rule.
"""

import numpy as np
import pytest

from golden.model import Model, run_node
from golden.network import INPUT
from golden.onnx_import import parse_onnx
from tests.golden.onnx_files import Floats, mobile, onnx, quantise
from tests.golden.test_onnx import outside

ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

SHARE = 0.005
"""Of elements that may differ from onnxruntime, fed the same input; measured: 1288 of 698028, 0.18 %."""


class Session:
    """onnxruntime on one thread, with every quantised tensor an output."""

    def __init__(self, content: bytes, *, fused: bool) -> None:
        model = onnx.ModelProto.FromString(content)
        self.names = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
        types = {t.name: t.data_type for t in model.graph.initializer}
        del model.graph.output[:]
        for node in model.graph.node:
            if node.op_type == "QuantizeLinear":
                kind = types[node.input[2]]
                model.graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], kind, None))
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        level = ort.GraphOptimizationLevel
        options.graph_optimization_level = level.ORT_ENABLE_ALL if fused else level.ORT_DISABLE_ALL
        self.session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def run(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Quantised tensors by name."""
        return dict(zip(self.names, self.session.run(None, {"x": x}), strict=True))


def differences(model: Model, tensors: dict[str, np.ndarray], x: np.ndarray) -> dict[str, np.ndarray]:
    """Golden minus onnxruntime for each layer, fed what onnxruntime fed its own."""
    by_layer = {INPUT: model.input.read(outside(x))}
    found = {}
    for node, spec, sources in zip(model.nodes, model.network.layers, model.network.inputs, strict=True):
        port = model.port(spec.name)
        given = tensors.get(port.name)
        inputs = [by_layer[source] for source in sources if source in by_layer]
        if len(inputs) == len(sources):
            y = run_node(node, *inputs)
            if given is not None:
                wanted = outside(given).reshape(port.shape)
                found[spec.name] = port.write(y).astype(int) - wanted.astype(int)
            by_layer[spec.name] = y
        if given is not None:
            by_layer[spec.name] = port.read(outside(given).reshape(port.shape))
    return found


def wide(rng):
    """Deeper sums than `mobile` has: 64 and 256 channels, 3×3 and 1×1, an add, a mean, a classifier."""
    net = Floats(rng=rng)
    x = net.relu6(net.conv("x", 3, 64, 3, strides=(2, 2), pads=(1, 1, 1, 1)))
    skip = net.conv(x, 64, 64, 1)
    x = net.relu6(net.conv(skip, 64, 256, 1))
    x = net.relu6(net.conv(x, 256, 256, 3, group=256, pads=(1, 1, 1, 1)))
    x = net.op("Add", skip, net.conv(x, 256, 64, 1))
    x = net.op("Flatten", net.op("GlobalAveragePool", net.relu6(net.conv(x, 64, 128, 1))))
    return net, (1, 3, 32, 32), net.gemm(x, 128, 100)


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "float"])
@pytest.mark.parametrize("activations", ["uint8", "int8"])
def test_share(activations, fused, tmp_path):
    """Within ±1 everywhere; the share of differing elements, over all layers, is below `SHARE`."""
    net, shape, output = wide(np.random.default_rng(3))
    content = quantise(net.file(shape, output), tmp_path, activations=activations)
    model, session = parse_onnx(content), Session(content, fused=fused)
    differing, total = 0, 0
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        for layer, difference in differences(model, session.run(x), x).items():
            assert np.abs(difference).max() <= 1, layer
            differing += np.count_nonzero(difference)
            total += difference.size
    print(f"{activations} {'fused' if fused else 'float'}: {differing} of {total} elements differ by 1")
    assert total > 500_000
    assert differing < SHARE * total


@pytest.mark.parametrize("seed", range(4))
def test_small_networks(seed, tmp_path):
    net, shape, output = mobile(np.random.default_rng(seed))
    content = quantise(net.file(shape, output), tmp_path)
    model, session = parse_onnx(content), Session(content, fused=True)
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    found = differences(model, session.run(x), x)
    assert max(np.abs(difference).max() for difference in found.values()) <= 1


def test_the_comparison_rejects(tmp_path):
    """A model with the channels of one layer reversed is far off."""
    net, shape, output = mobile(np.random.default_rng(0))
    content = quantise(net.file(shape, output), tmp_path)
    changed = onnx.ModelProto.FromString(content)
    weights = next(t for t in changed.graph.initializer if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 4)
    values = onnx.numpy_helper.to_array(weights)[::-1].copy()
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = differences(parse_onnx(changed.SerializeToString()), Session(content, fused=True).run(x), x)
    assert max(np.abs(difference).max() for difference in found.values()) > 1
