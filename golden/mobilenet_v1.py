"""MobileNetV1 (Howard et al., arXiv 1704.04861) with Keras' layer names and padding."""

from golden.layer import NO_PADDING, LayerSpec, Padding, Shape
from golden.mobilenet import chain, check, head, windowed
from golden.network import Network

BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""(filters of the pointwise layer, stride of the depthwise layer) of blocks 1 … 13."""

FIRST_FILTERS = 32
"""Of the convolution before them."""


def mobilenet_v1(
    alpha: float = 1.0, resolution: int = 224, channels_in: int = 3, classes: int = 1000
) -> Network:
    """MobileNetV1 of width multiplier `alpha` on a square picture.

    At stride 2 Keras pads ((0, 1), (0, 1)); filters are int(filters · alpha).

    Raises
    ------
    ValueError
        When `resolution` is less than 32, `alpha` leaves a layer without filters, or a count
        is not positive.
    """
    check("MobileNetV1", alpha, resolution, channels_in, classes, filters=FIRST_FILTERS)
    layers = [three("conv1", "conv", (resolution, resolution, channels_in), int(FIRST_FILTERS * alpha), 2)]
    for block, (filters, stride) in enumerate(BLOCKS, start=1):
        shape = layers[-1].output_shape
        depthwise = three(f"conv_dw_{block}", "depthwise", shape, shape[2], stride)
        pointwise = windowed(
            f"conv_pw_{block}", "pointwise", depthwise.output_shape, int(filters * alpha), padding=NO_PADDING
        )
        layers += [depthwise, pointwise]
    shape = layers[-1].output_shape
    layers += head(shape, classes, classifier="conv_preds", op="pointwise", softmax="predictions")
    return chain("mobilenet_v1", layers)


def three(name: str, op: str, shape: Shape, filters: int, stride: int) -> LayerSpec:
    """A 3×3 layer with Keras' padding."""
    before = 0 if stride == 2 else 1
    padding = Padding(top=before, bottom=1, left=before, right=1)
    return windowed(name, op, shape, filters, kernel=3, stride=stride, padding=padding)
