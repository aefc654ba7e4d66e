"""An operator where it stands in its file, and what every conversion asks of its tensors.

Whatever does not fit raises `ModelError` or ValueError; the caller adds which operator it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.importer.reader import MAX_ELEMENTS, FileOperator, FileTensor
from golden.layer import NO_PADDING, LayerSpec, Padding
from golden.model import ModelError, picture_shape
from golden.quantise import INT32_MAX, Activation, activation_range

ACTIVATIONS: Mapping[int, Activation] = {0: "none", 1: "relu", 3: "relu6"}
INTEGER_OFFSET = {"int8": 0, "uint8": 128}
"""What is subtracted from values and zero points to bring a type into the int8 domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An operator where it stands: its tensors, the padding folded into it, and its layer's name."""

    operator: FileOperator
    tensors: tuple[FileTensor, ...]
    name: str
    padding: Padding = NO_PADDING

    def input(self, index: int) -> FileTensor:
        """The operator's input number `index`."""
        inputs = self.operator.inputs
        if index >= len(inputs) or inputs[index] < 0:
            raise ModelError(f"input {index} is missing")
        return self.tensors[inputs[index]]

    @property
    def output(self) -> FileTensor:
        """The operator's only output."""
        if len(self.operator.outputs) != 1 or self.operator.outputs[0] < 0:
            raise ModelError(f"one output is supported, not {len(self.operator.outputs)}")
        return self.tensors[self.operator.outputs[0]]

    @property
    def activation(self) -> Activation:
        """The fused activation."""
        value = self.operator.options["FusedActivationFunction"]
        if value not in ACTIVATIONS:
            raise ModelError(f"fused activation {value} is not supported; NONE, RELU and RELU6 are")
        return ACTIVATIONS[value]

    def spec(self, op: str, **fields: Any) -> LayerSpec:
        """The layer's shape, from the activation tensors."""
        shapes = {
            "input_shape": picture_shape(self.tensors[self.activations()[0]].shape),
            "output_shape": picture_shape(self.output.shape),
        }
        return LayerSpec(name=self.name, op=op, **{**shapes, **fields})

    def activations(self) -> tuple[int, ...]:
        """Indices of the inputs that are not constants."""
        found = tuple(i for i in self.operator.inputs if i >= 0 and self.tensors[i].data is None)
        if not found:
            raise ModelError("every input is a constant")
        return found


def scale_of(tensor: FileTensor) -> float:
    """The tensor's only scale, as the double of the file's float32."""
    if tensor.dtype not in INTEGER_OFFSET:
        raise ModelError(f"tensor {tensor.index} is {tensor.dtype}; only int8 and uint8 can be computed with")
    if tensor.scales.shape != (1,) or tensor.zero_points.shape != (1,):
        raise ModelError(f"tensor {tensor.index} needs one scale and zero point, not {len(tensor.scales)}")
    scale = float(tensor.scales[0])
    if not 2.0**-64 <= scale <= 2.0**64:
        raise ModelError(f"tensor {tensor.index} has scale {scale}, which is not between 2^-64 and 2^64")
    return scale


def zero_point_of(tensor: FileTensor) -> int:
    """The tensor's only zero point, in the int8 domain."""
    scale_of(tensor)
    zero_point = int(tensor.zero_points[0])
    inside = zero_point - INTEGER_OFFSET[tensor.dtype]
    if not -128 <= inside <= 127:
        raise ModelError(f"tensor {tensor.index} has zero point {zero_point}, outside {tensor.dtype}")
    return inside


def int8_constant(tensor: FileTensor) -> NDArray[np.int8]:
    """The constant values in the int8 domain."""
    values = tensor.constant()
    return (values ^ np.uint8(128)).view(np.int8) if tensor.dtype == "uint8" else values


def same_type(*tensors: FileTensor) -> None:
    """Raise `ModelError` unless the tensors have one type."""
    if len({tensor.dtype for tensor in tensors}) != 1:
        kinds = ", ".join(f"{tensor.index}: {tensor.dtype}" for tensor in tensors)
        raise ModelError(f"tensors of one type are supported, not {kinds}")


def clamp(site: Site) -> dict[str, int]:
    """`minimum` and `maximum` of the operator's fused activation."""
    minimum, maximum = activation_range(site.activation, scale_of(site.output), zero_point_of(site.output))
    return {"minimum": minimum, "maximum": maximum}


def window_spec(site: Site, op: str, kernel: tuple[int, int], **fields: Any) -> LayerSpec:
    """The shape of a windowed layer: SAME becomes explicit padding, on top of what was folded."""
    options = site.operator.options
    if options.get("DilationHFactor", 1) != 1 or options.get("DilationWFactor", 1) != 1:
        raise ModelError("dilation is not supported")
    stride = (options["StrideH"], options["StrideW"])
    if min(stride) < 1:
        raise ModelError(f"strides must be positive, not {stride}")
    pad = site.padding
    height, width, channels = picture_shape(site.input(0).shape)
    if options["Padding"] == 0:
        outer = (height + pad.top + pad.bottom, width + pad.left + pad.right)
        same = Padding.same(outer, kernel, stride)
        pad = Padding(
            top=pad.top + same.top, bottom=pad.bottom + same.bottom,
            left=pad.left + same.left, right=pad.right + same.right,
        )  # fmt: skip
    elif options["Padding"] != 1:
        raise ModelError(f"padding {options['Padding']} is neither SAME nor VALID")
    if (height + pad.top + pad.bottom) * (width + pad.left + pad.right) * channels > MAX_ELEMENTS:
        raise ModelError(f"a window of {kernel} pads the picture to more than {MAX_ELEMENTS} elements")
    return site.spec(op, kernel=kernel, stride=stride, padding=pad, activation=site.activation, **fields)


def check_rank(tensor: FileTensor, rank: int) -> None:
    """Raise `ModelError` unless the tensor has `rank` axes."""
    if len(tensor.shape) != rank:
        raise ModelError(f"tensor {tensor.index} must have {rank} axes, not shape {tensor.shape}")


def check_accumulator(bound: int, shift: int) -> None:
    """Raise `ModelError` when a value of magnitude `bound`, shifted left by `shift`, can leave int32."""
    if bound << max(shift, 0) > INT32_MAX:
        raise ModelError("an accumulator can leave 32 bits")
