"""Relu and Clip: bounds of the operator before them, or a layer of their own where that is quantised already."""

import math
from dataclasses import replace

import numpy as np

from golden.host import Multiply
from golden.importer.site import check_accumulator
from golden.layer import LayerSpec
from golden.model import ModelError, Node
from golden.onnx_import.values import (
    Attributes,
    Clamp,
    Constant,
    DequantisedConstant,
    Inputs,
    Pending,
    Quantisation,
    Value,
    first,
    quantised,
)
from golden.quantise import quantise_multiplier


def relu(inputs: Inputs, attributes: Attributes) -> Pending:
    """Relu; fused into the operator before it."""
    return _clamped("Relu", first(inputs), 0.0, math.inf)


def clip(inputs: Inputs, attributes: Attributes) -> Pending:
    """Clip, its bounds attributes or, from opset 11 on, inputs; fused into the operator before it."""
    low, high = (_scalar(inputs, index, attributes, name) for index, name in ((1, "min"), (2, "max")))
    return _clamped("Clip", first(inputs), -math.inf if low is None else low, math.inf if high is None else high)


def _scalar(inputs: Inputs, index: int, attributes: Attributes, name: str) -> float | None:
    value = inputs[index] if index < len(inputs) else None
    if value is None:
        return attributes.get(name)
    if isinstance(value, DequantisedConstant) and value.values.size == 1 == len(value.scales):
        return float((int(value.values.reshape(-1)[0]) - int(value.zero_points[0])) * value.scales[0])
    if not isinstance(value, Constant) or value.values.size != 1:
        raise ModelError(f"{name} must be a constant number")
    return float(value.values.reshape(-1)[0])


def _clamped(kind: str, value: Value, low: float, high: float) -> Pending:
    if isinstance(value, Pending):
        return replace(value, clamp=value.clamp.within(low, high))
    source, given = quantised(value)
    spec = LayerSpec(name="mul", op="mul", input_shape=source.picture, output_shape=source.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multiplier, shift = quantise_multiplier(given.scale / output.scale)
        check_accumulator(255, shift)
        return Multiply(  # by 1: a change of scale with bounds
            spec=spec, constant=np.ones(1, dtype=np.int64), multiplier=multiplier, shift=shift,
            input_zero_point=given.zero_point, output_zero_point=output.zero_point, **clamp.limits(output),
        )  # fmt: skip

    return Pending(
        kind=kind, shape=source.shape, picture=source.picture, sources=(source,), make=make,
        clamp=Clamp().within(low, high),
    )  # fmt: skip
