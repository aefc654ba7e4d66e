"""What a layer is: its shape (`LayerSpec`) and, for the multiplying ones, its integers (`QuantisedLayer`)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.quantise import INT8_MAX, INT8_MIN, INT32_MAX, SHIFT_MAX, SHIFT_MIN, Activation

Shape = tuple[int, int, int]

WINDOWED = ("conv", "depthwise", "pointwise", "average_pool")
ELEMENTWISE = ("add", "mul", "sub", "softmax", "quantize", "dequantize")
MULTIPLYING = ("conv", "depthwise", "pointwise", "fully_connected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Padding:
    """Rows and columns added on each side of a layer's input; their value is the input zero point."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __post_init__(self) -> None:
        if min(self.top, self.bottom, self.left, self.right) < 0:
            raise ValueError(f"padding must not be negative: {self}")

    @classmethod
    def same(cls, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> "Padding":
        """TFLite's SAME: out = ceil(in ÷ stride), the odd row or column goes after (bottom, right)."""
        before, after = [], []
        for extent, taps, step in zip(size, kernel, stride, strict=True):
            total = max((-(-extent // step) - 1) * step + taps - extent, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return cls(top=before[0], bottom=after[0], left=before[1], right=after[1])


NO_PADDING = Padding()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """Shape of one layer: (height, width, channels) in and out, batch 1.

    `op` is one of conv, depthwise, pointwise (a 1×1 convolution of stride 1), fully_connected, add,
    average_pool, mean, or the name of an operator that stays on the host (softmax, reshape, quantize …).

    Raises
    ------
    ValueError
        When the output shape does not follow from the op, the input, kernel, stride and padding.
    """

    name: str
    op: str
    input_shape: Shape
    output_shape: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: Padding = NO_PADDING
    depth_multiplier: int = 1
    activation: Activation = "none"

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride, self.depth_multiplier) < 1:
            raise ValueError(f"{self.name}: kernel, stride and depth multiplier must be positive")
        if self.op in WINDOWED:
            expected = window_output(self.input_shape, self.kernel, self.stride, self.padding)
            if self.output_shape[:2] != expected:
                raise ValueError(f"{self.name}: output {self.output_shape[:2]} is not {expected}")
        if self.op in ELEMENTWISE and self.output_shape != self.input_shape:
            raise ValueError(f"{self.name}: {self.op} makes {self.input_shape}, not {self.output_shape}")
        if self.op in ("fully_connected", "mean") and self.output_shape[:2] != (1, 1):
            raise ValueError(f"{self.name}: {self.op} makes a 1×1 picture, not {self.output_shape[:2]}")
        if self.op in ("mean", "average_pool") and self.output_shape[2] != self.input_shape[2]:
            raise ValueError(f"{self.name}: {self.op} keeps {self.input_shape[2]} channels")
        if self.op == "depthwise" and self.output_shape[2] != self.input_shape[2] * self.depth_multiplier:
            raise ValueError(
                f"{self.name}: {self.input_shape[2]} channels × {self.depth_multiplier} are not "
                f"{self.output_shape[2]}"
            )

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Depthwise (kh, kw, c_out), conv (kh, kw, c_in, c_out), else (c_in, c_out); () without weights."""
        channels_in, channels_out = self.input_shape[2], self.output_shape[2]
        if self.op == "depthwise":
            return (*self.kernel, channels_out)
        if self.op == "conv":
            return (*self.kernel, channels_in, channels_out)
        if self.op == "pointwise":
            return (channels_in, channels_out)
        if self.op == "fully_connected":
            height, width, _ = self.input_shape
            return (height * width * channels_in, channels_out)
        return ()

    @property
    def weights(self) -> int:
        """Number of weights, biases not counted."""
        shape = self.weight_shape
        return int(np.prod(shape, dtype=np.int64)) if shape else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates, taps that fall on padding included, as the papers count them."""
        return self.output_shape[0] * self.output_shape[1] * self.weights


def window_output(
    input_shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], padding: Padding
) -> tuple[int, int]:
    """(height, width) of a window sliding over the padded input."""
    height = input_shape[0] + padding.top + padding.bottom
    width = input_shape[1] + padding.left + padding.right
    return (height - kernel[0]) // stride[0] + 1, (width - kernel[1]) // stride[1] + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantisedLayer:
    """A conv, depthwise, pointwise or fully connected layer in integers, everything in the int8 domain.

    Members
    -------
    weights: int8 of `spec.weight_shape`; value minus `weight_zero_point` is the operand
    bias: int32 (c_out,)
    multiplier, shift: int64 (c_out,); see `golden.quantise.requantise`
    input_zero_point, weight_zero_point, output_zero_point: −128 … 127
    minimum, maximum: clamp of the output, zero point included

    A uint8 model is moved here by subtracting 128 from values and zero points of activations and weights.

    Raises
    ------
    ValueError
        When an array has another shape or type, or a number is out of its range.
    """

    spec: LayerSpec
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]
    input_zero_point: int
    output_zero_point: int
    weight_zero_point: int = 0
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    def __post_init__(self) -> None:
        name, channels = self.spec.name, self.spec.output_shape[2]
        if self.spec.op not in MULTIPLYING:
            raise ValueError(f"{name}: {self.spec.op} has no weights")
        _check_array(name, "weights", self.weights, self.spec.weight_shape, np.int8)
        _check_array(name, "bias", self.bias, (channels,), np.int32)
        _check_array(name, "multiplier", self.multiplier, (channels,), np.int64)
        _check_array(name, "shift", self.shift, (channels,), np.int64)
        if self.multiplier.min() < 0 or self.multiplier.max() > INT32_MAX:
            raise ValueError(f"{name}: multipliers must be in 0 … 2^31 − 1")
        if self.shift.min() < SHIFT_MIN or self.shift.max() > SHIFT_MAX:
            raise ValueError(f"{name}: shifts must be in {SHIFT_MIN} … {SHIFT_MAX}")
        for what in ("input_zero_point", "output_zero_point", "weight_zero_point", "minimum", "maximum"):
            check_int8(name, what, getattr(self, what))

    def accumulator_bound(self) -> NDArray[np.int64]:
        """Largest |accumulator| of each output channel over all inputs, int64 (c_out,)."""
        operands = np.abs(self.weights.astype(np.int64) - self.weight_zero_point)
        reach = max(INT8_MAX - self.input_zero_point, self.input_zero_point - INT8_MIN)
        total = operands.reshape(-1, operands.shape[-1]).sum(axis=0)
        return total * reach + np.abs(self.bias.astype(np.int64))


def check_int8(name: str, what: str, value: int) -> None:
    """Raise ValueError unless `value` is in the int8 range."""
    if not INT8_MIN <= value <= INT8_MAX:
        raise ValueError(f"{name}: {what} must be in {INT8_MIN} … {INT8_MAX}, not {value}")


def _check_array(name: str, what: str, array: np.ndarray, shape: tuple[int, ...], dtype: type) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{name}: {what} must be {np.dtype(dtype)}{shape}, not {array.dtype}{array.shape}")
