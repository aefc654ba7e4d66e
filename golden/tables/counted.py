"""A layer as the papers count it: its shape, its groups, and which parameters beside weights it trains."""

from collections import Counter
from dataclasses import dataclass

from golden.layer import LayerSpec, window_output
from golden.tables.support import check_op, host_reason

GROUPABLE = ("conv", "pointwise")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLayer:
    """A `LayerSpec` with what counting needs.

    Members
    -------
    groups: of a convolution; each output channel reads c_in ÷ groups channels
    bias: the layer trains a bias of its own
    batch_norm: a batch normalisation follows (scale, offset, mean, variance: 4 numbers a channel)

    Raises
    ------
    ValueError
        When the op is not known, the groups do not divide the channels, or a pooling window does not make
        the output.
    """

    spec: LayerSpec
    groups: int = 1
    bias: bool = False
    batch_norm: bool = False

    def __post_init__(self) -> None:
        spec = self.spec
        check_op(spec)
        if self.groups < 1 or (self.groups > 1 and spec.op not in GROUPABLE):
            raise ValueError(f"{spec.name}: {spec.op} can not have {self.groups} groups")
        if spec.input_shape[2] % self.groups or spec.output_shape[2] % self.groups:
            channels = f"{spec.input_shape[2]} and {spec.output_shape[2]} channels"
            raise ValueError(f"{spec.name}: {self.groups} groups do not divide {channels}")
        if spec.op == "max_pool":
            size = window_output(spec.input_shape, spec.kernel, spec.stride, spec.padding)
            if spec.output_shape != (*size, spec.input_shape[2]):
                raise ValueError(f"{spec.name}: max_pool makes {(*size, spec.input_shape[2])}, not {spec.output_shape}")

    @property
    def name(self) -> str:
        """The layer's name, unique in its network."""
        return self.spec.name

    @property
    def op(self) -> str:
        """`spec.op`, with its groups named: conv in two groups is a grouped_conv."""
        return f"grouped_{self.spec.op}" if self.groups > 1 else self.spec.op

    @property
    def weights(self) -> int:
        """Number of weights, biases not counted."""
        return self.spec.weights // self.groups

    @property
    def macs(self) -> int:
        """Multiply-accumulates, taps that fall on padding included."""
        return self.spec.macs // self.groups

    @property
    def macs_inside(self) -> int:
        """Multiply-accumulates, taps that fall on padding left out."""
        spec = self.spec
        if not self.macs or spec.op == "fully_connected":
            return self.macs
        before = (spec.padding.top, spec.padding.left)
        inside = [
            taps_inside(spec.input_shape[axis], spec.output_shape[axis], spec.kernel[axis], spec.stride[axis], pad)
            for axis, pad in enumerate(before)
        ]
        per_tap = self.weights // (spec.kernel[0] * spec.kernel[1])
        return per_tap * inside[0] * inside[1]

    @property
    def biases(self) -> int:
        """Number of trained biases."""
        return self.spec.output_shape[2] if self.bias else 0

    @property
    def normalised(self) -> int:
        """Number of channels that are batch-normalised."""
        return self.spec.output_shape[2] if self.batch_norm else 0

    @property
    def elements(self) -> int:
        """Number of values the layer makes."""
        height, width, channels = self.spec.output_shape
        return height * width * channels

    @property
    def host(self) -> str:
        """Why the layer is work of the host; empty when the engine runs it."""
        return host_reason(self.spec, self.groups)


def taps_inside(size: int, outputs: int, kernel: int, stride: int, before: int) -> int:
    """Pairs of (output, tap) along one axis whose input is not padding."""
    starts = [output * stride - before for output in range(outputs)]
    return sum(min(start + kernel, size) - max(start, 0) for start in starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedNetwork:
    """Layers in execution order, with the paper that defines them.

    Raises
    ------
    ValueError
        When there is no layer, or two share a name.
    """

    name: str
    title: str
    source: str
    layers: tuple[CountedLayer, ...]

    def __post_init__(self) -> None:
        twice = [name for name, times in Counter(layer.name for layer in self.layers).items() if times > 1]
        if twice or not self.layers:
            raise ValueError(f"{self.name}: {len(self.layers)} layers; twice the same name: {', '.join(twice)}")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers, taps on padding included."""
        return sum(layer.macs for layer in self.layers)

    @property
    def weights(self) -> int:
        """Weights of all layers, biases and normalisation not counted."""
        return sum(layer.weights for layer in self.layers)

    @property
    def host_layers(self) -> tuple[CountedLayer, ...]:
        """The layers that the engine does not run."""
        return tuple(layer for layer in self.layers if layer.host)

    @property
    def host_share(self) -> float:
        """Share of the multiply-accumulates that is work of the host, 0 … 1."""
        return sum(layer.macs for layer in self.host_layers) / self.macs

    @property
    def host_elements_share(self) -> float:
        """Share of all values made that the host makes, 0 … 1: pooling and concatenation multiply nothing."""
        return sum(layer.elements for layer in self.host_layers) / sum(layer.elements for layer in self.layers)
