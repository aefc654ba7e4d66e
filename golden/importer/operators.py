"""The operators that can be imported, and the conversions of those without weights or constants.

A conversion takes the operator where it stands and the `op` of its layer, and returns the node.
"""

from collections.abc import Callable, Mapping

import numpy as np

from golden.add import AddLayer, add_constants
from golden.host import Dequantise, FloatSoftmax, Quantise, Rescale, Reshape, Softmax
from golden.importer.multiplying import convolution, depthwise, fully_connected
from golden.importer.reader import FileOperator, FileTensor
from golden.importer.scaling import multiply, subtract
from golden.importer.site import (
    Site,
    check_accumulator,
    check_rank,
    clamp,
    same_type,
    scale_of,
    window_spec,
    zero_point_of,
)  # fmt: skip
from golden.layer import NO_PADDING, Padding
from golden.model import ModelError, Node, picture_shape
from golden.pool import AveragePoolLayer, MeanLayer, mean_constants
from golden.quantise import quantise_multiplier
from golden.softmax import softmax_constants


def op_of(operator: FileOperator, tensors: tuple[FileTensor, ...], padding: Padding) -> str:
    """The layer's `op`, decided before it has a name."""
    if operator.kind == "CONV_2D":
        weights = Site(operator=operator, tensors=tensors, name="").input(1)
        strides = (operator.options["StrideH"], operator.options["StrideW"])
        single = weights.shape[1:3] == (1, 1) and strides == (1, 1) and padding == NO_PADDING
        return "pointwise" if single else "conv"
    return OPERATORS[operator.kind][0]


def add(site: Site, op: str) -> Node:
    """ADD of two activations of one shape."""
    first, second = site.input(0), site.input(1)
    if len(site.activations()) != 2 or first.shape != second.shape:
        raise ModelError("both operands must be activations of one shape")
    same_type(first, second, site.output)
    multipliers, shifts = add_constants(scale_of(first), scale_of(second), scale_of(site.output))
    return AddLayer(
        spec=site.spec(op, activation=site.activation), multipliers=multipliers, shifts=shifts,
        input_zero_points=(zero_point_of(first), zero_point_of(second)),
        output_zero_point=zero_point_of(site.output), **clamp(site),
    )  # fmt: skip


def average_pool(site: Site, op: str) -> Node:
    """AVERAGE_POOL_2D; input and output share their scale."""
    source, output, options = site.input(0), site.output, site.operator.options
    same_type(source, output)
    if (scale_of(source), zero_point_of(source)) != (scale_of(output), zero_point_of(output)):
        raise ModelError("input and output of a pool must have one scale and zero point")
    kernel = (options["FilterHeight"], options["FilterWidth"])
    if min(kernel) < 1:
        raise ModelError(f"a window must be positive, not {kernel}")
    spec = window_spec(site, op, kernel)
    return AveragePoolLayer(spec=spec, unsigned=source.dtype == "uint8", **clamp(site))


def mean(site: Site, op: str) -> Node:
    """MEAN over height and width."""
    source, output = site.input(0), site.output
    same_type(source, output)
    check_rank(source, 4)
    if site.input(1).dtype != "int32":
        raise ModelError("axes must be int32")
    axes = {int(axis) % 4 for axis in site.input(1).constant().reshape(-1)}
    if axes != {1, 2}:
        raise ModelError(f"the mean over axes 1 and 2 is supported, not {sorted(axes)}")
    height, width, channels = picture_shape(source.shape)
    multiplier, shift = mean_constants(scale_of(source), scale_of(output), height * width)
    check_accumulator(255 * height * width, shift)
    spec = site.spec(op, kernel=(height, width))
    if spec.output_shape != (1, 1, channels):
        raise ModelError(f"the output must be {(1, 1, channels)}, not {spec.output_shape}")
    return MeanLayer(
        spec=spec, multiplier=multiplier, shift=shift,
        input_zero_point=zero_point_of(source), output_zero_point=zero_point_of(output),
    )  # fmt: skip


def reshape(site: Site, op: str) -> Node:
    """RESHAPE and SQUEEZE; the output tensor says the shape."""
    same_type(site.input(0), site.output)
    spec = site.spec(op)
    if np.prod(spec.input_shape) != np.prod(spec.output_shape):
        raise ModelError(f"{spec.input_shape} cannot become {spec.output_shape}")
    return Reshape(spec=spec)


def softmax(site: Site, op: str) -> Node:
    """SOFTMAX, quantised or in float32."""
    source, output = site.input(0), site.output
    same_type(source, output)
    beta = float(site.operator.options["Beta"])
    if not 2.0**-20 <= beta <= 2.0**20:
        raise ModelError(f"beta must be between 2^-20 and 2^20, not {beta}")
    if source.dtype == "float32":
        return FloatSoftmax(spec=site.spec(op), beta=beta)
    if (scale_of(output), zero_point_of(output)) != (1 / 256, -128):
        raise ModelError("the output must have scale 1/256 and the lowest zero point")
    multiplier, shift = softmax_constants(beta * scale_of(source))
    return Softmax(spec=site.spec(op), multiplier=multiplier, shift=shift)


def quantise(site: Site, op: str) -> Node:
    """QUANTIZE from float32, or between integer types and scales."""
    source, output = site.input(0), site.output
    spec = site.spec(op)
    if source.dtype == "float32":
        return Quantise(spec=spec, scale=scale_of(output), zero_point=zero_point_of(output))
    multiplier, shift = quantise_multiplier(scale_of(source) / scale_of(output))
    check_accumulator(255, shift)
    return Rescale(
        spec=spec, multiplier=multiplier, shift=shift,
        input_zero_point=zero_point_of(source), output_zero_point=zero_point_of(output),
    )  # fmt: skip


def dequantise(site: Site, op: str) -> Node:
    """DEQUANTIZE to float32."""
    if site.output.dtype != "float32":
        raise ModelError(f"the output must be float32, not {site.output.dtype}")
    source = site.input(0)
    return Dequantise(spec=site.spec(op), scale=scale_of(source), zero_point=zero_point_of(source))


OPERATORS: Mapping[str, tuple[str, Callable[[Site, str], Node]]] = {
    "CONV_2D": ("conv", convolution),
    "DEPTHWISE_CONV_2D": ("depthwise", depthwise),
    "FULLY_CONNECTED": ("fully_connected", fully_connected),
    "ADD": ("add", add),
    "AVERAGE_POOL_2D": ("average_pool", average_pool),
    "MEAN": ("mean", mean),
    "RESHAPE": ("reshape", reshape),
    "SQUEEZE": ("reshape", reshape),
    "SOFTMAX": ("softmax", softmax),
    "QUANTIZE": ("quantize", quantise),
    "DEQUANTIZE": ("dequantize", dequantise),
    "MUL": ("mul", multiply),
    "SUB": ("sub", subtract),
}
"""Operators by kind: the `op` of their layer and what makes its node. PAD is folded before."""
