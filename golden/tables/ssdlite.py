"""SSDLite (Sandler et al. 2018, section 6.2): detection heads of separable convolutions on MobileNetV1 and V2; SSD.

Layers after TensorFlow's Object Detection API, with which the paper trained: `feature_map_generators.py`
(1×1 to half the depth, then a separable 3×3 of stride 2) and the convolutional box predictor with
`use_depthwise` (a depthwise 3×3 and a 1×1 for the boxes, the same for the classes, at each of six sizes).
"""

from golden.layer import Shape
from golden.mobilenet_v1 import BLOCKS, FIRST_FILTERS
from golden.networks import Network, mobilenet_v1, mobilenet_v2
from golden.quantise import Activation
from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork
from golden.tables.mobile import V1_PAPER, V2_PAPER, counted

EXTRA_DEPTHS = (512, 256, 256, 128)
ANCHORS = (3, 6, 6, 6, 6, 6)
RESOLUTION = 320
CLASSES = 80
COCO_LABELS = 90
"""Highest label of COCO, which names 80 of them; the API's configurations predict all 90."""


def ssdlite_v1() -> CountedNetwork:
    """SSDLite on MobileNetV1: heads at conv_pw_11 (20×20) and conv_pw_13 (10×10) and on four extra layers."""
    network = mobilenet_v1(resolution=RESOLUTION)
    heads = _Heads(network.layer("conv_pw_11").output_shape, network.layer("conv_pw_13").output_shape)
    return _joined(network, "conv_pw_13", heads, "ssdlite_v1", "MNet V1 + SSDLite")


def ssdlite_v2() -> CountedNetwork:
    """SSDLite on MobileNetV2: the first head at the expansion of layer 15 (block_13), the second at Conv_1."""
    network = mobilenet_v2(resolution=RESOLUTION)
    return _joined(network, "Conv_1", _heads_v2(network), "ssdlite_v2", "MNet V2 + SSDLite")


def heads_alone(*, separable: bool) -> CountedNetwork:
    """What SSDLite, or SSD with full convolutions, adds to MobileNetV2 (table 5)."""
    heads = _heads_v2(mobilenet_v2(resolution=RESOLUTION), separable=separable)
    title = "SSDLite heads" if separable else "SSD heads"
    name = "ssdlite_heads" if separable else "ssd_heads"
    return heads.network(name=name, title=title, source=f"{V2_PAPER}, table 5")


def ssd_v1_300() -> CountedNetwork:
    """SSD on MobileNetV1, 300×300 (MobileNetV1's table 13): full convolutions, 1×1 predictors of 90 labels."""
    builder = Builder(batch_norm=True, activation="relu6")
    shape = builder.conv("conv1", (300, 300, 3), FIRST_FILTERS, 3, stride=2)
    shapes = []
    for block, (filters, stride) in enumerate(BLOCKS, start=1):
        shape = builder.depthwise(f"conv_dw_{block}", shape, stride=stride)
        shape = builder.conv(f"conv_pw_{block}", shape, filters)
        shapes.append(shape)
    heads = _Heads(shapes[10], shapes[12], separable=False, predictor=1, classes=COCO_LABELS)
    layers = tuple(builder.layers + heads.layers)
    return CountedNetwork(name="ssd_v1_300", title="SSD 300 MobileNet", source=f"{V1_PAPER}, table 13", layers=layers)


def _heads_v2(network: Network, *, separable: bool = True) -> "_Heads":
    first, second = network.layer("block_13_expand"), network.layer("Conv_1")
    return _Heads(first.output_shape, second.output_shape, separable=separable)


def _joined(network: Network, last: str, heads: "_Heads", name: str, title: str) -> CountedNetwork:
    body = tuple(counted(spec) for spec in network.layers[: network.index(last) + 1])
    source = f"{V2_PAPER}, section 6.2, table 6"
    return CountedNetwork(name=name, title=title, source=source, layers=body + tuple(heads.layers))


class _Heads(Builder):
    """Extra layers after two tensors of the body, and the predictors of all six sizes."""

    def __init__(
        self, first: Shape, second: Shape, *, separable: bool = True, predictor: int = 3, classes: int = CLASSES
    ) -> None:
        super().__init__(batch_norm=True, activation="relu6")
        self._separable = separable
        shapes = [first, second]
        for index, depth in enumerate(EXTRA_DEPTHS, start=2):
            halved = self.conv(f"extra_{index}_1x1", shapes[-1], depth // 2)
            shapes.append(self._window(f"extra_{index}", halved, depth, 3, stride=2))
        anchors = 0
        for index, (shape, here) in enumerate(zip(shapes, ANCHORS, strict=True)):
            self._window(f"box_{index}", shape, here * 4, predictor, activation="none")
            self._window(f"class_{index}", shape, here * (classes + 1), predictor, activation="none")
            anchors += shape[0] * shape[1] * here
        self._on_the_host(anchors, classes + 1)

    def _on_the_host(self, anchors: int, scores: int) -> None:
        """Predictions of all sizes, a row an anchor; then probabilities, then the boxes that remain."""
        self.same("boxes", "concat", (anchors, 1, 4))
        self.same("class_scores", "concat", (anchors, 1, scores))
        self.same("probabilities", "sigmoid", (anchors, 1, scores))
        self.same("detections", "detections", (anchors, 1, scores))

    def _window(
        self, name: str, shape: Shape, filters: int, kernel: int, stride: int = 1, activation: Activation = "relu6"
    ) -> Shape:
        if not self._separable:
            return self.conv(f"{name}_conv", shape, filters, kernel, stride=stride, activation=activation)
        shape = self.depthwise(f"{name}_depthwise", shape, kernel, stride=stride)
        return self.conv(f"{name}_pointwise", shape, filters, activation=activation)
