"""torchvision's MobileNetV2 1.0-224 through onnxruntime's quantiser: imported, run, beside onnxruntime itself."""

import numpy as np
import pytest

from golden.image import IMAGENET, fit, load_pixels, normalisation_of
from golden.layer import MULTIPLYING
from golden.networks import mobilenet_v2
from golden.onnx_import import parse_onnx
from golden.ptq import FloatModel, load_mobilenet_v2
from tests.golden.onnx_files import Floats, quantise
from tests.golden.test_onnx_runtime import Session, differences
from tests.golden.wheels import CALIBRATION, PICTURES, WEIGHTS, needs_weights

pytest.importorskip("PIL", reason="the optional package pillow is not installed")

pytestmark = needs_weights

CLASSES = {"chelsea": range(281, 286), "coffee": range(967, 968)}
SHARE = 0.005
"""Of elements that may differ from onnxruntime, fed the same input; measured: 0.24 %."""


def picture(path) -> np.ndarray:
    """(1, c, h, w) as torchvision normalises it."""
    return IMAGENET.apply(fit(load_pixels(path), 224, 224)).transpose(2, 0, 1)[None]


def exported(model: FloatModel) -> bytes:
    """The float network as ONNX."""
    net, names = Floats(rng=np.random.default_rng(0)), {"input": "x"}
    for spec, sources in zip(model.network.layers, model.network.inputs, strict=True):
        inputs = [names[source] for source in sources]
        if spec.op in MULTIPLYING:
            weights, bias = model.weights[spec.name], net.constant(model.biases[spec.name])
            if spec.op == "fully_connected":
                y = net.op("Gemm", net.op("Flatten", *inputs), net.constant(weights), bias)
            else:
                depthwise, pad = spec.op == "depthwise", spec.padding
                shaped = weights.reshape(*spec.kernel, 1 if depthwise else -1, weights.shape[-1])
                group = spec.input_shape[2] if depthwise else 1
                y = net.op("Conv", *inputs, net.constant(shaped.transpose(3, 2, 0, 1)), bias, group=group,
                           strides=spec.stride, pads=(pad.top, pad.left, pad.bottom, pad.right))  # fmt: skip
        else:
            y = net.op({"add": "Add", "mean": "GlobalAveragePool", "softmax": "Softmax"}[spec.op], *inputs)
        names[spec.name] = net.relu6(y) if spec.activation == "relu6" else y
    height, width, channels = model.network.input_shape
    return net.file((1, channels, height, width), names[model.network.layers[-1].name])


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return quantise(exported(load_mobilenet_v2(WEIGHTS)), tmp_path_factory.mktemp("v2"), activations="int8",
                    feeds=[picture(path) for path in CALIBRATION])  # fmt: skip


def test_it_is_mobilenet_v2(content):
    model = parse_onnx(content)
    assert model.network.name == "mobilenet_v2"
    assert normalisation_of(model) == "imagenet"
    for spec in mobilenet_v2().layers:
        found = model.network.layer(spec.name)
        assert (found.op, found.input_shape, found.output_shape) == (spec.op, spec.input_shape, spec.output_shape)


@pytest.mark.parametrize("name", CLASSES)
def test_classes(content, name):
    model = parse_onnx(content)
    x = picture(PICTURES / f"{name}.png")
    scores = model.run(x.transpose(0, 2, 3, 1)).ravel()
    session = Session(content, fused=True)
    theirs = session.run(x)
    found = differences(model, theirs, x)
    total = sum(d.size for d in found.values())
    differing = sum(np.count_nonzero(d) for d in found.values())
    worst = max(int(np.abs(d).max()) for d in found.values())
    print(f"{name}: {differing} of {total} elements differ ({differing / total:.2%}), by at most {worst};",
          [(int(i), round(float(scores[i]), 3)) for i in np.argsort(-scores, kind="stable")[:5]])  # fmt: skip
    assert int(np.argmax(scores)) in CLASSES[name]
    assert worst <= 1
    assert differing < SHARE * total
