"""Add of two activations, or of one and a constant."""

import numpy as np

from golden.add import AddLayer, add_constants
from golden.host import Subtract
from golden.layer import LayerSpec
from golden.model import ModelError, Node
from golden.onnx_import.values import (
    OFFSET,
    Attributes,
    Clamp,
    DequantisedConstant,
    Inputs,
    Pending,
    Quantisation,
    Value,
    quantised,
    scale_of,
)


def add(inputs: Inputs, attributes: Attributes) -> Pending:
    """Add of two activations of one shape, or of one and a constant per channel (on the host)."""
    constants = [value for value in inputs if isinstance(value, DequantisedConstant)]
    if len(inputs) == 2 and len(constants) == 1:
        return _add_constant(next(value for value in inputs if value is not constants[0]), constants[0])
    operands = [quantised(value) for value in inputs if value is not None]
    if len(operands) != 2 or operands[0][0].shape != operands[1][0].shape:
        raise ModelError("both operands must be activations of one shape")
    (first, q0), (second, q1) = operands
    if first.picture != second.picture:
        raise ModelError("both operands must lie alike")
    spec = LayerSpec(name="add", op="add", input_shape=first.picture, output_shape=first.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multipliers, shifts = add_constants(q0.scale, q1.scale, output.scale)
        return AddLayer(
            spec=spec, multipliers=multipliers, shifts=shifts, output_zero_point=output.zero_point,
            input_zero_points=(q0.zero_point, q1.zero_point), **clamp.limits(output),
        )  # fmt: skip

    return Pending(kind="Add", shape=first.shape, picture=first.picture, sources=(first, second), make=make)


def _add_constant(value: Value | None, constant: DequantisedConstant) -> Pending:
    """x + constant, as x − (−constant)."""
    if value is None:
        raise ModelError("input 0 is missing")
    source, given = quantised(value)
    dtype, channels = str(constant.values.dtype), source.picture[2]
    if dtype not in OFFSET or len(constant.scales) != 1 or constant.values.size != channels:
        raise ModelError("a constant operand must be int8 or uint8, one value per channel, of one scale")
    along = -3 if len(source.shape) == 4 else -1
    if channels > 1 and (constant.values.ndim < -along or constant.values.shape[along] != channels):
        raise ModelError(f"a constant of shape {constant.values.shape} does not lie along the channels")
    scale = scale_of(float(constant.scales[0]))
    values = constant.values.reshape(-1).astype(np.int64) - constant.zero_points[0]
    spec = LayerSpec(name="sub", op="sub", input_shape=source.picture, output_shape=source.picture)

    def make(output: Quantisation, clamp: Clamp) -> Node:
        multipliers, shifts = add_constants(given.scale, scale, output.scale)
        return Subtract(
            spec=spec, constant=-values, constant_first=False, multipliers=multipliers, shifts=shifts,
            input_zero_point=given.zero_point, output_zero_point=output.zero_point, **clamp.limits(output),
        )  # fmt: skip

    return Pending(kind="Add", shape=source.shape, picture=source.picture, sources=(source,), make=make)
