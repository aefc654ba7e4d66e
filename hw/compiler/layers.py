"""What the compiler takes: layers with their numbers or only their shapes, and which of them the engine runs."""

from dataclasses import dataclass

from golden.layer import LayerSpec, QuantisedLayer
from golden.pool import AveragePoolLayer, MeanLayer
from hw.compiler.errors import CompileError
from hw.config import KERNEL, EngineConfig

Layer = QuantisedLayer | AveragePoolLayer | MeanLayer | LayerSpec
"""A layer with its numbers, or only its shape: then its weights are zero, which no cycle depends on."""

POOLS = ("average_pool", "mean")
LARGEST_CONVOLUTION = 7


def spec_of(layer: Layer) -> LayerSpec:
    return layer if isinstance(layer, LayerSpec) else layer.spec


def unit_of(spec: LayerSpec) -> str:
    """The unit that computes the layer."""
    return "depthwise" if spec.op == "depthwise" or spec.op in POOLS else "pointwise"


def as_convolution(spec: LayerSpec) -> LayerSpec:
    """A depthwise layer over a single channel is a convolution; every other layer is itself."""
    if spec.op == "depthwise" and spec.input_shape[2] == 1 and spec.depth_multiplier > 1:
        return LayerSpec(name=spec.name, op="conv", input_shape=spec.input_shape, output_shape=spec.output_shape,
                         kernel=spec.kernel, stride=spec.stride, padding=spec.padding, activation=spec.activation)
    return spec


@dataclass(frozen=True, kw_only=True)
class Taps:
    """How a convolution's taps lie over its input, which is stored as `phases` planes of `height` × `width`.

    `phase` and `shift` (row, column) are those of the first tap: output pixel (y, x) finds it in that phase at
    (y + shift, x + shift). `reach` is the shift of the last row of taps.
    """

    stride: int
    height: int
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
    return Taps(stride=stride, height=-(-spec.input_shape[0] // stride), width=spec.output_shape[1],
                phase=(-top % stride, -left % stride), shift=(-top // stride, -left // stride),
                reach=(spec.kernel[0] - 1 - top) // stride)


def passes_of(spec: LayerSpec, config: EngineConfig) -> int:
    """Weight tiles of one block of output channels."""
    return spec.kernel[0] * spec.kernel[1] * -(-spec.input_shape[2] // config.pe_rows)


def check_supported(spec: LayerSpec) -> None:
    """Raises `CompileError` for a layer the engine's commands do not cover."""
    spec = as_convolution(spec)
    if spec.op == "depthwise":
        if spec.kernel != (KERNEL, KERNEL) or spec.stride not in ((1, 1), (2, 2)) or spec.depth_multiplier != 1:
            raise CompileError(f"{spec.name}: depthwise {spec.kernel[0]}×{spec.kernel[1]} of stride {spec.stride},"
                               f" multiplier {spec.depth_multiplier}: the engine runs {KERNEL}×{KERNEL} of stride 1"
                               " or 2, multiplier 1")
        if max(spec.padding.left, spec.padding.top) >= KERNEL:
            raise CompileError(f"{spec.name}: padding of {KERNEL} or more on the left or top")
    elif spec.op == "conv":
        _check_convolution(spec)
    elif spec.op in POOLS:
        if spec.output_shape[:2] != (1, 1) or spec.kernel != spec.input_shape[:2]:
            raise CompileError(f"{spec.name}: the engine pools over the whole picture only, not over"
                               f" {spec.kernel[0]}×{spec.kernel[1]} of {spec.input_shape[0]}×{spec.input_shape[1]}")
    elif spec.op != "pointwise" and not (spec.op == "fully_connected" and spec.input_shape[:2] == (1, 1)):
        raise CompileError(f"{spec.name}: {spec.op} is not run by the engine yet; it runs convolutions, depthwise,"
                           " pointwise and fully connected layers, and pools over the whole picture")


def _check_convolution(spec: LayerSpec) -> None:
    stride, width = spec.stride, spec.output_shape[1]
    if max(spec.kernel) > LARGEST_CONVOLUTION or stride not in ((1, 1), (2, 2)):
        raise CompileError(f"{spec.name}: convolution {spec.kernel[0]}×{spec.kernel[1]} of stride {stride}: the engine"
                           f" runs up to {LARGEST_CONVOLUTION}×{LARGEST_CONVOLUTION} of stride 1 or 2")
    if -(-spec.input_shape[1] // stride[0]) > width:
        raise CompileError(f"{spec.name}: a convolution whose output is narrower than its input ÷ stride"
                           f" ({width} of {spec.input_shape[1]} ÷ {stride[0]}) is not run by the engine yet")
