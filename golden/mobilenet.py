"""What both generations of MobileNet share: layers with their padding, the head, the check of parameters."""

from collections.abc import Sequence

from golden.layer import LayerSpec, Padding, Shape, window_output
from golden.network import INPUT, Network
from golden.quantise import Activation


def windowed(
    name: str,
    op: str,
    shape: Shape,
    filters: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    padding: Padding,
    activation: Activation = "relu6",
) -> LayerSpec:
    """A square window over `shape`; the output shape follows."""
    taps, steps = (kernel, kernel), (stride, stride)
    size = window_output(shape, taps, steps, padding)
    return LayerSpec(
        name=name, op=op, input_shape=shape, output_shape=(*size, filters),
        kernel=taps, stride=steps, padding=padding, activation=activation,
    )  # fmt: skip


def head(shape: Shape, classes: int, *, classifier: str, op: str, softmax: str) -> list[LayerSpec]:
    """Mean over the picture, the classifier (of that name and op), and softmax on the host."""
    pooled, scores = (1, 1, shape[2]), (1, 1, classes)
    pool = "global_average_pooling2d"
    return [
        LayerSpec(name=pool, op="mean", input_shape=shape, output_shape=pooled, kernel=shape[:2]),
        LayerSpec(name=classifier, op=op, input_shape=pooled, output_shape=scores),
        LayerSpec(name=softmax, op="softmax", input_shape=scores, output_shape=scores),
    ]


def check(
    family: str, alpha: float, resolution: int, channels_in: int, classes: int, *, filters: int | None = None
) -> None:
    """Raise ValueError unless the parameters make a network, whose first layer has int(`filters` · alpha) filters."""
    if not 0 < alpha < 64:
        raise ValueError(f"{family} needs 0 < alpha < 64, not {alpha}")
    if resolution < 32:
        raise ValueError(f"{family} needs a resolution of at least 32 pixels, not {resolution}")
    if channels_in < 1 or classes < 1:
        raise ValueError(f"{family} needs at least one input channel and one class")
    if filters is not None and int(filters * alpha) < 1:
        raise ValueError(f"{family} needs alpha ≥ 1/{filters}, not {alpha}")


def chain(name: str, layers: Sequence[LayerSpec]) -> Network:
    """Network in which each layer reads the one before it."""
    sources = (INPUT, *(spec.name for spec in layers[:-1]))
    return Network(name=name, layers=tuple(layers), inputs=tuple((source,) for source in sources))
