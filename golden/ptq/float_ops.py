"""The layers' arithmetic in float32: (h, w, c) in, (h', w', c') out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec
from golden.quantise import Activation

Floats = NDArray[np.float32]

OPERATORS = ("conv", "depthwise", "pointwise", "fully_connected", "add", "average_pool", "mean", "reshape", "softmax")
"""Ops of `golden.layer.LayerSpec` that have a float version."""

_BOUNDS: Mapping[Activation, tuple[float, float]] = {
    "none": (-np.inf, np.inf),
    "relu": (0, np.inf),
    "relu6": (0, 6),
}


def run_float_layer(spec: LayerSpec, weights: Floats | None, bias: Floats | None, *inputs: Floats) -> Floats:
    """`spec.output_shape` from its inputs, the activation applied; arrays as in `golden.ptq.FloatModel`."""
    x = inputs[0]
    if spec.op == "add":
        y = x + inputs[1]
    elif spec.op == "mean":
        y = x.mean(axis=(0, 1), keepdims=True, dtype=np.float64)
    elif spec.op == "average_pool":
        taps = _windows(np.ones((*x.shape[:2], 1), dtype=np.float32), spec)
        y = _windows(x, spec).sum(axis=(-2, -1)) / taps.sum(axis=(-2, -1))
    elif spec.op == "softmax":
        powers = np.exp(x.astype(np.float64) - x.max(axis=-1, keepdims=True))
        y = powers / powers.sum(axis=-1, keepdims=True)
    elif spec.op == "reshape":
        y = x.reshape(spec.output_shape)
    else:
        assert weights is not None
        assert bias is not None
        y = _product(x, weights, spec) + bias
    low, high = _BOUNDS[spec.activation]
    return np.clip(y, low, high).astype(np.float32)


def _product(x: Floats, weights: Floats, spec: LayerSpec) -> Floats:
    if spec.op == "depthwise":
        windows = _windows(np.repeat(x, spec.depth_multiplier, axis=-1), spec)
        sums = np.zeros(spec.output_shape, dtype=np.float32)
        for row, column in np.ndindex(spec.kernel):  # tap by tap, without copies of the windows
            sums += windows[..., row, column] * weights[row, column]
        return sums
    if spec.op == "conv":
        patches = _windows(x, spec).transpose(0, 1, 3, 4, 2).reshape(-1, weights[..., 0].size)
        return (patches @ weights.reshape(patches.shape[1], -1)).reshape(spec.output_shape)
    return (x.reshape(-1, weights.shape[0]) @ weights).reshape(spec.output_shape)


def _windows(x: Floats, spec: LayerSpec) -> Floats:
    """(h', w', c, kh, kw) view of the zero-padded picture."""
    pad = spec.padding
    padded = np.pad(x, ((pad.top, pad.bottom), (pad.left, pad.right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spec.kernel, axis=(0, 1))
    return windows[:: spec.stride[0], :: spec.stride[1]]
