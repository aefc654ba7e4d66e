"""MobileNetV2 (Sandler et al., arXiv 1801.04381) with Keras' layer names, padding and rounding of filters."""

from golden.layer import NO_PADDING, LayerSpec, Padding, Shape
from golden.mobilenet import check, head, windowed
from golden.network import INPUT, Network

BOTTLENECKS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""(expansion, filters, repetitions, stride of the first) of each row of the paper's table 2."""

LAST_FILTERS = 1280


def make_divisible(filters: float, divisor: int = 8) -> int:
    """`filters` rounded to a multiple of `divisor`, never below 90 % of it (Keras' `_make_divisible`)."""
    rounded = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * filters else rounded


def mobilenet_v2(
    alpha: float = 1.0, resolution: int = 224, channels_in: int = 3, classes: int = 1000
) -> Network:
    """MobileNetV2 of width multiplier `alpha` on a square picture.

    Filters are multiples of 8; only an alpha above 1 widens the last convolution. Padding is SAME. A block
    adds its input where stride and filters leave the shape as it was.

    Raises
    ------
    ValueError
        When `resolution` is less than 32, `alpha` is out of range, or a count is not
        positive.
    """
    check("MobileNetV2", alpha, resolution, channels_in, classes)
    chain = _Chain((resolution, resolution, channels_in))
    chain.append(_same("Conv1", "conv", chain.shape, make_divisible(32 * alpha), 2))
    block = 0
    for expansion, filters, repetitions, first_stride in BOTTLENECKS:
        for repetition in range(repetitions):
            stride = first_stride if repetition == 0 else 1
            prefix = f"block_{block}_" if block else "expanded_conv_"
            _bottleneck(chain, prefix, expansion, make_divisible(int(filters * alpha)), stride)
            block += 1
    last = make_divisible(LAST_FILTERS * alpha) if alpha > 1 else LAST_FILTERS
    chain.append(windowed("Conv_1", "pointwise", chain.shape, last, padding=NO_PADDING))
    shape = chain.shape
    for spec in head(shape, classes, classifier="predictions", op="fully_connected", softmax="softmax"):
        chain.append(spec)
    return Network(name="mobilenet_v2", layers=tuple(chain.layers), inputs=tuple(chain.inputs))


class _Chain:
    """Layers so far; a new one reads the last, unless told otherwise."""

    def __init__(self, shape: Shape) -> None:
        self.layers: list[LayerSpec] = []
        self.inputs: list[tuple[str, ...]] = []
        self.shape = shape

    @property
    def last(self) -> str:
        return self.layers[-1].name if self.layers else INPUT

    def append(self, spec: LayerSpec, *sources: str) -> None:
        self.inputs.append(sources or (self.last,))
        self.layers.append(spec)
        self.shape = spec.output_shape


def _bottleneck(chain: _Chain, prefix: str, expansion: int, filters: int, stride: int) -> None:
    source, shape = chain.last, chain.shape
    if expansion > 1:
        chain.append(
            windowed(f"{prefix}expand", "pointwise", shape, expansion * shape[2], padding=NO_PADDING)
        )
    chain.append(_same(f"{prefix}depthwise", "depthwise", chain.shape, chain.shape[2], stride))
    chain.append(
        windowed(
            f"{prefix}project", "pointwise", chain.shape, filters, padding=NO_PADDING, activation="none"
        )
    )
    if chain.shape == shape:
        spec = LayerSpec(name=f"{prefix}add", op="add", input_shape=shape, output_shape=shape)
        chain.append(spec, source, chain.last)


def _same(name: str, op: str, shape: Shape, filters: int, stride: int) -> LayerSpec:
    padding = Padding.same(shape[:2], (3, 3), (stride, stride))
    return windowed(name, op, shape, filters, kernel=3, stride=stride, padding=padding)
