"""MobileNetV1 (Howard et al., arXiv 1704.04861) with Keras' layer names and padding."""

from golden.layer import LayerSpec, Padding, window_output
from golden.network import INPUT, Network

BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""(filters of the pointwise layer, stride of the depthwise layer) of blocks 1 … 13."""


def mobilenet_v1(
    alpha: float = 1.0, resolution: int = 224, channels_in: int = 3, classes: int = 1000
) -> Network:
    """MobileNetV1 of width multiplier `alpha` on a square picture.

    At stride 2 Keras pads ((0, 1), (0, 1)); filters are int(filters · alpha).

    Raises
    ------
    ValueError
        When `resolution` is not a positive multiple of 32, `alpha` leaves a layer without filters, or a count
        is not positive.
    """
    check_network("MobileNetV1", alpha, resolution, channels_in, classes)
    if int(32 * alpha) < 1:
        raise ValueError(f"MobileNetV1 needs alpha ≥ 1/32, not {alpha}")
    shape = (resolution, resolution, channels_in)
    layers = [_window("conv1", "conv", shape, int(32 * alpha), 3, 2)]
    for block, (filters, stride) in enumerate(BLOCKS, start=1):
        shape = layers[-1].output_shape
        layers.append(_window(f"conv_dw_{block}", "depthwise", shape, shape[2], 3, stride))
        shape = layers[-1].output_shape
        layers.append(_window(f"conv_pw_{block}", "pointwise", shape, int(filters * alpha), 1, 1))
    layers += classifier(layers[-1].output_shape, classes, "conv_preds", "pointwise")
    sources = (INPUT, *(spec.name for spec in layers[:-1]))
    return Network(
        name="mobilenet_v1", layers=tuple(layers), inputs=tuple((source,) for source in sources)
    )


def classifier(
    shape: tuple[int, int, int], classes: int, name: str, op: str, last: str = "predictions"
) -> list[LayerSpec]:
    """The head both generations share: mean over the picture, the classes, softmax on the host."""
    pooled, scores = (1, 1, shape[2]), (1, 1, classes)
    pool = "global_average_pooling2d"
    return [
        LayerSpec(name=pool, op="mean", input_shape=shape, output_shape=pooled, kernel=shape[:2]),
        LayerSpec(name=name, op=op, input_shape=pooled, output_shape=scores),
        LayerSpec(name=last, op="softmax", input_shape=scores, output_shape=scores),
    ]


def check_network(family: str, alpha: float, resolution: int, channels_in: int, classes: int) -> None:
    """Raise ValueError unless the parameters make a network."""
    if not 0 < alpha < 64:
        raise ValueError(f"{family} needs 0 < alpha < 64, not {alpha}")
    if resolution < 32 or resolution % 32:
        raise ValueError(f"{family} needs a resolution that is a multiple of 32, not {resolution}")
    if channels_in < 1 or classes < 1:
        raise ValueError(f"{family} needs at least one input channel and one class")


def _window(
    name: str, op: str, shape: tuple[int, int, int], filters: int, kernel: int, stride: int
) -> LayerSpec:
    side = (kernel - 1) // 2
    if stride == 2:
        padding = Padding(bottom=side, right=side)
    else:
        padding = Padding(top=side, bottom=side, left=side, right=side)
    steps = (stride, stride)
    size = window_output(shape, (kernel, kernel), steps, padding)
    return LayerSpec(
        name=name, op=op, input_shape=shape, output_shape=(*size, filters), kernel=(kernel, kernel),
        stride=steps, padding=padding, activation="relu6",
    )  # fmt: skip
