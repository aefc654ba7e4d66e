"""The networks' shapes against the papers' counts and Keras' names."""

import pytest

from golden.layer import Padding
from golden.mobilenet_v2 import make_divisible
from golden.network import INPUT, Network, UnknownLayer
from golden.networks import mobilenet_v1, mobilenet_v2, network


@pytest.mark.parametrize(
    ("alpha", "resolution", "million_macs", "million_parameters"),
    [  # Howard et al., tables 6 and 7
        (1.0, 224, 569, 4.2),
        (0.75, 224, 325, 2.6),
        (0.5, 224, 149, 1.3),
        (0.25, 224, 41, 0.5),
        (1.0, 192, 418, 4.2),
        (1.0, 160, 290, 4.2),
        (1.0, 128, 186, 4.2),
    ],
)
def test_v1_counts(alpha, resolution, million_macs, million_parameters):
    net = mobilenet_v1(alpha, resolution)
    assert net.macs / 1e6 == pytest.approx(million_macs, abs=1)
    parameters = sum(spec.weights + (spec.output_shape[2] if spec.weights else 0) for spec in net.layers)
    assert parameters / 1e6 == pytest.approx(million_parameters, abs=0.06)


def test_v1_names_shapes_and_padding():
    net = mobilenet_v1()
    assert net.names[:3] == ("conv1", "conv_dw_1", "conv_pw_1")
    assert net.names[-3:] == ("global_average_pooling2d", "conv_preds", "predictions")
    assert len(net.layers) == 1 + 13 * 2 + 3
    assert net.input_shape == (224, 224, 3)
    conv1 = net.layer("conv1")
    assert (conv1.output_shape, conv1.padding) == ((112, 112, 32), Padding(bottom=1, right=1))
    conv_dw_5 = net.layer("conv_dw_5")
    assert (conv_dw_5.input_shape, conv_dw_5.output_shape) == ((28, 28, 256), (28, 28, 256))
    assert conv_dw_5.padding == Padding(top=1, bottom=1, left=1, right=1)
    assert net.layer("conv_dw_6").stride == (2, 2)
    assert net.layer("conv_dw_6").padding == Padding(bottom=1, right=1)
    assert net.inputs_of("conv1") == (INPUT,)
    assert net.inputs_of("conv_pw_13") == ("conv_dw_13",)


def test_v1_pairs():
    net = mobilenet_v1(0.25, 96)
    pair = (net.layer("conv_dw_5"), net.layer("conv_pw_5"))
    assert net.pair("conv_dw_5") == net.pair("conv_pw_5") == pair
    assert net.pair("conv1") is None
    assert net.pair("conv_preds") is None


@pytest.mark.parametrize(
    ("alpha", "resolution", "million_macs", "million_parameters"),
    [  # Sandler et al., table 4 (1.0, 1.4); Keras' documentation of MobileNetV2 (the others)
        (1.0, 224, 300, 3.47),
        (1.4, 224, 582, 6.06),
        (0.75, 224, 209, 2.61),
        (0.5, 224, 97, 1.95),
        (0.35, 224, 59, 1.66),
        (1.0, 192, 221, 3.47),
        (0.35, 96, 11, 1.66),
    ],
)
def test_v2_counts(alpha, resolution, million_macs, million_parameters):
    net = mobilenet_v2(alpha, resolution)
    assert net.macs / 1e6 == pytest.approx(million_macs, abs=1)
    assert sum(spec.weights for spec in net.layers) / 1e6 == pytest.approx(million_parameters, abs=0.05)


def test_v2_names_shapes_and_edges():
    net = mobilenet_v2()
    assert net.names[:5] == (
        "Conv1", "expanded_conv_depthwise", "expanded_conv_project", "block_1_expand", "block_1_depthwise",
    )  # fmt: skip
    assert net.names[-5:-2] == ("block_16_project", "Conv_1", "global_average_pooling2d")
    assert net.names[-2:] == ("predictions", "softmax")
    assert [name for name in net.names if name.endswith("add")] == [
        f"block_{block}_add" for block in (2, 4, 5, 7, 8, 9, 11, 12, 14, 15)
    ]
    assert net.inputs_of("block_2_add") == ("block_1_project", "block_2_project")
    assert net.inputs_of("block_5_add") == ("block_4_add", "block_5_project")
    assert net.layer("block_1_depthwise").padding == Padding(bottom=1, right=1)
    assert net.layer("block_1_depthwise").output_shape == (56, 56, 96)
    assert net.layer("block_13_project").output_shape == (7, 7, 160)
    assert net.pair("block_1_expand") is None
    assert net.pair("block_1_project") == (net.layer("block_1_depthwise"), net.layer("block_1_project"))
    assert {spec.activation for spec in net.layers if spec.name.endswith("project")} == {"none"}


@pytest.mark.parametrize(
    ("filters", "expected"), [(11, 16), (5, 8), (16, 16), (33.6, 32), (44.8, 48), (1, 8), (19, 24)]
)
def test_make_divisible(filters, expected):
    assert make_divisible(filters) == expected


def test_unknown_layer():
    with pytest.raises(UnknownLayer, match=r"no layer 'conv_dw5'. Did you mean 'conv_dw_5'\? Its layers: "):
        mobilenet_v1().layer("conv_dw5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resolution": 31}, "at least 32 pixels, not 31"),
        ({"resolution": 0}, "at least 32 pixels, not 0"),
        ({"alpha": 0.0}, "0 < alpha < 64, not 0.0"),
        ({"alpha": 0.01}, "alpha ≥ 1/32, not 0.01"),
        ({"alpha": float("nan")}, "not nan"),
        ({"classes": 0}, "at least one"),
    ],
)
def test_v1_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        mobilenet_v1(**arguments)


def test_no_such_network():
    with pytest.raises(ValueError, match="no network 'mobilenet_v9'; the networks are mobilenet_v1"):
        network("mobilenet_v9")


def test_network_refuses_broken_edges():
    net = mobilenet_v1(0.25, 32)
    with pytest.raises(ValueError, match="conv_dw_1 takes"):
        Network(name="n", layers=net.layers, inputs=((INPUT,), (INPUT,), *net.inputs[2:]))
    with pytest.raises(ValueError, match="conv_dw_1 reads 'conv_pw_1', which is not before it"):
        Network(name="n", layers=net.layers, inputs=((INPUT,), ("conv_pw_1",), *net.inputs[2:]))
    with pytest.raises(ValueError, match="two layers are called 'conv1'"):
        Network(name="n", layers=(net.layers[0],) * 2, inputs=((INPUT,),) * 2)
