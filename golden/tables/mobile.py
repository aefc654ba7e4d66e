"""MobileNets as the papers count them: V1, V2, V1 with full convolutions, and V1 made shallow."""

from dataclasses import replace

import golden.conv_mobilenet
from golden.layer import LayerSpec
from golden.mobilenet_v1 import mobilenet_v1
from golden.mobilenet_v2 import mobilenet_v2
from golden.network import Network
from golden.tables.counted import CountedLayer, CountedNetwork

V1_PAPER = "Howard et al. 2017, arXiv 1704.04861"
V2_PAPER = "Sandler et al. 2018, arXiv 1801.04381"
CLASSIFIERS = ("conv_preds", "predictions")
SHALLOW_WITHOUT = tuple(f"conv_{kind}_{block}" for block in range(7, 12) for kind in ("dw", "pw"))
"""The five pairs of feature size 14×14×512 (section 4.1)."""


def counted(spec: LayerSpec) -> CountedLayer:
    """A MobileNet's layer: convolutions are normalised, the classifier has a bias."""
    classifier = spec.weights > 0 and spec.name in CLASSIFIERS
    return CountedLayer(spec=spec, bias=classifier, batch_norm=spec.weights > 0 and not classifier)


def v1(alpha: float = 1.0, resolution: int = 224, classes: int = 1000) -> CountedNetwork:
    """MobileNetV1."""
    network = mobilenet_v1(alpha, resolution, classes=classes)
    return _named(network, "mobilenet_v1", f"{alpha} MobileNet-{resolution}", V1_PAPER)


def v2(alpha: float = 1.0, resolution: int = 224) -> CountedNetwork:
    """MobileNetV2."""
    return _named(mobilenet_v2(alpha, resolution), "mobilenet_v2", f"{alpha} MobileNetV2-{resolution}", V2_PAPER)


def conv_mobilenet() -> CountedNetwork:
    """MobileNetV1 with one full 3×3 convolution in the place of each separable pair (table 4)."""
    network = golden.conv_mobilenet.conv_mobilenet()
    return _named(network, "conv_mobilenet", "Conv MobileNet", f"{V1_PAPER}, table 4")


def shallow_mobilenet() -> CountedNetwork:
    """MobileNetV1 without the five pairs of feature size 14×14×512 (table 5)."""
    network = v1()
    layers = tuple(layer for layer in network.layers if layer.name not in SHALLOW_WITHOUT)
    source = f"{V1_PAPER}, table 5"
    return replace(network, name="shallow_mobilenet", title="Shallow MobileNet", source=source, layers=layers)


def _named(network: Network, name: str, title: str, source: str) -> CountedNetwork:
    layers = tuple(counted(spec) for spec in network.layers)
    return CountedNetwork(name=name, title=title, source=source, layers=layers)
