"""Layers written as their definition says, element by element in Python's integers: slow, and obviously
right."""

import itertools

import numpy as np

from golden.layer import QuantisedLayer


def accumulators(x: np.ndarray, layer: QuantisedLayer) -> np.ndarray:
    """int64 (h', w', c_out); a tap outside the picture contributes nothing."""
    spec = layer.spec
    height, width, channels_in = spec.input_shape
    result = np.zeros(spec.output_shape, dtype=np.int64)
    for row, column, channel in itertools.product(*map(range, spec.output_shape)):
        total = int(layer.bias[channel])
        for ky, kx in itertools.product(*map(range, spec.kernel)):
            y = row * spec.stride[0] + ky - spec.padding.top
            z = column * spec.stride[1] + kx - spec.padding.left
            if not (0 <= y < height and 0 <= z < width):
                continue
            if spec.op == "depthwise":
                taps = [(channel // spec.depth_multiplier, int(layer.weights[ky, kx, channel]))]
            elif spec.op == "conv":
                taps = [(c, int(layer.weights[ky, kx, c, channel])) for c in range(channels_in)]
            else:
                taps = [(c, int(layer.weights[c, channel])) for c in range(channels_in)]
            for source, weight in taps:
                total += (int(x[y, z, source]) - layer.input_zero_point) * (weight - layer.weight_zero_point)
        result[row, column, channel] = total
    return result
