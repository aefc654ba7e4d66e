"""The post-training quantiser on small networks: its float path, its constants, its int8 beside float."""

from dataclasses import replace

import numpy as np
import pytest

from golden.add import AddLayer
from golden.layer import MULTIPLYING, LayerSpec, Padding, QuantisedLayer, window_output
from golden.mobilenet_v1 import mobilenet_v1
from golden.mobilenet_v2 import mobilenet_v2
from golden.model import Model, ModelError, Port, run_node
from golden.network import INPUT, Network
from golden.ptq import FloatModel, calibrate, quantise
from golden.ptq.calibration import Range
from golden.ptq.float_model import fold_batch_norm
from golden.ptq.float_ops import run_float_layer
from golden.ptq.quantiser import quantise_weights


def random_model(network: Network, seed: int) -> FloatModel:
    """Weights that keep activations near one, as trained ones do."""
    rng = np.random.default_rng(seed)
    weights, biases = {}, {}
    for spec in network.layers:
        if spec.op in MULTIPLYING:
            fan_in = np.prod(spec.kernel) if spec.op == "depthwise" else np.prod(spec.weight_shape[:-1])
            gain = rng.uniform(0.5, 2, spec.weight_shape[-1]) * np.sqrt(2 / fan_in)
            weights[spec.name] = (rng.normal(size=spec.weight_shape) * gain).astype(np.float32)
            biases[spec.name] = rng.normal(size=spec.output_shape[2]).astype(np.float32)
    return FloatModel(network=network, weights=weights, biases=biases)


def pictures(network: Network, count: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=network.input_shape).astype(np.float32) for _ in range(count)]


def step_of(port: Port) -> float:
    assert port.scale is not None
    return port.scale


def to_integers(port: Port, real: np.ndarray) -> np.ndarray:
    """Reals as the port's int8."""
    assert port.zero_point is not None
    return np.clip(np.rint(real / step_of(port)) + port.zero_point, -128, 127).astype(np.int8)


def to_reals(port: Port, integers: np.ndarray) -> np.ndarray:
    """The port's int8 as reals."""
    assert port.zero_point is not None
    return (integers.astype(float) - port.zero_point) * step_of(port)


def layer(op, shape, filters, kernel=(1, 1), stride=(1, 1), padding=None, **fields) -> LayerSpec:
    padding = padding or Padding()
    size = (1, 1) if op == "fully_connected" else window_output(shape, kernel, stride, padding)
    return LayerSpec(name=op, op=op, input_shape=shape, output_shape=(*size, filters), kernel=kernel,
                     stride=stride, padding=padding, **fields)  # fmt: skip


ONE = {
    "conv": layer("conv", (7, 6, 3), 5, (3, 2), (2, 1), Padding(top=1, bottom=2, left=0, right=1)),
    "depthwise": layer("depthwise", (6, 7, 4), 8, (3, 3), (2, 2), Padding(top=1, bottom=0, left=1, right=1),
                       depth_multiplier=2, activation="relu6"),
    "pointwise": layer("pointwise", (3, 5, 6), 4, activation="relu"),
    "fully_connected": layer("fully_connected", (2, 3, 4), 7),
    "average_pool": layer("average_pool", (5, 4, 3), 3, (3, 2), (2, 2), Padding(top=1, right=1)),
}  # fmt: skip


def naive(spec: LayerSpec, weights, bias, x) -> np.ndarray:
    """One output at a time, in float64."""
    y = np.zeros(spec.output_shape)
    if spec.op == "fully_connected":
        y[0, 0] = sum(x.ravel()[i] * weights[i].astype(float) for i in range(weights.shape[0])) + bias
        return y
    for row, column, out in np.ndindex(spec.output_shape):
        taps, total = 0, 0.0
        for ky, kx in np.ndindex(spec.kernel):
            iy = row * spec.stride[0] + ky - spec.padding.top
            ix = column * spec.stride[1] + kx - spec.padding.left
            if 0 <= iy < x.shape[0] and 0 <= ix < x.shape[1]:
                taps += 1
                if spec.op == "average_pool":
                    total += x[iy, ix, out]
                elif spec.op == "depthwise":
                    total += x[iy, ix, out // spec.depth_multiplier] * float(weights[ky, kx, out])
                else:
                    matrix = weights if spec.op == "pointwise" else weights[ky, kx]
                    total += float(x[iy, ix] @ matrix[:, out])
        y[row, column, out] = total / taps if spec.op == "average_pool" else total + bias[out]
    low = 0 if spec.activation != "none" else -np.inf
    return np.clip(y, low, 6 if spec.activation == "relu6" else np.inf)


@pytest.mark.parametrize("op", ONE)
def test_float_layers(op):
    spec, rng = ONE[op], np.random.default_rng(1)
    x = rng.normal(size=spec.input_shape).astype(np.float32)
    weights = rng.normal(size=spec.weight_shape).astype(np.float32) if spec.weight_shape else None
    bias = rng.normal(size=spec.output_shape[2]).astype(np.float32)
    got = run_float_layer(spec, weights, bias, x)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, naive(spec, weights, bias, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("op", [*ONE])
def test_one_layer_in_int8(op):
    """Within what the steps allow: half of one at the output, and what rounded operands add up to."""
    spec = ONE[op]
    network = Network(name="one", layers=(spec,), inputs=((INPUT,),))
    model = random_model(network, 5)
    given = pictures(network, 4)
    quantised = quantise(model, calibrate(model, given, 100))
    for x in given:
        got = to_reals(quantised.ports[0], run_node(quantised.nodes[0], to_integers(quantised.input, x)))
        expected = model.run(x)
        assert np.abs(got - expected).max() < 0.06 * (expected.max() - expected.min())


def test_batch_norm_folds():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(50, 6)), rng.normal(size=(6, 4)).astype(np.float32)
    gamma, beta, mean = (rng.normal(size=4).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.01, 3, 4).astype(np.float32)
    folded, bias = fold_batch_norm(w, gamma, beta, mean, variance, 1e-3)
    expected = gamma * (x @ w - mean) / np.sqrt(variance + 1e-3) + beta
    assert (folded.dtype, bias.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(x @ folded + bias, expected, rtol=1e-5, atol=1e-5)


def test_weights_and_biases():
    """Each channel uses ±127 fully; no weight is off by more than half a step; 0 stays 0."""
    rng = np.random.default_rng(2)
    weights = (rng.normal(size=(3, 3, 5, 8)) * 10.0 ** rng.uniform(-3, 2, 8)).astype(np.float32)
    weights[..., 3] = 0
    bias = np.zeros(8, dtype=np.float32)
    integers, steps = quantise_weights(weights, bias, 0.1)
    assert (integers.dtype, integers.min() >= -127) == (np.int8, True)
    assert np.abs(integers).reshape(-1, 8).max(axis=0).tolist() == [127, 127, 127, 0, 127, 127, 127, 127]
    assert (np.abs(integers * steps - weights) <= steps * 0.5001).all()
    np.testing.assert_array_equal(steps, steps.astype(np.float32).astype(np.float64), strict=True)


@pytest.mark.parametrize("bias", [1e4, -1e9])
def test_large_biases_stay_within_30_bits(bias):
    """A dead channel with a large bias: the step grows, the bias keeps its value."""
    weights = np.zeros((4, 2), dtype=np.float32)
    weights[0, 1] = 1e-6
    _, steps = quantise_weights(weights, np.array([0, bias], dtype=np.float32), 0.01)
    integer = round(bias / (0.01 * steps[1]))
    assert abs(integer) <= (1 << 30) + 256
    assert integer * 0.01 * steps[1] == pytest.approx(bias, rel=1e-6)


NETS = {
    "v1": lambda: mobilenet_v1(0.25, 64, classes=10),
    "v2": lambda: mobilenet_v2(0.35, 64, classes=10),
}


def far_off(quantised: Model, model: FloatModel, x: np.ndarray) -> list[str]:
    """Layers whose int8, fed float's inputs, is further from float than rounding explains, or leaves its bounds."""
    values, found = {INPUT: x, **dict(model.trace(x))}, []
    network = quantised.network
    for node, spec, sources in zip(quantised.nodes, network.layers, network.inputs, strict=True):
        inputs = [to_integers(quantised.port(source), values[source]) for source in sources]
        got = to_reals(quantised.port(spec.name), run_node(node, *inputs))
        expected = values[spec.name]
        noise, size = (np.sqrt(np.mean(v**2)) for v in (got - expected, expected))
        bounded = spec.activation == "none" or (got.min() >= 0 and got.max() <= 6 + 1e-6)
        if noise >= 0.03 * size + 0.6 * step_of(quantised.port(spec.name)) or not bounded:
            found.append(spec.name)
    return found


@pytest.mark.parametrize("name", NETS)
def test_networks(name):
    network = NETS[name]()
    model = random_model(network, 0)
    given = pictures(network, 3)
    quantised = quantise(model, calibrate(model, given, 100))
    assert quantised.network is network
    assert (quantised.input.dtype, quantised.input.shape) == ("int8", (1, *network.input_shape))
    assert far_off(quantised, model, given[0]) == []


FAULTS = {
    "weights": lambda layer: replace(layer, weights=np.ascontiguousarray(layer.weights[..., ::-1])),
    "bias": lambda layer: replace(layer, bias=layer.bias // 2),
    "input zero point": lambda layer: replace(layer, input_zero_point=max(layer.input_zero_point - 12, -128) + 6),
    "shift": lambda layer: replace(layer, shift=layer.shift - 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_rejects(fault):
    """Each fault is seen in at least a third of the layers it is in."""
    network = NETS["v2"]()
    model = random_model(network, 0)
    x = pictures(network, 1)[0]
    quantised = quantise(model, calibrate(model, [x], 100))
    spoiled = tuple(FAULTS[fault](n) if isinstance(n, QuantisedLayer) else n for n in quantised.nodes)
    touched = sum(isinstance(node, QuantisedLayer) for node in quantised.nodes)
    assert len(far_off(replace(quantised, nodes=spoiled), model, x)) > touched // 3


def test_adds_have_both_scales():
    network = mobilenet_v2(0.35, 64, classes=10)
    model = random_model(network, 3)
    quantised = quantise(model, calibrate(model, pictures(network, 1)))
    adds = [node for node in quantised.nodes if isinstance(node, AddLayer)]
    assert len(adds) == 10
    for node in adds:
        ports = [quantised.port(source) for source in quantised.network.inputs_of(node.spec.name)]
        assert node.input_zero_points == tuple(port.zero_point for port in ports)


def test_calibration():
    network = Network(name="one", layers=(ONE["pointwise"],), inputs=((INPUT,),))
    model = random_model(network, 0)
    given = pictures(network, 2)
    whole = calibrate(model, given, 100)
    assert whole[INPUT] == Range(low=float(min(x.min() for x in given)), high=float(max(x.max() for x in given)))
    narrow = calibrate(model, given, 90)
    assert whole[INPUT].low < narrow[INPUT].low < narrow[INPUT].high < whole[INPUT].high
    assert whole["pointwise"].low == 0
    first = calibrate(model, given[:1], 100)
    assert first[INPUT].union(whole[INPUT]) == whole[INPUT]


def test_ranges_that_do_not_hold_zero():
    """Zero is made exact, also where all values lie on one side, or are equal, or none."""
    network = Network(name="one", layers=(ONE["pointwise"],), inputs=((INPUT,),))
    model = random_model(network, 0)
    for low, high, zero_point in ((1.0, 3.0, -128), (-4.0, -1.0, 127), (0.0, 0.0, -128), (-1.0, 1.0, -1)):
        quantised = quantise(model, {INPUT: Range(low=low, high=high), "pointwise": Range(low=0, high=4)})
        assert quantised.input.zero_point in (zero_point, zero_point + 1)
        assert isinstance(quantised.nodes[0], QuantisedLayer)
        assert quantised.nodes[0].input_zero_point == quantised.input.zero_point


def test_errors():
    network = Network(name="one", layers=(ONE["pointwise"],), inputs=((INPUT,),))
    model = random_model(network, 0)
    x = pictures(network, 1)[0]
    with pytest.raises(ModelError, match="at least one picture"):
        calibrate(model, [])
    with pytest.raises(ModelError, match=r"percentile must be above 50 and at most 100, not 101"):
        calibrate(model, [x], 101)
    with pytest.raises(ModelError, match=r"must be float32\(3, 5, 6\), not float64\(3, 5, 6\)"):
        model.run(x.astype(np.float64))
    with pytest.raises(ModelError, match="not finite"):
        calibrate(model, [x * np.float32(np.nan)])
    with pytest.raises(ModelError, match="pointwise has no range"):
        quantise(model, {INPUT: Range(low=0, high=1)})
    with pytest.raises(ModelError, match="pointwise has no bias"):
        replace(model, biases={})
    with pytest.raises(ModelError, match=r"weights must be float32\(6, 4\), not float32\(4, 6\)"):
        replace(model, weights={"pointwise": model.weights["pointwise"].T})
    with pytest.raises(ModelError, match="weights are not all finite"):
        replace(model, weights={"pointwise": model.weights["pointwise"] * np.float32(np.inf)})
    odd = LayerSpec(name="lrn", op="lrn", input_shape=(1, 1, 1), output_shape=(1, 1, 1))
    with pytest.raises(ModelError, match="lrn: lrn is not supported; supported are conv, depthwise"):
        FloatModel(network=Network(name="n", layers=(odd,), inputs=((INPUT,),)), weights={}, biases={})
