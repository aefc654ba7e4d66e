"""What a name of an ONNX graph can stand for while the graph is read."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.importer.reader import MAX_ELEMENTS
from golden.layer import LayerSpec, Shape
from golden.model import ModelError, Node
from golden.quantise import INT8_MAX, INT8_MIN, Activation, round_half_away

OFFSET = {"int8": 0, "uint8": 128}
"""What is subtracted from values and zero points to bring a type into the int8 domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """Scale (the file's float32 as a double) and zero point in the int8 domain; `dtype` is the file's."""

    scale: float
    zero_point: int
    dtype: str

    def bound(self, value: float) -> int:
        """`value` as an int8, saturated: half away from zero, the quotient in float32 as TFLite takes it."""
        if not math.isfinite(value):
            return INT8_MIN if value < 0 else INT8_MAX
        with np.errstate(over="ignore"):
            quotient = float(np.float32(value) / np.float32(self.scale))
        inside = min(max(quotient, -1e6), 1e6)
        return min(max(self.zero_point + round_half_away(inside), INT8_MIN), INT8_MAX)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constant:
    """A constant as the file has it."""

    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DequantisedConstant:
    """A constant behind DequantizeLinear: value = (integer − zero point) · scale."""

    values: NDArray[Any]
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor that a layer makes.

    Members
    -------
    layer: who makes it, −1 for the model's input
    shape: ONNX's, batch first, then channels
    picture: (h, w, c) as golden holds it; its values in (c, h, w) order are those of `shape`
    quantisation: None for float32
    real: it stands for its real values (it is float32, or behind DequantizeLinear)
    channels_last: `shape` is (n, h, w, c), as TensorFlow's exporters begin; only Transpose can follow
    """

    layer: int
    shape: tuple[int, ...]
    picture: Shape
    quantisation: Quantisation | None = None
    real: bool = True
    channels_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamp:
    """Bounds on real values, by Relu and Clip."""

    low: float = -math.inf
    high: float = math.inf

    def within(self, low: float, high: float) -> "Clamp":
        """These bounds, then those."""
        if math.isnan(low) or math.isnan(high) or low > high:
            raise ModelError(f"cannot clip to {low} … {high}")
        return Clamp(low=min(max(self.low, low), high), high=max(min(self.high, high), low))

    def limits(self, quantisation: Quantisation) -> dict[str, int]:
        """`minimum` and `maximum` of an int8 layer."""
        return {"minimum": quantisation.bound(self.low), "maximum": quantisation.bound(self.high)}

    @property
    def activation(self) -> Activation:
        """The bounds as an activation's name."""
        if self.low == 0:
            return "relu6" if self.high == 6 else "relu"
        return "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A result in real numbers that becomes a layer once QuantizeLinear says its scale.

    Members
    -------
    kind: the operator that computes it
    shape, picture: as in `Tensor`
    sources: tensors it reads
    make: the layer, given its output's quantisation and the bounds
    """

    kind: str
    shape: tuple[int, ...]
    picture: Shape
    sources: tuple[Tensor, ...]
    make: Callable[[Quantisation, Clamp], Node]
    clamp: Clamp = Clamp()


Value = Constant | DequantisedConstant | Tensor | Pending
Inputs = tuple[Value | None, ...]
Attributes = dict[str, Any]


def first(inputs: Inputs) -> Value:
    """Input 0; raises `ModelError` when it is missing."""
    if not inputs or inputs[0] is None:
        raise ModelError("input 0 is missing")
    return inputs[0]


def scale_of(scale: float) -> float:
    """The scale of an activation; raises `ModelError` when it is absurd."""
    if not 2.0**-64 <= scale <= 2.0**64:
        raise ModelError(f"scale {scale} is not between 2^-64 and 2^64")
    return scale


def quantised(value: Value) -> tuple[Tensor, Quantisation]:
    """An activation that is there in integers, and its quantisation; raises `ModelError`."""
    if not isinstance(value, Tensor) or value.quantisation is None or not value.real:
        raise ModelError("an input is not an activation behind DequantizeLinear; only QDQ models are supported")
    return channels_first(value), value.quantisation


def channels_first(tensor: Tensor) -> Tensor:
    """The tensor, whose channels must be before its rows; raises `ModelError`."""
    if tensor.channels_last:
        raise ModelError("an input with the channels last is supported where Transpose follows")
    return tensor


def plane(tensor: Tensor) -> Tensor:
    """The tensor, which must have ONNX's four axes; raises `ModelError`."""
    height, width, channels = tensor.picture
    if tensor.shape != (1, channels, height, width):
        raise ModelError(f"an input of shape {tensor.shape} is not a batch of one picture")
    return tensor


def reshaped(value: Tensor | Pending, shape: tuple[int, ...]) -> Tensor | Pending:
    """`value` under another shape; raises `ModelError` where that would move values among rows and channels."""
    height, width, channels = value.picture
    whole, flat = (1, channels, height, width), math.prod(shape)
    vector = shape.count(1) >= len(shape) - 1 and flat == math.prod(whole)
    if shape != whole and (not vector or (len(shape) == 4 and shape[1] != flat)):
        raise ModelError(f"a reshape of {value.shape} to {shape} is not supported")
    return replace(value, shape=shape)


def check_spec(spec: LayerSpec) -> LayerSpec:
    """The spec; raises `ModelError` when it stands for absurdly much memory."""
    pad = spec.padding
    rows, columns = spec.input_shape[0] + pad.top + pad.bottom, spec.input_shape[1] + pad.left + pad.right
    for shape in ((rows, columns, spec.input_shape[2]), spec.output_shape):
        if min(shape) < 1 or math.prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"a tensor of {shape} has not between 1 and {MAX_ELEMENTS} elements")
    return spec
