"""Whole networks, in the styles converters write, against TFLite's reference kernels."""

from dataclasses import replace

import numpy as np
import pytest

from golden.importer import parse_tflite
from golden.layer import Padding
from golden.network import Network
from golden.networks import mobilenet_v1, mobilenet_v2
from golden.ops import Layer
from tests.golden.reference import Reference
from tests.golden.test_models import mismatches, random_input
from tests.golden.whole_files import Style, write_file


def pytorch_padding(network: Network) -> Network:
    """The same network with PyTorch's padding, (1, 1) on every side at stride 2 too."""
    around = Padding(top=1, bottom=1, left=1, right=1)
    layers = (
        replace(spec, padding=around) if spec.op in ("conv", "depthwise") else spec for spec in network.layers
    )
    return replace(network, layers=tuple(layers))


KERAS = Style(explicit_padding=True)
PYTORCH = Style(explicit_padding=True, low=-101)
UINT8 = Style(dtype="uint8", pool="AVERAGE_POOL_2D")
FLOAT = Style(float_ends=True)
ROWS = {
    "v1-0.25-96": (mobilenet_v1(0.25, 96, classes=2), Style()),
    "v1-0.5-64-keras": (mobilenet_v1(0.5, 64), KERAS),
    "v1-0.75-32-uint8": (mobilenet_v1(0.75, 32), UINT8),
    "v1-0.25-128-uint8-gray": (mobilenet_v1(0.25, 128, channels_in=1), UINT8),
    "v1-1.0-32-float": (mobilenet_v1(1.0, 32), FLOAT),
    "v1-0.25-64-pytorch": (pytorch_padding(mobilenet_v1(0.25, 64)), PYTORCH),
    "v2-0.35-96": (mobilenet_v2(0.35, 96), Style(pool="AVERAGE_POOL_2D")),
    "v2-0.15-64-keras": (mobilenet_v2(0.15, 64), KERAS),
    "v2-0.5-64-uint8": (mobilenet_v2(0.5, 64), UINT8),
    "v2-0.35-96-pytorch": (pytorch_padding(mobilenet_v2(0.35, 96)), PYTORCH),
    "v2-0.35-64-float": (mobilenet_v2(0.35, 64, channels_in=1, classes=3), FLOAT),
}
LARGE = {
    "v1-1.0-224": (mobilenet_v1(), KERAS),
    "v1-1.0-224-uint8": (mobilenet_v1(), UINT8),
    "v2-1.0-224": (mobilenet_v2(), Style()),
    "v2-1.0-224-uint8": (mobilenet_v2(), UINT8),
    "v2-1.0-224-pytorch": (pytorch_padding(mobilenet_v2()), PYTORCH),
    "v2-1.4-224": (mobilenet_v2(1.4), Style()),
}


def check(network: Network, style: Style, seed: int) -> None:
    content = write_file(network, seed, style)
    model, reference = parse_tflite(content), Reference(content)
    assert model.network.name == network.name
    x = random_input(model, seed)
    differing = {name for name, count in mismatches(model, reference, x).items() if count}
    # LiteRT rounds FULLY_CONNECTED its own way (test_one_operator); what follows it is fed by the reference.
    assert differing <= {spec.name for spec in network.layers if spec.op == "fully_connected"}
    if not differing:
        np.testing.assert_array_equal(model.run(x), reference.run(x), strict=True)


@pytest.mark.parametrize("row", ROWS)
def test_whole_files(row):
    check(*ROWS[row], seed=0)


@pytest.mark.full
@pytest.mark.parametrize("row", LARGE)
def test_large_whole_files(row):
    check(*LARGE[row], seed=1)


@pytest.mark.parametrize("row", ["v1-0.5-64-keras", "v2-0.35-96-pytorch", "v2-0.15-64-keras"])
def test_a_file_is_its_definition(row):
    """Padding folded, names and edges by position: what is read is what was written."""
    network, style = ROWS[row]
    model = parse_tflite(write_file(network, 0, style))
    engine = [node.spec for node in model.nodes if isinstance(node, Layer)]
    defined = [spec for spec in network.layers if spec.op != "softmax"]
    assert engine == defined
    for spec in defined:
        assert model.network.inputs_of(spec.name) == network.inputs_of(spec.name)
