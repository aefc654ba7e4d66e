"""A picture whose squares of 2 × 2 pixels are one pixel of four times the channels, for a convolution of stride 2.

Its im2col repeats each pixel as often as windows overlap, which a short network waits for on the bus; this form has
each pixel once. Few channels still fill blocks: 3 colours are 12 channels.
"""

from dataclasses import replace

import numpy as np

from golden.layer import LayerSpec, Padding, QuantisedLayer
from hw.compiler.errors import CompileError
from hw.compiler.layers import Layer, lowered, spec_of
from hw.program import Patches

SIDE = 2


def takes_squares(spec: LayerSpec) -> bool:
    """Whether a convolution can be run over squares: one of stride 2, which reads no further than its padding says."""
    return spec.op == "conv" and spec.stride == (SIDE, SIDE) and min(_after(spec)) >= 0


def square_patches(spec: LayerSpec, zero_point: int) -> Patches:
    """How the host writes the convolution's input. Raises `CompileError` if it can't be run so."""
    if not takes_squares(spec):
        raise CompileError(f"{spec.name}: {spec.op} {spec.kernel[0]}×{spec.kernel[1]} of stride {spec.stride} does not"
                           " run over squares of 2 × 2 pixels; convolutions of stride 2 do")
    height, width, _ = spec.input_shape
    return Patches(shape=spec.input_shape, kernel=(SIDE, SIDE), stride=(SIDE, SIDE), zero_point=zero_point,
                   padding=Padding(bottom=height % SIDE, right=width % SIDE))


def over_squares(layer: Layer) -> Layer:
    """The convolution of stride 1 that it is over squares. Taps it does not have get weights of the zero point."""
    layer = lowered(layer)
    spec = spec_of(layer)
    rows, columns = _taps(spec)
    before, after = (-rows.start, -columns.start), _after(spec)
    shape = LayerSpec(
        name=spec.name, op="conv", input_shape=_squares(spec), output_shape=spec.output_shape,
        kernel=(len(rows), len(columns)), activation=spec.activation,
        padding=Padding(top=before[0], bottom=after[0], left=before[1], right=after[1]))
    if not isinstance(layer, QuantisedLayer):
        return shape
    channels, outputs = spec.input_shape[2], spec.output_shape[2]
    weights = np.full((*shape.kernel, SIDE, SIDE, channels, outputs), layer.weight_zero_point, np.int8)
    for row in range(spec.kernel[0]):
        y, phase_y = divmod(row - spec.padding.top, SIDE)
        for column in range(spec.kernel[1]):
            x, phase_x = divmod(column - spec.padding.left, SIDE)
            weights[y - rows.start, x - columns.start, phase_y, phase_x] = layer.weights[row, column]
    return replace(layer, spec=shape, weights=weights.reshape(shape.weight_shape))


def _squares(spec: LayerSpec) -> tuple[int, int, int]:
    height, width, channels = spec.input_shape
    return -(-height // SIDE), -(-width // SIDE), SIDE * SIDE * channels


def _taps(spec: LayerSpec) -> tuple[range, range]:
    """Rows and columns of squares under a window, counted from that of its output pixel."""
    before = spec.padding.top, spec.padding.left
    rows, columns = (range(-first // SIDE, (taps - 1 - first) // SIDE + 1)
                     for taps, first in zip(spec.kernel, before, strict=True))
    return rows, columns


def _after(spec: LayerSpec) -> tuple[int, int]:
    """Rows of squares below the picture and columns on the right that windows reach; negative if they end before."""
    below, right = (made + taps.stop - 1 - size for made, taps, size in zip(
        spec.output_shape[:2], _taps(spec), _squares(spec)[:2], strict=True))
    return below, right
