"""What the compiler takes: layers with their numbers or only their shapes, and which of them the engine runs."""

from dataclasses import dataclass, replace

import numpy as np

from golden.add import AddLayer
from golden.layer import LayerSpec, QuantisedLayer
from golden.pool import AveragePoolLayer, MeanLayer
from hw.compiler.errors import CompileError
from hw.config import KERNEL, EngineConfig


@dataclass(frozen=True, kw_only=True)
class ResidualAdd:
    """A layer that adds the tensor `residual` to the output of the layer before it.

    Parameters
    ----------
    layer: its numbers, or only its shape
    residual: name of the layer that makes the tensor, or `golden.network.INPUT`
    operand: which of the two operands of `layer` it is
    """

    layer: AddLayer | LayerSpec
    residual: str
    operand: int

    @property
    def spec(self) -> LayerSpec:
        return self.layer if isinstance(self.layer, LayerSpec) else self.layer.spec


Layer = QuantisedLayer | AveragePoolLayer | MeanLayer | ResidualAdd | LayerSpec
"""A layer with its numbers, or only its shape: then its weights are zero, which no cycle depends on."""

POOLS = ("average_pool", "mean")
STRIDES = ((1, 1), (2, 2))
LARGEST_CONVOLUTION = 15
FARTHEST_TAP = 8
"""Rows or columns, in its phase, that a convolution's first tap may lie before the output pixel."""


def spec_of(layer: Layer) -> LayerSpec:
    return layer if isinstance(layer, LayerSpec) else layer.spec


def unit_of(spec: LayerSpec) -> str:
    """The unit that computes the layer."""
    return "depthwise" if spec.op == "depthwise" or spec.op in POOLS else "pointwise"


class Diagonal(LayerSpec):
    """A depthwise layer as a convolution: an output channel takes its own input channel only.

    So a block of output channels takes only the few blocks of input channels that these are in.
    """

    __slots__ = ()

    @property
    def multiplier(self) -> int:
        """Output channels of an input channel."""
        return self.output_shape[2] // self.input_shape[2]


def as_convolution(spec: LayerSpec) -> LayerSpec:
    """The layer as the engine runs it: a convolution in the place of what no other command covers.

    These are depthwise layers beyond the depthwise unit, and fully connected ones over more than a pixel.
    """
    if spec.op == "depthwise" and not _suits_depthwise_unit(spec):
        return Diagonal(name=spec.name, op="conv", input_shape=spec.input_shape, output_shape=spec.output_shape,
                        kernel=spec.kernel, stride=spec.stride, padding=spec.padding, activation=spec.activation)
    if spec.op == "fully_connected" and spec.input_shape[:2] != (1, 1):
        return replace(spec, op="conv", kernel=spec.input_shape[:2])
    return spec


def _suits_depthwise_unit(spec: LayerSpec) -> bool:
    return (spec.kernel == (KERNEL, KERNEL) and spec.stride in STRIDES and spec.depth_multiplier == 1
            and max(spec.padding.left, spec.padding.top) < KERNEL)


def lowered(layer: Layer) -> Layer:
    """`as_convolution` with the layer's numbers, if it has any."""
    spec = spec_of(layer)
    shape = as_convolution(spec)
    if isinstance(layer, LayerSpec) or shape is spec:
        return shape if isinstance(layer, LayerSpec) else layer
    assert isinstance(layer, QuantisedLayer)  # pools are never convolutions
    if spec.op != "depthwise":
        return replace(layer, spec=shape, weights=layer.weights.reshape(shape.weight_shape))
    # A channel's outputs take only that channel: all other weights are the zero point.
    weights = np.full(shape.weight_shape, layer.weight_zero_point, np.int8)
    outputs = np.arange(shape.output_shape[2])
    weights[:, :, outputs // spec.depth_multiplier, outputs] = layer.weights
    return replace(layer, spec=shape, weights=weights)


@dataclass(frozen=True, kw_only=True)
class Taps:
    """How a convolution's taps lie over its input, which is on chip as `phases` planes of `height` × `columns`.

    Phases of odd rows or columns are shorter by `odd`. A plane's row takes `width` pixels, and so does a row of the
    output. `phase` and `shift` (row, column) are those of the first tap: output pixel (y, x) finds it in that phase at
    (y + shift, x + shift). `reach` is the shift of the last row of taps.
    """

    stride: int
    height: int
    columns: int
    odd: tuple[int, int]
    width: int
    phase: tuple[int, int]
    shift: tuple[int, int]
    reach: int

    @property
    def phases(self) -> int:
        return self.stride * self.stride


def taps_of(spec: LayerSpec) -> Taps:
    """Taps of a `conv` layer."""
    stride = spec.stride[0]
    top, left = spec.padding.top, spec.padding.left
    height, columns, _ = spec.input_shape
    return Taps(stride=stride, height=-(-height // stride), columns=-(-columns // stride),
                odd=(height % stride, columns % stride), width=max(-(-columns // stride), spec.output_shape[1]),
                phase=(-top % stride, -left % stride), shift=(-top // stride, -left // stride),
                reach=(spec.kernel[0] - 1 - top) // stride)


def is_cropped(spec: LayerSpec) -> bool:
    """Whether the engine computes more columns than the layer has, and leaves them out as it stores the rest."""
    spec = as_convolution(spec)
    return spec.op == "conv" and taps_of(spec).width != spec.output_shape[1]


def takes_patches(spec: LayerSpec, config: EngineConfig) -> bool:
    """Whether the network's first layer, `spec`, takes fewer passes if the host writes its im2col; or runs only so."""
    shape = as_convolution(spec)
    if shape.op != "conv":
        return False
    try:
        _check_convolution(spec, shape)
    except CompileError:
        return True
    return passes_of(spec_of(over_patches(shape)), config) < passes_of(shape, config) or splits_beats(shape, config)


def splits_beats(spec: LayerSpec, config: EngineConfig) -> bool:
    """Whether a convolution's load would have to send pixels of one beat to two places of a phase."""
    return spec.stride != (1, 1) and config.words_per_beat > 2


def over_patches(layer: Layer) -> Layer:
    """A convolution as the pointwise layer it is over the im2col of its input."""
    layer = lowered(layer)
    spec = spec_of(layer)
    shape = LayerSpec(
        name=spec.name, op="pointwise", output_shape=spec.output_shape, activation=spec.activation,
        input_shape=(*spec.output_shape[:2], spec.kernel[0] * spec.kernel[1] * spec.input_shape[2]))
    if isinstance(layer, QuantisedLayer):
        return replace(layer, spec=shape, weights=layer.weights.reshape(shape.weight_shape))
    return shape


def passes_of(spec: LayerSpec, config: EngineConfig) -> int:
    """Weight tiles of one block of output channels."""
    return spec.kernel[0] * spec.kernel[1] * len(input_blocks(spec, config, 0))


def input_blocks(spec: LayerSpec, config: EngineConfig, block: int) -> range:
    """Blocks of input channels that a block of output channels takes: of each block as many."""
    blocks = -(-spec.input_shape[2] // config.pe_rows)
    if not isinstance(spec, Diagonal):
        return range(blocks)

    def spanned(output: int) -> tuple[int, int]:
        last = min((output + 1) * config.pe_cols, spec.output_shape[2]) - 1
        ends = output * config.pe_cols, last
        first, last = (channel // spec.multiplier // config.pe_rows for channel in ends)
        return first, last + 1

    outputs = range(-(-spec.output_shape[2] // config.pe_cols))
    count = max(end - first for first, end in map(spanned, outputs))
    start = min(spanned(block)[0], blocks - count)
    return range(start, start + count)


def check_supported(spec: LayerSpec, *, picture: bool = False) -> None:
    """Raises `CompileError` for a layer the engine's commands do not cover.

    A convolution over the `picture`, of which the host can write the im2col, is covered whatever its shape.
    """
    shape = as_convolution(spec)
    if shape.op == "conv":
        if not picture:
            _check_convolution(spec, shape)
    elif shape.op in POOLS:
        if spec.output_shape[:2] != (1, 1) or spec.kernel != spec.input_shape[:2]:
            raise CompileError(f"{spec.name}: the engine pools over the whole picture only, not over"
                               f" {spec.kernel[0]}×{spec.kernel[1]} of {spec.input_shape[0]}×{spec.input_shape[1]}")
    elif shape.op not in ("depthwise", "pointwise", "fully_connected", "add"):
        raise CompileError(f"{spec.name}: {spec.op} is not run by the engine yet; it runs convolutions, depthwise,"
                           " pointwise and fully connected layers, adds, and pools over the whole picture")


def _check_convolution(spec: LayerSpec, shape: LayerSpec) -> None:
    kind = {"conv": "convolution", "fully_connected": "fully connected layer over"}.get(spec.op, spec.op)
    rows, columns = shape.kernel
    if max(shape.kernel) > LARGEST_CONVOLUTION or shape.stride not in STRIDES:
        raise CompileError(f"{spec.name}: {kind} {rows}×{columns} of stride {shape.stride}: the engine"
                           f" runs up to {LARGEST_CONVOLUTION}×{LARGEST_CONVOLUTION} of stride 1 or 2, both ways alike")
    largest = FARTHEST_TAP * shape.stride[0]
    if max(shape.padding.top, shape.padding.left) > largest:
        raise CompileError(f"{spec.name}: {kind} with padding of {shape.padding.top} rows above and"
                           f" {shape.padding.left} columns on the left: the engine runs up to {largest} at this stride")
