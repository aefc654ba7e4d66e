"""The layers' arithmetic on one picture: int8 (h, w, c) in, int8 (h', w', c') out, exact and fast.

Sums are taken in floating point so that BLAS does them, and are exact: every operand is an integer of at most
9 bits, so each partial sum, in any order, is an integer of magnitude at most `accumulator_bound`; float32
holds all integers up to 2^24 and float64 up to 2^53, and the type is chosen by that bound.
"""

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer, add
from golden.layer import LayerSpec, QuantisedLayer
from golden.pool import AveragePoolLayer, MeanLayer, average_pool, mean
from golden.quantise import Rounding, requantise

Layer = QuantisedLayer | AddLayer | AveragePoolLayer | MeanLayer

_FLOAT32_EXACT = 1 << 24
_PATCH_ELEMENTS = 1 << 20


def run_layer(layer: Layer, *inputs: NDArray[np.int8], rounding: Rounding = "double") -> NDArray[np.int8]:
    """int8 `spec.output_shape` from int8 `spec.input_shape` (an add takes two of them).

    Raises
    ------
    ValueError
        When the number, shape or type of the inputs does not fit the layer.
    """
    spec = layer.spec
    expected = 2 if isinstance(layer, AddLayer) else 1
    if len(inputs) != expected:
        raise ValueError(f"{spec.name}: {spec.op} takes {expected} inputs, not {len(inputs)}")
    for x in inputs:
        if x.shape != spec.input_shape or x.dtype != np.int8:
            raise ValueError(f"{spec.name}: input must be int8{spec.input_shape}, not {x.dtype}{x.shape}")
    if isinstance(layer, AddLayer):
        return add(inputs[0], inputs[1], layer, rounding)
    if isinstance(layer, AveragePoolLayer):
        return average_pool(inputs[0], layer)
    if isinstance(layer, MeanLayer):
        return mean(inputs[0], layer, rounding)
    return finish(accumulate(inputs[0], layer), layer, rounding)


def depthwise(x: NDArray[np.int8], layer: QuantisedLayer, rounding: Rounding = "double") -> NDArray[np.int8]:
    """Depthwise convolution; output channel i·m + j filters input channel i (depth multiplier m)."""
    return finish(accumulate(x, _of(layer, "depthwise")), layer, rounding)


def pointwise(x: NDArray[np.int8], layer: QuantisedLayer, rounding: Rounding = "double") -> NDArray[np.int8]:
    """1×1 convolution of stride 1."""
    return finish(accumulate(x, _of(layer, "pointwise")), layer, rounding)


def convolution(
    x: NDArray[np.int8], layer: QuantisedLayer, rounding: Rounding = "double"
) -> NDArray[np.int8]:
    """Standard convolution, any kernel and stride."""
    return finish(accumulate(x, _of(layer, "conv")), layer, rounding)


def accumulate(x: NDArray[np.int8], layer: QuantisedLayer) -> NDArray[np.int64]:
    """int64 (h', w', c_out) accumulators of any multiplying layer, bias included."""
    spec = layer.spec
    exact = np.float32 if layer.accumulator_bound().max() <= _FLOAT32_EXACT else np.float64
    weights = layer.weights.astype(exact) - exact(layer.weight_zero_point)
    operands = x.astype(exact) - exact(layer.input_zero_point)
    if spec.op == "depthwise":
        sums = _depthwise_sums(_padded(operands, spec), weights, spec)
    elif spec.op == "conv":
        sums = _convolution_sums(_padded(operands, spec), weights, spec)
    else:
        sums = operands.reshape(-1, weights.shape[0]) @ weights
    return sums.astype(np.int64).reshape(spec.output_shape) + layer.bias


def finish(
    accumulator: NDArray[np.int64], layer: QuantisedLayer, rounding: Rounding = "double"
) -> NDArray[np.int8]:
    """int8 outputs from the accumulators of a multiplying layer."""
    return requantise(
        accumulator,
        layer.multiplier,
        layer.shift,
        zero_point=layer.output_zero_point,
        minimum=layer.minimum,
        maximum=layer.maximum,
        rounding=rounding,
    ).astype(np.int8)


def _of(layer: QuantisedLayer, op: str) -> QuantisedLayer:
    if layer.spec.op != op:
        raise ValueError(f"{layer.spec.name} is a {layer.spec.op} layer, not {op}")
    return layer


def _padded(operands: np.ndarray, spec: LayerSpec) -> np.ndarray:
    pad = spec.padding
    return np.pad(operands, ((pad.top, pad.bottom), (pad.left, pad.right), (0, 0)))


def _depthwise_sums(padded: np.ndarray, weights: np.ndarray, spec: LayerSpec) -> np.ndarray:
    if spec.depth_multiplier > 1:
        padded = np.repeat(padded, spec.depth_multiplier, axis=-1)
    (rows, columns, _), (row_step, column_step) = spec.output_shape, spec.stride
    sums = np.zeros(spec.output_shape, dtype=weights.dtype)
    product = np.empty((columns, spec.output_shape[2]), dtype=weights.dtype)
    for row in range(rows):  # row by row, so that sums and taps stay in the cache
        for ky in range(spec.kernel[0]):
            line = padded[row * row_step + ky]
            for kx in range(spec.kernel[1]):
                taps = line[kx : kx + (columns - 1) * column_step + 1 : column_step]
                np.multiply(taps, weights[ky, kx], out=product)
                sums[row] += product
    return sums


def _convolution_sums(padded: np.ndarray, weights: np.ndarray, spec: LayerSpec) -> np.ndarray:
    matrix = weights.reshape(-1, weights.shape[-1])
    rows, columns, channels = spec.output_shape
    sums = np.empty(spec.output_shape, dtype=weights.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(padded, spec.kernel, axis=(0, 1))
    windows = windows[:: spec.stride[0], :: spec.stride[1]].transpose(0, 1, 3, 4, 2)
    step = max(1, _PATCH_ELEMENTS // (columns * matrix.shape[0]))  # im2col of a few rows at a time
    for row in range(0, rows, step):
        patches = windows[row : row + step].reshape(-1, matrix.shape[0])
        sums[row : row + step] = (patches @ matrix).reshape(-1, columns, channels)
    return sums
