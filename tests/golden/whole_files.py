"""Whole networks as `.tflite` files with seeded weights, written the ways converters write them."""

import math
from dataclasses import dataclass, field

import numpy as np

from golden.layer import NO_PADDING, LayerSpec, Padding
from golden.network import INPUT, Network
from golden.synthetic import synthesise_layer
from tests.golden.file_builder import Op, T, build_file

KINDS = {
    "conv": "CONV_2D",
    "pointwise": "CONV_2D",
    "depthwise": "DEPTHWISE_CONV_2D",
    "fully_connected": "FULLY_CONNECTED",
}


@dataclass(kw_only=True)
class Style:
    """How a file is written.

    dtype: int8 per channel, or uint8 per tensor with a weight zero point
    explicit_padding: a PAD in front of every padded layer, as Keras and PyTorch do at stride 2
    low: zero point of rectified outputs, int8 domain; above −128 as PyTorch-born files have it
    pool: MEAN, or AVERAGE_POOL_2D with a reshape
    float_ends: QUANTIZE first, DEQUANTIZE last
    """

    dtype: str = "int8"
    explicit_padding: bool = False
    low: int = -128
    pool: str = "MEAN"
    float_ends: bool = False


@dataclass(kw_only=True)
class _Writer:
    style: Style
    tensors: list[T] = field(default_factory=list)
    operators: list[Op] = field(default_factory=list)

    def tensor(self, shape, **fields) -> int:
        self.tensors.append(T(shape=shape, name=f"t{len(self.tensors)}", **fields))
        return len(self.tensors) - 1

    def activation(self, shape, scale: float, zero_point: int) -> int:
        offset = 128 if self.style.dtype == "uint8" else 0
        return self.tensor(
            (1, *shape), dtype=self.style.dtype, scales=[np.float32(scale)], zero_points=[zero_point + offset]
        )

    def apply(self, kind: str, inputs, output: int, version: int = 2, **options) -> int:
        if self.style.dtype == "uint8" and kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            version = 1
        operator = Op(kind=kind, inputs=tuple(inputs), outputs=(output,), options=options, version=version)
        self.operators.append(operator)
        return output

    def scale(self, tensor: int) -> float:
        return float(self.tensors[tensor].scales[0])

    def zero_point(self, tensor: int) -> int:
        """In the int8 domain."""
        return int(self.tensors[tensor].zero_points[0]) - (128 if self.style.dtype == "uint8" else 0)

    def padded(self, spec: LayerSpec, source: int) -> int:
        pad = spec.padding
        height, width, channels = spec.input_shape
        shape = (height + pad.top + pad.bottom, width + pad.left + pad.right, channels)
        amounts = np.array([[0, 0], [pad.top, pad.bottom], [pad.left, pad.right], [0, 0]], dtype=np.int32)
        output = self.activation(shape, self.scale(source), self.zero_point(source))
        return self.apply("PAD", (source, self.tensor((4, 2), dtype="int32", data=amounts)), output)

    def weighted(self, spec: LayerSpec, source: int, seed: int) -> int:
        style = self.style
        weight_zero_point = 0 if style.dtype == "int8" else 5
        layer = synthesise_layer(
            spec, seed, input_zero_point=self.zero_point(source), weight_zero_point=weight_zero_point
        )
        rectified = spec.activation != "none"
        scale, zero_point = (6 / (127 - style.low), style.low) if rectified else (0.11, 3)
        shape = spec.output_shape[2:] if spec.op == "fully_connected" else spec.output_shape
        output = self.activation(shape, scale, zero_point)
        reals = np.ldexp(layer.multiplier.astype(np.float64), layer.shift - 31)
        per_tensor = style.dtype == "uint8" or spec.op == "fully_connected"
        reals = reals.mean(keepdims=True) if per_tensor else reals
        scales = (reals * self.scale(output) / self.scale(source)).astype(np.float32)
        shape, data = _file_weights(spec, layer.weights, style.dtype)
        offset = 128 if style.dtype == "uint8" else 0
        weights = self.tensor(
            shape, data=data, dtype=style.dtype, scales=scales, axis=3 if spec.op == "depthwise" else 0,
            zero_points=[weight_zero_point + offset] * len(scales),
        )  # fmt: skip
        bias = self.tensor(
            layer.bias.shape, dtype="int32", data=layer.bias, scales=scales * np.float32(self.scale(source)),
            zero_points=[0] * len(scales),
        )  # fmt: skip
        options = {"FusedActivationFunction": 3 if rectified else 0}
        explicit = style.explicit_padding and spec.padding != NO_PADDING
        if explicit:
            source = self.padded(spec, source)
        if spec.op != "fully_connected":
            valid = explicit or spec.padding != Padding.same(spec.input_shape[:2], spec.kernel, spec.stride)
            options |= {"StrideH": spec.stride[0], "StrideW": spec.stride[1], "Padding": int(valid)}
            options |= {"DilationHFactor": 1, "DilationWFactor": 1}
        if spec.op == "depthwise":
            options["DepthMultiplier"] = spec.depth_multiplier
        return self.apply(KINDS[spec.op], (source, weights, bias), output, version=3, **options)

    def pooled(self, spec: LayerSpec, source: int) -> int:
        flat = (spec.output_shape[2],)
        if self.style.pool == "MEAN":
            axes = self.tensor((2,), dtype="int32", data=np.array([1, 2], dtype=np.int32))
            output = self.activation(flat, self.scale(source) * 0.6, -128)
            return self.apply("MEAN", (source, axes), output, KeepDims=False)
        height, width, _ = spec.input_shape
        pool = self.activation(spec.output_shape, self.scale(source), self.zero_point(source))
        self.apply(
            "AVERAGE_POOL_2D", (source,), pool,
            Padding=1, StrideH=height, StrideW=width, FilterHeight=height, FilterWidth=width,
        )  # fmt: skip
        return self.reshaped(pool, flat)

    def reshaped(self, source: int, shape) -> int:
        target = self.tensor((1 + len(shape),), dtype="int32", data=np.array([1, *shape], dtype=np.int32))
        output = self.activation(shape, self.scale(source), self.zero_point(source))
        return self.apply("RESHAPE", (source, target), output, version=1)


def _file_weights(spec: LayerSpec, weights: np.ndarray, dtype: str) -> tuple[tuple[int, ...], np.ndarray]:
    """`(shape, data)` in the file's axis order and type."""
    data = weights if spec.op == "depthwise" else np.moveaxis(weights, -1, 0)
    if spec.op == "pointwise":
        data = data[:, None, None, :]
    elif spec.op == "depthwise":
        data = data[None]
    data = np.ascontiguousarray(data)
    return data.shape, data if dtype == "int8" else data.view(np.uint8) ^ np.uint8(128)


def write_file(network: Network, seed: int, style: Style) -> bytes:
    """The bytes of `network` in that style."""
    w = _Writer(style=style)
    picture = w.activation(network.input_shape, 1 / 127.5, -1)
    entry = picture
    if style.float_ends:
        entry = w.tensor((1, *network.input_shape), dtype="float32")
        w.apply("QUANTIZE", (entry,), picture)
    made = {INPUT: picture}
    for spec, sources in zip(network.layers, network.inputs, strict=True):
        inputs = [made[source] for source in sources]
        if spec.op == "add":
            output = w.activation(spec.output_shape, 0.13, -4)
            w.apply("ADD", inputs, output)
        elif spec.op == "mean":
            output = w.pooled(spec, inputs[0])
        elif spec.op == "softmax":
            output = w.activation(w.tensors[inputs[0]].shape[1:], 1 / 256, -128)
            w.apply("SOFTMAX", inputs, output, Beta=1.0)
        else:
            if spec.op == "pointwise" and len(w.tensors[inputs[0]].shape) == 2:
                inputs = [w.reshaped(inputs[0], spec.input_shape)]
            if spec.op == "fully_connected" and spec.input_shape[:2] != (1, 1):
                inputs = [w.reshaped(inputs[0], (math.prod(spec.input_shape),))]
            output = w.weighted(spec, inputs[0], seed)
        made[spec.name] = output
    if style.float_ends:
        end = w.tensor(w.tensors[output].shape, dtype="float32")
        w.apply("DEQUANTIZE", (output,), end)
        output = end
    return build_file(w.tensors, w.operators, (entry,), (output,))
