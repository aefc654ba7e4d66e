"""The networks of the tables: exact counts known from elsewhere, every layer there, host work named."""

import numpy as np
import pytest

from golden.layer import LayerSpec, Padding
from golden.tables import COMPARED, compared
from golden.tables.alexnet import alexnet
from golden.tables.builder import Builder, to_the_end
from golden.tables.conventions import BIASED, CONVENTIONS, INSIDE
from golden.tables.counted import CountedLayer, taps_inside
from golden.tables.shufflenet import shufflenet
from golden.tables.squeezenet import squeezenet

NAMED = {name: compared(name) for name in COMPARED}


@pytest.mark.parametrize(
    ("name", "macs", "parameters"),
    [  # exact counts that others publish too (Keras, torchvision, netscope); parameters with biases
        ("mobilenet_v1", 568_740_352, 4_209_088 + 1_000),
        ("mobilenet_v2", 300_774_272, 3_469_760 + 1_000),
        ("vgg16", 15_470_264_320, 138_357_544),
        ("alexnet", 724_406_816, 60_965_224),
        ("alexnet_one_group", 1_135_256_096, 62_378_344),
        ("googlenet", 1_582_671_872, 6_998_552),
        ("squeezenet", 832_667_936, 1_248_424),
        ("conv_mobilenet", 4_867_293_184, 29_281_120 + 1_000),
    ],
)
def test_exact_counts(name, macs, parameters):
    assert (NAMED[name].macs, BIASED.count(NAMED[name])) == (macs, parameters)


def test_squeezenet_at_224_is_torchvisions():
    assert squeezenet(224).macs == 818_924_576


@pytest.mark.parametrize(
    ("name", "ops"),
    [
        ("vgg16", {"conv": 13, "max_pool": 5, "fully_connected": 3, "softmax": 1}),
        (
            "alexnet",
            {"conv": 2, "grouped_conv": 3, "local_response_norm": 2, "max_pool": 3, "fully_connected": 3, "softmax": 1},
        ),
        (
            "googlenet",
            {"conv": 20, "pointwise": 37, "max_pool": 13, "local_response_norm": 2, "concat": 9, "average_pool": 1,
             "fully_connected": 1, "softmax": 1},
        ),
        ("squeezenet", {"conv": 9, "pointwise": 17, "max_pool": 3, "concat": 8, "mean": 1, "softmax": 1}),
        (
            "shufflenet_2_g3",
            {"conv": 1, "max_pool": 1, "pointwise": 1, "grouped_pointwise": 31, "depthwise": 16, "channel_shuffle": 16,
             "add": 13, "average_pool": 3, "concat": 3, "mean": 1, "fully_connected": 1, "softmax": 1},
        ),
        (
            "nasnet_mobile",
            {"conv": 1, "pointwise": 195, "depthwise": 160, "max_pool": 8, "average_pool": 52, "add": 80, "concat": 20,
             "relu": 49, "shift": 4, "mean": 1, "fully_connected": 1, "softmax": 1},
        ),
        ("conv_mobilenet", {"conv": 14, "mean": 1, "fully_connected": 1, "softmax": 1}),
        (
            "ssdlite_v2",
            {"conv": 1, "depthwise": 17 + 4 + 12, "pointwise": 16 + 17 + 1 + 8 + 12, "add": 10, "concat": 2,
             "sigmoid": 1, "detections": 1},
        ),
    ],
)  # fmt: skip
def test_every_layer_is_there(name, ops):
    counted = [layer.op for layer in NAMED[name].layers]
    assert {op: counted.count(op) for op in counted} == ops


@pytest.mark.parametrize(
    ("name", "percent"),
    [
        ("mobilenet_v1", 0.0), ("conv_mobilenet", 0.0), ("mobilenet_v2", 0.0), ("ssdlite_v1", 0.0),
        ("ssdlite_v2", 0.0), ("vgg16", 0.0), ("googlenet", 0.0), ("squeezenet", 0.0), ("alexnet", 56.72),
        ("shufflenet_1.5_g3", 92.46), ("shufflenet_2_g3", 91.63), ("nasnet_mobile", 9.80),
    ],
)  # fmt: skip
def test_share_of_the_host(name, percent):
    network = NAMED[name]
    assert round(100 * network.host_share, 2) == percent
    assert 0 <= network.host_elements_share < 1


@pytest.mark.parametrize("name", COMPARED)
def test_host_work_has_a_reason_and_the_rest_is_the_engines(name):
    network = NAMED[name]
    host = {layer.op for layer in network.host_layers}
    engine = {layer.op for layer in network.layers if not layer.host}
    assert host <= {
        "max_pool", "local_response_norm", "concat", "channel_shuffle", "softmax", "sigmoid", "detections", "relu",
        "shift", "depthwise", "grouped_pointwise", "grouped_conv",
    }  # fmt: skip
    assert engine <= {"conv", "depthwise", "pointwise", "fully_connected", "add", "average_pool", "mean"}
    assert {layer.spec.kernel for layer in network.layers if layer.op == "depthwise" and not layer.host} <= {(3, 3)}
    assert {layer.spec.kernel for layer in network.host_layers if layer.op == "depthwise"} <= {(5, 5), (7, 7)}


def test_shapes_follow_the_papers():
    shapes = {
        "alexnet": {"conv1": (55, 55, 96), "pool2": (13, 13, 256), "pool5": (6, 6, 256)},
        "googlenet": {"conv1": (112, 112, 64), "inception_3a_output": (28, 28, 256), "pool5": (1, 1, 1024)},
        "squeezenet": {"conv1": (111, 111, 96), "maxpool4": (27, 27, 256), "fire9_concat": (13, 13, 512)},
        "shufflenet_2_g3": {"stage2_1_concat": (28, 28, 480), "stage4_4_add": (7, 7, 1920)},
        "nasnet_mobile": {"stem_conv1": (111, 111, 32), "cell_3_concat": (28, 28, 264), "cell_13_concat": (7, 7, 1056)},
        "ssdlite_v2": {"extra_2_pointwise": (5, 5, 512), "extra_5_pointwise": (1, 1, 128), "boxes": (2034, 1, 4)},
        "vgg16": {"pool5": (7, 7, 512)},
    }
    for name, wanted in shapes.items():
        made = {layer.name: layer.spec.output_shape for layer in NAMED[name].layers}
        assert {layer: made[layer] for layer in wanted} == wanted


def test_groups_divide_weights_and_macs():
    grouped = {layer.name: layer for layer in alexnet(2).layers}
    whole = {layer.name: layer for layer in alexnet(1).layers}
    for name in ("conv2", "conv4", "conv5"):
        assert (grouped[name].macs * 2, grouped[name].weights * 2) == (whole[name].macs, whole[name].weights)
        assert grouped[name].biases == whole[name].biases
    assert grouped["conv3"] == whole["conv3"]


@pytest.mark.parametrize("size", [5, 8, 13])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2), (3, 3), (5, 1), (5, 2), (7, 2)])
def test_taps_inside_against_a_padded_picture(size, kernel, stride):
    padding = Padding.same((size, size), (kernel, kernel), (stride, stride))
    line = np.pad(np.ones(size, np.int64), (padding.top, padding.bottom))
    outputs = -(-size // stride)
    counted = sum(int(line[output * stride : output * stride + kernel].sum()) for output in range(outputs))
    assert taps_inside(size, outputs, kernel, stride, padding.top) == counted


def test_inside_macs_of_one_layer():
    builder = Builder()
    builder.conv("conv", (4, 4, 3), 5, 3)  # along each axis 10 of the 12 taps lie inside
    network = builder.network(name="one", title="one", source="")
    assert (network.macs, INSIDE.count(network)) == (16 * 9 * 15, 10 * 10 * 15)


def test_pooling_to_the_end_loses_no_pixel():
    assert to_the_end((112, 112, 1), 3, 2) == Padding(bottom=1, right=1)
    assert to_the_end((55, 55, 1), 3, 2) == Padding()


def test_conventions_have_names_of_their_own():
    assert len({convention.name for convention in CONVENTIONS}) == len(CONVENTIONS)


@pytest.mark.parametrize(
    ("op", "shape", "kernel", "groups", "message"),
    [
        ("unpool", (4, 4, 4), 1, 1, "no op 'unpool'"),
        ("pointwise", (4, 4, 6), 1, 4, "4 groups do not divide"),
        ("add", (4, 4, 4), 1, 2, "add can not have 2 groups"),
        ("max_pool", (4, 4, 4), 2, 1, r"max_pool makes \(3, 3, 4\)"),
    ],
)
def test_wrong_layers_are_refused(op, shape, kernel, groups, message):
    spec = LayerSpec(name="a", op=op, input_shape=(4, 4, 4), output_shape=shape, kernel=(kernel, kernel))
    with pytest.raises(ValueError, match=message):
        CountedLayer(spec=spec, groups=groups)


def test_wrong_networks_are_refused():
    builder = Builder()
    builder.conv("conv", (4, 4, 3), 5)
    builder.conv("conv", (4, 4, 5), 5)
    with pytest.raises(ValueError, match="twice the same name: conv"):
        builder.network(name="two", title="two", source="")
    with pytest.raises(ValueError, match="can not add"):
        builder.add("sum", (4, 4, 5), (4, 4, 6))
    with pytest.raises(ValueError, match="can not concatenate"):
        builder.concat("beside", (4, 4, 5), (2, 2, 5))
    with pytest.raises(ValueError, match="4 groups do not divide 34"):
        shufflenet(0.5, 4)
    with pytest.raises(ValueError, match="no network 'resnet'"):
        compared("resnet")
