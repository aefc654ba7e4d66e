"""MUL and SUB with a constant, as some files scale their input, to host layers."""

import numpy as np
from numpy.typing import NDArray

from golden.add import add_constants
from golden.host import Multiply, Subtract
from golden.importer.reader import FileTensor
from golden.importer.site import (
    Site,
    check_accumulator,
    clamp,
    int8_constant,
    same_type,
    scale_of,
    zero_point_of,
)
from golden.layer import Shape
from golden.model import ModelError, Node, picture_shape
from golden.quantise import quantise_multiplier


def _with_constant(site: Site) -> tuple[FileTensor, NDArray[np.int64], bool]:
    """`(activation, constant without its zero point, constant comes first)` of MUL and SUB."""
    first, second = site.input(0), site.input(1)
    constant_first = first.data is not None
    constant, source = (first, second) if constant_first else (second, first)
    if constant.data is None or source.data is not None:
        raise ModelError("one operand must be a constant, the other an activation")
    same_type(constant, source, site.output)
    values = int8_constant(constant).astype(np.int64) - zero_point_of(constant)
    shape: Shape = picture_shape(source.shape)
    values = values.reshape((1,) * (4 - values.ndim) + values.shape)[0] if values.ndim <= 4 else values
    if np.broadcast_shapes(values.shape, shape) != shape:
        raise ModelError(f"a constant of shape {constant.shape} does not fit {shape}")
    return source, values, constant_first


def multiply(site: Site, op: str) -> Node:
    """MUL with a constant."""
    source, values, _ = _with_constant(site)
    first, second = (scale_of(site.input(index)) for index in (0, 1))
    multiplier, shift = quantise_multiplier(first * second / scale_of(site.output))
    check_accumulator(255 * 255, shift)
    return Multiply(
        spec=site.spec(op, activation=site.activation), constant=values, multiplier=multiplier, shift=shift,
        input_zero_point=zero_point_of(source), output_zero_point=zero_point_of(site.output), **clamp(site),
    )  # fmt: skip


def subtract(site: Site, op: str) -> Node:
    """SUB with a constant on either side."""
    source, values, constant_first = _with_constant(site)
    first, second = (scale_of(site.input(index)) for index in (0, 1))
    multipliers, shifts = add_constants(first, second, scale_of(site.output))
    return Subtract(
        spec=site.spec(op, activation=site.activation), constant=values, constant_first=constant_first,
        multipliers=multipliers, shifts=shifts, input_zero_point=zero_point_of(source),
        output_zero_point=zero_point_of(site.output), **clamp(site),
    )  # fmt: skip
