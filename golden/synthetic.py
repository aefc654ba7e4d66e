"""Seeded weights and inputs with realistic scales, for layers that come without a trained model.

Numbers depend on (seed, layer name) alone: they are made by integer arithmetic on PCG64's raw output, whose
stream NumPy guarantees, so every process, platform and NumPy version sees the same layer.

An output behaves like a trained one: after a ReLU a rectified normal (about 30 % zeros), after a linear layer
a normal around an interior zero point. Each layer's multipliers assume that of its input and restore it.
"""

import math
import zlib
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer, add_constants
from golden.layer import MULTIPLYING, LayerSpec, QuantisedLayer, Shape
from golden.ops import Layer
from golden.pool import AveragePoolLayer, MeanLayer, mean_constants
from golden.quantise import INT8_MAX, INT8_MIN, quantise_multiplier

Corner: TypeAlias = Literal["none", "extremes", "ties"]

_RELU_CENTRE, _RELU_SPREAD = 32, 64     # of the normal before it is rectified, in output steps
_RELU_MEAN, _RELU_DEVIATION = 44.7, 47.6  # of the rectified normal
_LINEAR_SPREAD = 44
_WEIGHT_SPREAD = 40


def output_zero_point(spec: LayerSpec, seed: int) -> int:
    """Zero point of a synthesised output: −128 after a ReLU or a pool of one, else interior, by (seed,
    name)."""
    if spec.activation != "none" or spec.op in ("average_pool", "mean"):
        return INT8_MIN
    return int(_bits(seed, f"{spec.name}/zero point", 1)[0] % np.uint64(41)) - 20


def synthesise(spec: LayerSpec, seed: int, *input_zero_points: int) -> Layer:
    """Any engine layer of shape `spec` with seeded integers, given the zero points of its one or two inputs.

    Raises
    ------
    ValueError
        When the layer stays on the host.
    """
    if spec.op == "add":
        first, second = input_zero_points
        multipliers, shifts = add_constants(0.9, 1.1, 1.3)
        return AddLayer(
            spec=spec, multipliers=multipliers, shifts=shifts,
            input_zero_points=(first, second), output_zero_point=output_zero_point(spec, seed),
        )  # fmt: skip
    (input_zero_point,) = input_zero_points
    if spec.op == "average_pool":
        return AveragePoolLayer(spec=spec)
    if spec.op == "mean":
        multiplier, shift = mean_constants(1.0, 0.9, spec.input_shape[0] * spec.input_shape[1])
        return MeanLayer(
            spec=spec, multiplier=multiplier, shift=shift,
            input_zero_point=input_zero_point, output_zero_point=output_zero_point(spec, seed),
        )  # fmt: skip
    return synthesise_layer(spec, seed, input_zero_point=input_zero_point)


def synthesise_layer(
    spec: LayerSpec,
    seed: int,
    *,
    input_zero_point: int = INT8_MIN,
    weight_zero_point: int = 0,
    corner: Corner = "none",
) -> QuantisedLayer:
    """A conv, depthwise, pointwise or fully connected layer of shape `spec` with seeded integers.

    Parameters
    ----------
    input_zero_point
        −128 declares the input to be a ReLU's output; anything else, a linear layer's.
    corner
        "extremes": weights at 127 and −128, biases up to ±2^30, multipliers of 0 and 2^31 − 1, shifts from
        −31 to +1. "ties": a few weights of ±1, multipliers of 1/4 … 1/16 and an interior zero point, so that
        many accumulators of either sign lie half-way at the final shift, where a wrong rounding shows.

    Raises
    ------
    ValueError
        When the layer has no weights.
    """
    if spec.op not in MULTIPLYING:
        raise ValueError(f"{spec.name}: {spec.op} has no weights")
    layer = _trained_like(spec, seed, input_zero_point, weight_zero_point, output_zero_point(spec, seed))
    return layer if corner == "none" else _cornered(layer, seed, corner)


def synthesise_input(
    shape: Shape, seed: int, *, zero_point: int = INT8_MIN, corner: Corner = "none"
) -> NDArray[np.int8]:
    """int8 (h, w, c) activations: rectified normal if the zero point is −128, else normal around it.

    With corner "extremes" half the values are −128 or 127.
    """
    count = math.prod(shape)
    normal = _normal(seed, "input", count)
    if zero_point == INT8_MIN:
        values = np.maximum((normal * _RELU_SPREAD >> 8) + _RELU_CENTRE, 0)
    else:
        values = normal * _LINEAR_SPREAD >> 8
    values = np.clip(values + zero_point, INT8_MIN, INT8_MAX)
    if corner == "extremes":
        choice = _bits(seed, "input/corner", count) & np.uint64(3)
        values = np.select([choice == 0, choice == 1], [INT8_MIN, INT8_MAX], values)
    return values.astype(np.int8).reshape(shape)


def _trained_like(
    spec: LayerSpec, seed: int, input_zero_point: int, weight_zero_point: int, zero_point: int
) -> QuantisedLayer:
    shape, channels = spec.weight_shape, spec.output_shape[2]
    noise = _normal(seed, f"{spec.name}/weights", math.prod(shape)).reshape(shape)
    weights = np.clip((noise * _WEIGHT_SPREAD >> 8) + weight_zero_point, -127, 127)
    if input_zero_point == INT8_MIN:
        mean, deviation = _RELU_MEAN, _RELU_DEVIATION
    else:
        mean, deviation = 0.0, float(_LINEAR_SPREAD)
    rectified = spec.activation != "none"
    spread = _RELU_SPREAD if rectified else _LINEAR_SPREAD
    centre = _RELU_CENTRE if rectified else 0

    operands = (weights - weight_zero_point).reshape(-1, channels).astype(np.float64)
    energy = np.maximum((operands * operands).sum(axis=0), 1.0)
    jitter = (_bits(seed, f"{spec.name}/scales", channels) % np.uint64(1024)).astype(np.float64) / 1024 + 0.5
    reals = spread * jitter / (np.sqrt(energy) * deviation)
    drift = (_normal(seed, f"{spec.name}/bias", channels) * spread >> 10).astype(np.float64)
    bias = np.rint((centre + drift) / reals - mean * operands.sum(axis=0))
    multiplier, shift = zip(*(quantise_multiplier(float(real)) for real in reals), strict=True)
    return QuantisedLayer(
        spec=spec, weights=weights.astype(np.int8), bias=bias.astype(np.int32),
        multiplier=np.array(multiplier, dtype=np.int64), shift=np.array(shift, dtype=np.int64),
        input_zero_point=input_zero_point, weight_zero_point=weight_zero_point, output_zero_point=zero_point,
        minimum=max(INT8_MIN, zero_point) if rectified else INT8_MIN, maximum=INT8_MAX,
    )  # fmt: skip


def _cornered(layer: QuantisedLayer, seed: int, corner: Corner) -> QuantisedLayer:
    spec, channels = layer.spec, layer.spec.output_shape[2]
    choice = (_bits(seed, f"{spec.name}/corner", channels) % np.uint64(8)).astype(np.int64)
    multiplier, shift, bias = layer.multiplier.copy(), layer.shift.copy(), layer.bias.astype(np.int64)
    weights = layer.weights.copy()
    output_zero_point, minimum = layer.output_zero_point, layer.minimum
    if corner == "ties":
        taps = weights.size // channels
        keep = _bits(seed, f"{spec.name}/taps", weights.size) % np.uint64(max(1, taps // 4)) == 0
        signs = np.where(keep.reshape(weights.shape), np.sign(weights), 0)
        weights = (signs + layer.weight_zero_point).astype(np.int8)
        multiplier[:], shift, bias = 1 << 30, -1 - choice % 3, choice - 4
        output_zero_point, minimum = 3, INT8_MIN
    else:
        extreme = (_bits(seed, f"{spec.name}/extremes", weights.size) % np.uint64(6)).astype(np.int64)
        flat = np.select([extreme == 0, extreme == 1], [INT8_MIN, INT8_MAX], weights.reshape(-1))
        weights = flat.astype(np.int8).reshape(weights.shape)
        dead = choice == 0
        shift = np.select([dead, choice == 1], [-31, 1], shift)
        multiplier = np.select([choice == 2, choice == 3], [0, (1 << 31) - 1], multiplier)
        shift[choice == 2] = 0
        bias[dead] = np.where(np.arange(channels) % 2 == 0, 1 << 30, -(1 << 30))[dead]
    return QuantisedLayer(
        spec=spec, weights=weights, bias=bias.astype(np.int32), multiplier=multiplier, shift=shift,
        input_zero_point=layer.input_zero_point, weight_zero_point=layer.weight_zero_point,
        output_zero_point=output_zero_point, minimum=minimum, maximum=INT8_MAX,
    )  # fmt: skip


def _bits(seed: int, name: str, count: int) -> NDArray[np.uint64]:
    """`count` raw 64-bit words of the stream named (seed, name)."""
    return np.random.PCG64([seed, zlib.crc32(name.encode())]).random_raw(count)


def _normal(seed: int, name: str, count: int) -> NDArray[np.int64]:
    """Nearly normal integers of mean 0 and standard deviation 256: sums of eight bytes, ±5 deviations."""
    octets = _bits(seed, name, count).view(np.uint8).reshape(count, 8)
    return (octets.sum(axis=1, dtype=np.int64) - 1020) * 313 >> 8
