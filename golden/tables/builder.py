"""Writes a network down layer by layer: each method takes the shape it reads and returns the shape it makes."""

from golden.layer import LayerSpec, Padding, Shape, window_output
from golden.quantise import Activation
from golden.tables.counted import CountedLayer, CountedNetwork


def around(pixels: int) -> Padding:
    """`pixels` rows and columns on every side."""
    return Padding(top=pixels, bottom=pixels, left=pixels, right=pixels)


def to_the_end(shape: Shape, kernel: int, stride: int) -> Padding:
    """Caffe's rounding of pooling: the last window may hang over the bottom and right, so no pixel is left out."""
    after = [-(size - kernel) % stride for size in shape[:2]]
    return Padding(bottom=after[0], right=after[1])


class Builder:
    """Collects layers; `bias`, `batch_norm`, `activation` are what its convolutions have unless told otherwise."""

    def __init__(self, *, bias: bool = False, batch_norm: bool = False, activation: Activation = "relu") -> None:
        self.layers: list[CountedLayer] = []
        self._bias = bias
        self._batch_norm = batch_norm
        self._activation: Activation = activation

    def network(self, *, name: str, title: str, source: str) -> CountedNetwork:
        """The network of all layers so far."""
        return CountedNetwork(name=name, title=title, source=source, layers=tuple(self.layers))

    def conv(
        self,
        name: str,
        shape: Shape,
        filters: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        padding: Padding | None = None,
        groups: int = 1,
        activation: Activation | None = None,
    ) -> Shape:
        """A convolution (pointwise when 1×1 of stride 1); padding is SAME unless given."""
        op = "pointwise" if kernel == stride == 1 else "conv"
        spec = _window(name, op, shape, filters, kernel, stride, padding, activation or self._activation)
        return self._append(CountedLayer(spec=spec, groups=groups, bias=self._bias, batch_norm=self._batch_norm))

    def depthwise(
        self,
        name: str,
        shape: Shape,
        kernel: int = 3,
        *,
        stride: int = 1,
        batch_norm: bool = True,
        activation: Activation | None = None,
    ) -> Shape:
        """A depthwise convolution with SAME padding; `batch_norm=False` when it has none of its own."""
        spec = _window(name, "depthwise", shape, shape[2], kernel, stride, None, activation or self._activation)
        return self._append(CountedLayer(spec=spec, bias=self._bias, batch_norm=self._batch_norm and batch_norm))

    def max_pool(self, name: str, shape: Shape, kernel: int, stride: int, padding: Padding | None = None) -> Shape:
        """The largest of each window; padding is SAME unless given."""
        spec = _window(name, "max_pool", shape, shape[2], kernel, stride, padding, "none")
        return self._append(CountedLayer(spec=spec))

    def average_pool(self, name: str, shape: Shape, kernel: int, stride: int, padding: Padding | None = None) -> Shape:
        """The mean of each window; padding is SAME unless given."""
        spec = _window(name, "average_pool", shape, shape[2], kernel, stride, padding, "none")
        return self._append(CountedLayer(spec=spec))

    def mean(self, name: str, shape: Shape) -> Shape:
        """The mean over the whole picture."""
        return self._plain(name, "mean", shape, (1, 1, shape[2]), kernel=shape[:2])

    def add(self, name: str, left: Shape, right: Shape, *, activation: Activation = "none") -> Shape:
        """The sum of two tensors of one shape."""
        if left != right:
            raise ValueError(f"{name}: can not add {left} and {right}")
        spec = LayerSpec(name=name, op="add", input_shape=left, output_shape=left, activation=activation)
        return self._append(CountedLayer(spec=spec))

    def concat(self, name: str, *shapes: Shape) -> Shape:
        """Tensors of one size beside each other along channels."""
        if len({shape[:2] for shape in shapes}) != 1:
            raise ValueError(f"{name}: can not concatenate {shapes}")
        joined = (*shapes[0][:2], sum(shape[2] for shape in shapes))
        return self._plain(name, "concat", joined, joined)

    def same(self, name: str, op: str, shape: Shape) -> Shape:
        """An op that keeps the shape and has no parameters: relu, softmax, local_response_norm …"""
        return self._plain(name, op, shape, shape)

    def fully_connected(self, name: str, shape: Shape, units: int, *, activation: Activation = "none") -> Shape:
        """A fully connected layer over the whole tensor, with a bias."""
        spec = LayerSpec(
            name=name, op="fully_connected", input_shape=shape, output_shape=(1, 1, units), activation=activation
        )
        return self._append(CountedLayer(spec=spec, bias=True))

    def _plain(self, name: str, op: str, shape: Shape, made: Shape, kernel: tuple[int, int] = (1, 1)) -> Shape:
        spec = LayerSpec(name=name, op=op, input_shape=shape, output_shape=made, kernel=kernel)
        return self._append(CountedLayer(spec=spec))

    def _append(self, layer: CountedLayer) -> Shape:
        self.layers.append(layer)
        return layer.spec.output_shape


def _window(
    name: str,
    op: str,
    shape: Shape,
    filters: int,
    kernel: int,
    stride: int,
    padding: Padding | None,
    activation: Activation,
) -> LayerSpec:
    """A square window; SAME when `padding` is None; the output shape follows."""
    taps, steps = (kernel, kernel), (stride, stride)
    sides = Padding.same(shape[:2], taps, steps) if padding is None else padding
    size = window_output(shape, taps, steps, sides)
    return LayerSpec(
        name=name, op=op, input_shape=shape, output_shape=(*size, filters), kernel=taps, stride=steps,
        padding=sides, activation=activation,
    )  # fmt: skip
