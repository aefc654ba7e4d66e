"""The fast layers against the naive ones: exact accumulators for every shape, and wrong layers told apart."""

from dataclasses import replace

import numpy as np
import pytest

from golden.layer import LayerSpec, Padding, window_output
from golden.ops import accumulate, convolution, depthwise, finish, pointwise, run_layer
from golden.synthetic import synthesise_input, synthesise_layer
from tests.golden.naive import accumulators

V1_STRIDE_2 = Padding(bottom=1, right=1)
AROUND = Padding(top=1, bottom=1, left=1, right=1)


def windowed(op, size, channels, filters, kernel, stride, padding, multiplier=1):
    shape = (*size, channels)
    output = (*window_output(shape, kernel, stride, padding), filters)
    return LayerSpec(
        name=f"{op}_{size[0]}x{size[1]}", op=op, input_shape=shape, output_shape=output, kernel=kernel,
        stride=stride, padding=padding, depth_multiplier=multiplier,
    )  # fmt: skip


SHAPES = [
    windowed("depthwise", (6, 5), 3, 3, (3, 3), (1, 1), AROUND),
    windowed("depthwise", (6, 8), 4, 4, (3, 3), (2, 2), V1_STRIDE_2),
    windowed("depthwise", (7, 5), 2, 6, (3, 3), (2, 2), AROUND, multiplier=3),
    windowed("depthwise", (7, 9), 2, 2, (5, 3), (2, 1), Padding(top=2, bottom=1, left=0, right=1)),
    windowed("pointwise", (3, 5), 7, 4, (1, 1), (1, 1), Padding()),
    windowed("conv", (6, 6), 3, 5, (3, 3), (2, 2), V1_STRIDE_2),
    windowed("conv", (5, 7), 3, 4, (3, 3), (1, 1), AROUND),
    windowed("conv", (5, 7), 3, 4, (1, 1), (2, 2), Padding()),
]
IDS = [f"{spec.name}-s{spec.stride[0]}" for spec in SHAPES]


@pytest.mark.parametrize("corner", ["none", "extremes", "ties"])
@pytest.mark.parametrize("spec", SHAPES, ids=IDS)
def test_accumulators(spec, corner):
    for input_zero_point, weight_zero_point in ((-128, 0), (-7, 3), (127, -128)):
        layer = synthesise_layer(
            spec, 1, input_zero_point=input_zero_point, weight_zero_point=weight_zero_point, corner=corner
        )
        x = synthesise_input(spec.input_shape, 2, zero_point=input_zero_point, corner="extremes")
        np.testing.assert_array_equal(accumulate(x, layer), accumulators(x, layer), strict=True)


def test_sums_beyond_float32_are_exact():
    """9-bit operands over 2048 channels reach 2^27, where float32 would drop bits."""
    spec = windowed("pointwise", (1, 2), 2048, 1, (1, 1), (1, 1), Padding())
    layer = synthesise_layer(spec, 0, input_zero_point=-128)
    weights = np.full(spec.weight_shape, 127, dtype=np.int8)
    weights[0] = 126
    layer = replace(layer, weights=weights, bias=np.array([1], dtype=np.int32), weight_zero_point=-128)
    x = np.full(spec.input_shape, 127, dtype=np.int8)
    np.testing.assert_array_equal(accumulate(x, layer), accumulators(x, layer), strict=True)


FUNCTIONS = {"depthwise": depthwise, "pointwise": pointwise, "conv": convolution}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_named_functions_equal_run_layer(op):
    function = FUNCTIONS[op]
    spec = next(spec for spec in SHAPES if spec.op == op)
    layer = synthesise_layer(spec, 5)
    x = synthesise_input(spec.input_shape, 5)
    np.testing.assert_array_equal(function(x, layer), run_layer(layer, x), strict=True)
    np.testing.assert_array_equal(function(x, layer), finish(accumulate(x, layer), layer), strict=True)
    for other in set(FUNCTIONS.values()) - {function}:
        with pytest.raises(ValueError, match=f"is a {op} layer"):
            other(x, layer)


def test_run_layer_refuses_the_wrong_input():
    layer = synthesise_layer(SHAPES[0], 0)
    with pytest.raises(ValueError, match=r"input must be int8\(6, 5, 3\), not int8\(5, 6, 3\)"):
        run_layer(layer, np.zeros((5, 6, 3), dtype=np.int8))
    with pytest.raises(ValueError, match="not uint8"):
        run_layer(layer, np.zeros((6, 5, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match="takes 1 inputs, not 2"):
        run_layer(layer, np.zeros((6, 5, 3), dtype=np.int8), np.zeros((6, 5, 3), dtype=np.int8))


def broken_padding_side(layer):
    pad = layer.spec.padding
    swapped = Padding(top=pad.bottom, bottom=pad.top, left=pad.right, right=pad.left)
    return replace(layer, spec=replace(layer.spec, padding=swapped))


def broken_weight_order(layer):
    return replace(layer, weights=np.ascontiguousarray(layer.weights[::-1]))


def broken_zero_point(layer):
    return replace(layer, input_zero_point=layer.input_zero_point + 1)


@pytest.mark.parametrize("broken", [broken_padding_side, broken_weight_order, broken_zero_point])
def test_the_comparison_rejects(broken):
    spec = SHAPES[1]
    layer = synthesise_layer(spec, 1)
    x = synthesise_input(spec.input_shape, 2)
    assert (accumulate(x, broken(layer)) != accumulators(x, layer)).any()
