"""A QDQ graph evaluated one Python integer at a time, from the ONNX file itself; nothing of golden is used.

Real numbers are kept exact as (integers, scale) until QuantizeLinear, which rounds by TFLite's rule: M and
shift from the scales, then `MultiplyByQuantizedMultiplier` as gemmlowp writes it (sign-dependent nudge,
truncating division). Layout stays ONNX's (n, c, h, w).
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import onnx
from onnx import numpy_helper


@dataclass(frozen=True, kw_only=True)
class Integers:
    """A quantised tensor."""

    values: np.ndarray
    scale: float
    zero_point: int
    dtype: np.dtype


@dataclass(frozen=True, kw_only=True)
class Reals:
    """Exact real numbers: sum of integers · scale, and bounds; `kind` decides the rounding."""

    kind: str
    terms: tuple[tuple[np.ndarray, np.ndarray], ...]
    low: float = -math.inf
    high: float = math.inf
    taps: np.ndarray | int = 1
    raw: Integers | None = None


def half_away(value: Fraction) -> int:
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


def quantize_multiplier(real: float) -> tuple[int, int]:
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    q = half_away(Fraction(mantissa) * 2**31)
    if q == 2**31:
        q, shift = q // 2, shift + 1
    return (0, 0) if shift < -31 else (q, shift)


def truncated(numerator: int, denominator: int) -> int:
    return abs(numerator) // denominator * (1 if numerator >= 0 else -1)


def multiply(x: int, multiplier: int, shift: int) -> int:
    """SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT."""
    product = x * 2 ** max(shift, 0) * multiplier
    high = truncated(product + (2**30 if product >= 0 else 1 - 2**30), 2**31)
    exponent = max(-shift, 0)
    mask = (1 << exponent) - 1
    return (high >> exponent) + ((high & mask) > (mask >> 1) + (high < 0))


def scaled(values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Each integer times its real factor."""
    factors = np.broadcast_to(factors, values.shape)
    constants = {factor: quantize_multiplier(factor) for factor in set(factors.ravel().tolist())}
    pairs = zip(values.ravel().tolist(), factors.ravel().tolist(), strict=True)
    return np.array([multiply(v, *constants[f]) for v, f in pairs], dtype=np.int64).reshape(values.shape)


def quantise_reals(reals: Reals, scale: float, zero_point: int, dtype: np.dtype) -> Integers:
    limits = np.iinfo(dtype)
    if reals.kind == "pool":
        assert reals.raw is not None
        sums, taps = reals.terms[0][0], reals.taps
        pairs = zip(sums.ravel().tolist(), np.broadcast_to(taps, sums.shape).ravel().tolist(), strict=True)
        y = np.array([truncated(s + n // 2 if s > 0 else s - n // 2, n) for s, n in pairs]).reshape(sums.shape)
    elif reals.kind == "mean":
        (sums, factor), n = reals.terms[0], int(reals.taps)
        m, shift = quantize_multiplier(float(factor) / scale)
        k = min(n.bit_length() - 1, 32, 31 + shift)
        flat = [multiply(v, (m << k) // n, shift - k) for v in sums.ravel().tolist()]
        y = np.array(flat, dtype=np.int64).reshape(sums.shape) + zero_point
    elif reals.kind == "add":
        twice = 2 * max(float(factor) for _, factor in reals.terms)
        y = sum(scaled(v << 20, np.asarray(float(f) / twice)) for v, f in reals.terms)
        y = scaled(y, np.asarray(twice / (2**20 * scale))) + zero_point
    else:
        ((values, factor),) = reals.terms
        y = scaled(values, np.asarray(factor / scale)) + zero_point
    bounds = [
        edge if math.isinf(b) else zero_point + half_away(Fraction(float(np.float32(b) / np.float32(scale))))
        for b, edge in ((reals.low, limits.min), (reals.high, limits.max))
    ]
    low, high = (min(max(b, limits.min), limits.max) for b in bounds)
    return Integers(values=np.clip(y, low, high), scale=scale, zero_point=zero_point, dtype=dtype)


def windows(x: np.ndarray, kernel, strides, pads) -> np.ndarray:
    padded = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    return view[:, :, :: strides[0], :: strides[1]]


def attributes_of(node) -> dict:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def pads_of(x: np.ndarray, kernel, strides, attributes) -> tuple[int, ...]:
    if attributes.get("auto_pad", b"NOTSET") != b"SAME_UPPER":
        return tuple(attributes.get("pads", (0, 0, 0, 0)))
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(x.shape[2:], strides, kernel, strict=True)]
    return (total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2)


class Evaluator:
    """The values of every name after `run`."""

    def __init__(self, content: bytes) -> None:
        self.graph = onnx.ModelProto.FromString(content).graph
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}

    def run(self, x: np.ndarray) -> np.ndarray:
        """The output for x (n, c, h, w) float32; `self.values` keeps every tensor."""
        self.values = {**self.constants, self.graph.input[0].name: x}
        for node in self.graph.node:
            inputs = [self.values[name] if name else None for name in node.input]
            step = getattr(self, node.op_type.lower())
            self.values[node.output[0]] = step(attributes_of(node), *inputs)
        return self.floats(self.values[self.graph.output[0].name])

    @staticmethod
    def floats(value) -> np.ndarray:
        if isinstance(value, np.ndarray):
            return value
        ((integers, scale),) = value.terms
        return (integers.astype(np.float64) * scale).astype(np.float32)

    def constant(self, attributes):
        return numpy_helper.to_array(attributes["value"])

    def quantizelinear(self, attributes, value, scale, zero_point):
        if any(value is constant for constant in self.constants.values()):
            along = [-1 if i == attributes.get("axis", 1) else 1 for i in range(value.ndim)]
            shaped = [a.reshape(along) if a.size > 1 else a.reshape(()) for a in (scale, zero_point)]
            limits = np.iinfo(zero_point.dtype)
            return np.clip(np.rint(value / shaped[0]) + shaped[1], limits.min, limits.max).astype(zero_point.dtype)
        scale, dtype, zero_point = float(scale.reshape(())), zero_point.dtype, int(zero_point.reshape(()))
        if isinstance(value, Reals):
            raw = value.raw
            if value.kind == "linear" and raw and (raw.scale, raw.zero_point) == (scale, zero_point):
                return raw
            return quantise_reals(value, scale, zero_point, dtype)
        quotients = (value / np.float32(scale)).astype(np.float64)
        rounded = np.array([half_away(Fraction(q)) for q in quotients.ravel().tolist()]).reshape(value.shape)
        limits = np.iinfo(dtype)
        y = np.clip(rounded + zero_point, limits.min, limits.max)
        return Integers(values=y, scale=scale, zero_point=zero_point, dtype=dtype)

    def dequantizelinear(self, attributes, value, scale, zero_point):
        if isinstance(value, Integers):
            terms = ((value.values - value.zero_point, np.float64(value.scale)),)
            return Reals(kind="linear", terms=terms, raw=value)
        axis = attributes.get("axis", 1)
        along = [1] * value.ndim
        if scale.ndim and scale.size > 1:
            along[axis] = -1
        zero_point = np.asarray(zero_point).astype(np.int64).reshape(-1)
        shaped = zero_point.reshape(along) if scale.size > 1 else zero_point.reshape(-1)[0]
        return Reals(kind="linear", terms=((value.astype(np.int64) - shaped, scale.reshape(-1).astype(np.float64)),))

    def conv(self, attributes, x, w, b=None):
        (values, scale), (weights, scales) = x.terms[0], w.terms[0]
        kernel, strides = weights.shape[2:], attributes.get("strides", (1, 1))
        patches = windows(values, kernel, strides, pads_of(values, kernel, strides, attributes))
        group, filters = attributes.get("group", 1), weights.shape[0]
        patches = patches.reshape(1, group, -1, *patches.shape[2:])
        split = weights.reshape(group, filters // group, *weights.shape[1:])
        sums = np.einsum("ngchwij,gfcij->ngfhw", patches, split).reshape(1, filters, *patches.shape[3:5])
        return self._product(sums, float(scale) * scales, b, (1, -1, 1, 1))

    def gemm(self, attributes, x, w, b=None):
        (values, scale), (weights, scales) = x.terms[0], w.terms[0]
        sums = values @ (weights.T if attributes.get("transB", 0) else weights)
        return self._product(sums, float(scale) * scales, b, (1, -1))

    def matmul(self, attributes, x, w):
        return self.gemm({}, x, w)

    @staticmethod
    def _product(sums, factors, bias, along):
        if bias is not None:
            sums = sums + bias.terms[0][0].reshape(along)
        return Reals(kind="product", terms=((sums, np.asarray(factors).reshape(along)),))

    def add(self, attributes, a, b):
        ((x, scale),), ((y, other),) = a.terms, b.terms
        if x.shape != y.shape:  # a constant along the channels
            x, y = np.broadcast_arrays(x, y)
            return Reals(kind="add", terms=((x, scale), (y, np.float64(np.asarray(other).reshape(())))))
        return Reals(kind="add", terms=(*a.terms, *b.terms))

    def globalaveragepool(self, attributes, x):
        ((values, scale),) = x.terms
        sums = values.sum(axis=(2, 3), keepdims=True)
        return Reals(kind="mean", terms=((sums, scale),), taps=values.shape[2] * values.shape[3])

    def reducemean(self, attributes, x, axes=None):
        pooled = self.globalaveragepool({}, x)
        if attributes.get("keepdims", 1):
            return pooled
        ((sums, scale),) = pooled.terms
        return replace(pooled, terms=((sums[:, :, 0, 0], scale),))

    def averagepool(self, attributes, x):
        raw, kernel = x.raw, attributes["kernel_shape"]
        strides = attributes.get("strides", (1, 1))
        pads = pads_of(raw.values, kernel, strides, attributes)
        sums = windows(raw.values, kernel, strides, pads).sum(axis=(-1, -2))
        taps = windows(np.ones_like(raw.values), kernel, strides, pads).sum(axis=(-1, -2))
        return Reals(kind="pool", terms=((sums, np.float64(raw.scale)),), taps=taps, raw=raw)

    def relu(self, attributes, x):
        return replace(x, kind="bounded" if x.kind == "linear" else x.kind, low=max(x.low, 0.0))

    def clip(self, attributes, x, low=None, high=None):
        low, high = (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))
        kind = "bounded" if x.kind == "linear" else x.kind
        return replace(x, kind=kind, low=max(x.low, low), high=min(x.high, high))

    def transpose(self, attributes, x):
        if isinstance(x, np.ndarray):
            return x.transpose(attributes["perm"])
        return self._shaped(x, lambda a: a.transpose(attributes["perm"]))

    def identity(self, attributes, x):
        return x

    def flatten(self, attributes, x):
        return self._shaped(x, lambda a: a.reshape(1, -1))

    def reshape(self, attributes, x, shape):
        return self._shaped(x, lambda a: a.reshape([n or a.shape[i] for i, n in enumerate(shape)]))

    def squeeze(self, attributes, x, axes=None):
        given = attributes.get("axes") if axes is None else axes.tolist()
        return self._shaped(x, lambda a: a.squeeze(tuple(given)))

    @staticmethod
    def _shaped(x, change):
        terms = tuple((change(values), scale) for values, scale in x.terms)
        return replace(x, terms=terms, raw=x.raw and replace(x.raw, values=change(x.raw.values)))

    def softmax(self, attributes, x):
        scores = self.floats(x).astype(np.float64)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
