"""A float network and the ranges of its tensors to a `Model` in int8.

Scheme of the TFLite 8-bit quantisation specification: activations int8 with one scale and zero point per
tensor, weights int8 in ±127 with one scale per output channel, biases int32 of scale s_in · s_w. Scales are
float32, so that the model means the same written to a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer, add_constants
from golden.host import Reshape, Softmax
from golden.importer.site import check_accumulator
from golden.layer import LayerSpec, QuantisedLayer, Shape
from golden.model import Model, ModelError, Node, Port
from golden.network import INPUT
from golden.pool import AveragePoolLayer, MeanLayer, mean_constants
from golden.ptq.calibration import Range
from golden.ptq.float_model import FloatModel, Floats
from golden.quantise import INT8_MAX, INT8_MIN, activation_range, quantise_multiplier, round_half_away
from golden.softmax import softmax_constants

_BIAS_LIMIT = 1 << 30
_WEIGHT_LIMIT = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """real = (integer − zero_point) · step."""

    step: float
    zero_point: int


PROBABILITY = Scale(step=1 / 256, zero_point=INT8_MIN)


def quantise(model: FloatModel, ranges: Mapping[str, Range]) -> Model:
    """The int8 model; `ranges` as `golden.ptq.calibrate` makes them.

    Raises
    ------
    ModelError
        When a range is missing, or an accumulator could leave 32 bits.
    """
    scales = {INPUT: _scale(ranges, INPUT)}
    nodes: list[Node] = []
    for spec, sources in zip(model.network.layers, model.network.inputs, strict=True):
        given = [scales[source] for source in sources]
        keeps = spec.op in ("average_pool", "reshape")
        scales[spec.name] = (
            given[0] if keeps else PROBABILITY if spec.op == "softmax" else _scale(ranges, spec.name)
        )
        try:
            nodes.append(_node(spec, model, given, scales[spec.name]))
        except ValueError as error:
            raise ModelError(f"{spec.name}: {error}") from error
    ports = tuple(_port(spec.name, spec.output_shape, scales[spec.name]) for spec in model.network.layers)
    return Model(
        network=model.network, nodes=tuple(nodes), ports=ports, output=ports[-1],
        input=_port(INPUT, model.network.input_shape, scales[INPUT]),
    )  # fmt: skip


def quantise_weights(weights: Floats, bias: Floats, step_in: float) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """`(integers, steps)`: weights (…, c_out) in ±127 and the step of each output channel.

    A step is at least so large that the bias stays within ±2^30 in steps of s_in · s_w; a channel of zeros
    without a bias has step 1.
    """
    largest = np.abs(weights.astype(np.float64)).reshape(-1, weights.shape[-1]).max(axis=0)
    steps = np.maximum(largest / _WEIGHT_LIMIT, np.abs(bias.astype(np.float64)) / (step_in * _BIAS_LIMIT))
    steps = np.where(steps > 0, steps, 1).astype(np.float32).astype(np.float64)
    steps = np.maximum(steps, float(np.finfo(np.float32).tiny))
    integers = np.clip(np.rint(weights / steps), -_WEIGHT_LIMIT, _WEIGHT_LIMIT)
    return integers.astype(np.int8), steps


def _scale(ranges: Mapping[str, Range], name: str) -> Scale:
    """Step and zero point such that 0 is exact and the range fits into 256 values."""
    if name not in ranges:
        raise ModelError(f"{name} has no range")
    low, high = min(ranges[name].low, 0.0), max(ranges[name].high, 0.0)
    step = float(np.float32((high - low) / (INT8_MAX - INT8_MIN)))
    step = max(step, 2.0**-64)
    zero_point = min(max(round_half_away(INT8_MIN - low / step), INT8_MIN), INT8_MAX)
    return Scale(step=step, zero_point=zero_point)


def _node(spec: LayerSpec, model: FloatModel, given: list[Scale], made: Scale) -> Node:
    source = given[0]
    minimum, maximum = activation_range(spec.activation, made.step, made.zero_point)
    if spec.op == "softmax":
        multiplier, shift = softmax_constants(source.step)
        return Softmax(spec=spec, multiplier=multiplier, shift=shift)
    if spec.op == "reshape":
        return Reshape(spec=spec)
    if spec.op == "average_pool":
        return AveragePoolLayer(spec=spec, minimum=minimum, maximum=maximum)
    if spec.op == "mean":
        height, width, _ = spec.input_shape
        multiplier, shift = mean_constants(source.step, made.step, height * width)
        check_accumulator(255 * height * width, shift)
        return MeanLayer(
            spec=spec, multiplier=multiplier, shift=shift,
            input_zero_point=source.zero_point, output_zero_point=made.zero_point,
        )  # fmt: skip
    if spec.op == "add":
        multipliers, shifts = add_constants(source.step, given[1].step, made.step)
        return AddLayer(
            spec=spec, multipliers=multipliers, shifts=shifts, minimum=minimum, maximum=maximum,
            input_zero_points=(source.zero_point, given[1].zero_point), output_zero_point=made.zero_point,
        )  # fmt: skip
    return _multiplying(spec, model, source, made, minimum, maximum)


def _multiplying(
    spec: LayerSpec, model: FloatModel, source: Scale, made: Scale, minimum: int, maximum: int
) -> QuantisedLayer:
    weights, bias = model.weights[spec.name], model.biases[spec.name]
    integers, steps = quantise_weights(weights, bias, source.step)
    pairs = np.array([quantise_multiplier(source.step * s / made.step) for s in steps.tolist()], dtype=np.int64)
    layer = QuantisedLayer(
        spec=spec, weights=integers, bias=np.rint(bias / (source.step * steps)).astype(np.int32),
        multiplier=pairs[:, 0].copy(), shift=pairs[:, 1].copy(),
        input_zero_point=source.zero_point, output_zero_point=made.zero_point,
        minimum=minimum, maximum=maximum,
    )  # fmt: skip
    for bound, left in zip(layer.accumulator_bound().tolist(), layer.shift.tolist(), strict=True):
        check_accumulator(bound, left)
    return layer


def _port(name: str, shape: Shape, scale: Scale) -> Port:
    return Port(name=name, dtype="int8", shape=(1, *shape), scale=scale.step, zero_point=scale.zero_point)
