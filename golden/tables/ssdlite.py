"""SSDLite (Sandler et al. 2018, section 6.2): detection heads of separable convolutions on MobileNetV1 and V2.

Layers after TensorFlow's Object Detection API, with which the paper trained: `feature_map_generators.py`
(1×1 to half the depth, then a separable 3×3 of stride 2) and the convolutional box predictor with
`use_depthwise` (a depthwise 3×3 and a 1×1 for the boxes, the same for the classes, at each of six sizes).
"""

from golden.layer import LayerSpec, Shape
from golden.networks import Network, mobilenet_v1, mobilenet_v2
from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork
from golden.tables.mobile import V2_PAPER, counted

EXTRA_DEPTHS = (512, 256, 256, 128)
ANCHORS = (3, 6, 6, 6, 6, 6)
RESOLUTION = 320
CLASSES = 80


def ssdlite_v1(classes: int = CLASSES) -> CountedNetwork:
    """SSDLite on MobileNetV1: heads at conv_pw_11 (20×20) and conv_pw_13 (10×10) and on four extra layers."""
    network = mobilenet_v1(resolution=RESOLUTION)
    return _ssdlite(network, "conv_pw_11", "conv_pw_13", "ssdlite_v1", "MNet V1 + SSDLite", classes)


def ssdlite_v2(classes: int = CLASSES) -> CountedNetwork:
    """SSDLite on MobileNetV2: the first head at the expansion of layer 15 (block_13), the second at Conv_1."""
    network = mobilenet_v2(resolution=RESOLUTION)
    return _ssdlite(network, "block_13_expand", "Conv_1", "ssdlite_v2", "MNet V2 + SSDLite", classes)


def _ssdlite(network: Network, first: str, last: str, name: str, title: str, classes: int) -> CountedNetwork:
    builder = Builder(batch_norm=True)
    builder.layers.extend(counted(spec) for spec in network.layers[: network.index(last) + 1])
    shapes = [network.layer(first).output_shape, network.layer(last).output_shape]
    for index, depth in enumerate(EXTRA_DEPTHS, start=2):
        shapes.append(_extra(builder, f"extra_{index}", shapes[-1], depth))
    for index, (shape, anchors) in enumerate(zip(shapes, ANCHORS, strict=True)):
        _predictor(builder, f"box_{index}", shape, anchors * 4)
        _predictor(builder, f"class_{index}", shape, anchors * (classes + 1))
    return builder.network(name=name, title=title, source=f"{V2_PAPER}, section 6.2, table 6")


def _extra(builder: Builder, name: str, shape: Shape, depth: int) -> Shape:
    shape = builder.conv(f"{name}_1x1", shape, depth // 2)
    shape = builder.depthwise(f"{name}_depthwise", shape, stride=2)
    return builder.conv(f"{name}_pointwise", shape, depth)


def _predictor(builder: Builder, name: str, shape: Shape, outputs: int) -> None:
    shape = builder.depthwise(f"{name}_depthwise", shape)
    spec = LayerSpec(
        name=f"{name}_pointwise", op="pointwise", input_shape=shape, output_shape=(*shape[:2], outputs)
    )
    builder.layers.append(counted(spec))
