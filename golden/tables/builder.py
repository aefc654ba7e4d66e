"""Writes a network down layer by layer: each method takes the shape it reads and returns the shape it makes."""

from golden.layer import NO_PADDING, LayerSpec, Padding, Shape, window_output
from golden.tables.counted import CountedLayer, CountedNetwork


def around(pixels: int) -> Padding:
    """`pixels` rows and columns on every side."""
    return Padding(top=pixels, bottom=pixels, left=pixels, right=pixels)


def to_the_end(shape: Shape, kernel: int, stride: int) -> Padding:
    """Caffe's rounding of pooling: the last window may hang over the bottom and right, so no pixel is left out."""
    after = [-(size - kernel) % stride for size in shape[:2]]
    return Padding(bottom=after[0], right=after[1])


class Builder:
    """Collects layers; `bias` and `batch_norm` are what its convolutions have unless told otherwise."""

    def __init__(self, *, bias: bool = False, batch_norm: bool = False) -> None:
        self.layers: list[CountedLayer] = []
        self._bias = bias
        self._batch_norm = batch_norm

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
    ) -> Shape:
        """A convolution (pointwise when 1×1 of stride 1); padding is SAME unless given."""
        op = "pointwise" if kernel == stride == 1 else "conv"
        return self._windowed(name, op, shape, filters, kernel, stride, padding, groups)

    def depthwise(self, name: str, shape: Shape, kernel: int = 3, *, stride: int = 1, batch_norm: bool = True) -> Shape:
        """A depthwise convolution with SAME padding."""
        return self._windowed(name, "depthwise", shape, shape[2], kernel, stride, None, 1, batch_norm)

    def max_pool(self, name: str, shape: Shape, kernel: int, stride: int, padding: Padding | None = None) -> Shape:
        """The largest of each window; padding is SAME unless given."""
        return self._windowed(name, "max_pool", shape, shape[2], kernel, stride, padding)

    def average_pool(self, name: str, shape: Shape, kernel: int, stride: int, padding: Padding | None = None) -> Shape:
        """The mean of each window; padding is SAME unless given."""
        return self._windowed(name, "average_pool", shape, shape[2], kernel, stride, padding)

    def mean(self, name: str, shape: Shape) -> Shape:
        """The mean over the whole picture."""
        return self._plain(name, "mean", shape, (1, 1, shape[2]), kernel=shape[:2])

    def add(self, name: str, left: Shape, right: Shape) -> Shape:
        """The sum of two tensors of one shape."""
        if left != right:
            raise ValueError(f"{name}: can not add {left} and {right}")
        return self._plain(name, "add", left, left)

    def concat(self, name: str, *shapes: Shape) -> Shape:
        """Tensors of one size beside each other along channels."""
        if len({shape[:2] for shape in shapes}) != 1:
            raise ValueError(f"{name}: can not concatenate {shapes}")
        joined = (*shapes[0][:2], sum(shape[2] for shape in shapes))
        return self._plain(name, "concat", joined, joined)

    def same(self, name: str, op: str, shape: Shape) -> Shape:
        """An op that keeps the shape and has no parameters: relu, softmax, local_response_norm …"""
        return self._plain(name, op, shape, shape)

    def fully_connected(self, name: str, shape: Shape, units: int, *, bias: bool = True) -> Shape:
        """A fully connected layer over the whole tensor."""
        spec = LayerSpec(name=name, op="fully_connected", input_shape=shape, output_shape=(1, 1, units))
        self.layers.append(CountedLayer(spec=spec, bias=bias))
        return spec.output_shape

    def _plain(self, name: str, op: str, shape: Shape, made: Shape, kernel: tuple[int, int] = (1, 1)) -> Shape:
        spec = LayerSpec(name=name, op=op, input_shape=shape, output_shape=made, kernel=kernel)
        self.layers.append(CountedLayer(spec=spec))
        return made

    def _windowed(
        self,
        name: str,
        op: str,
        shape: Shape,
        filters: int,
        kernel: int,
        stride: int,
        padding: Padding | None,
        groups: int = 1,
        batch_norm: bool = True,
    ) -> Shape:
        taps, steps = (kernel, kernel), (stride, stride)
        sides = Padding.same(shape[:2], taps, steps) if padding is None else padding
        spec = LayerSpec(
            name=name, op=op, input_shape=shape, output_shape=(*window_output(shape, taps, steps, sides), filters),
            kernel=taps, stride=steps, padding=sides,
        )  # fmt: skip
        trained = op not in ("max_pool", "average_pool")
        self.layers.append(
            CountedLayer(
                spec=spec,
                groups=groups,
                bias=trained and self._bias,
                batch_norm=trained and self._batch_norm and batch_norm,
            )
        )
        return spec.output_shape


__all__ = ["NO_PADDING", "Builder", "around", "to_the_end"]
