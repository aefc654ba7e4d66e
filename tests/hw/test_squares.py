"""Convolutions of stride 2 over squares of 2 × 2 pixels: the same numbers, fewer bytes."""

import numpy as np
import pytest

from golden.layer import LayerSpec, Padding
from golden.ops import run_layer
from golden.synthetic import synthesise_input, synthesise_layer
from hw.compiler.cascade import Schedule, compile_cascade
from hw.compiler.errors import CompileError
from hw.compiler.layers import spec_of
from hw.compiler.squares import over_squares, square_patches, takes_squares
from tests.support.cases import convolution, depthwise
from tests.support.configs import TINY


@pytest.mark.parametrize("spec", [
    convolution("even", (12, 10, 3), 5, 2),
    convolution("odd", (7, 9, 3), 5, 2),
    convolution("before", (12, 10, 3), 5, 2, Padding(top=1, left=1)),
    convolution("both", (12, 11, 1), 4, 2, Padding(top=1, bottom=1, left=1, right=1)),
    convolution("wide", (9, 14, 2), 4, 2, Padding(top=2, bottom=2, left=1, right=3), (5, 4)),
    convolution("valid", (8, 8, 3), 4, 2, Padding()),
], ids=lambda spec: spec.name)  # fmt: skip
def test_a_convolution_is_one_of_stride_1_over_squares(spec: LayerSpec) -> None:
    layer = synthesise_layer(spec, 3, input_zero_point=-11, weight_zero_point=4)
    values = synthesise_input(spec.input_shape, 1, zero_point=-11)
    over = over_squares(layer)
    assert spec_of(over).stride == (1, 1)
    found = run_layer(over, square_patches(spec, -11).of(values))
    np.testing.assert_array_equal(found, run_layer(layer, values), strict=True)


def test_each_pixel_is_there_once() -> None:
    patches = square_patches(convolution("c", (6, 8, 3), 5, 2), 0)
    values = np.arange(6 * 8 * 3, dtype=np.int8).reshape(6, 8, 3)
    assert sorted(patches.of(values).ravel()) == sorted(values.ravel())


@pytest.mark.parametrize("spec", [
    convolution("once", (8, 8, 3), 4, 1), convolution("thrice", (9, 9, 3), 4, 3), depthwise("dw", (8, 8, 8), 2),
    convolution("less", (9, 9, 3), 4, 2, Padding(), (2, 2)),
], ids=lambda spec: spec.name)  # fmt: skip
def test_others_do_not_run_so(spec: LayerSpec) -> None:
    """Those of another stride, or that leave out a whole row of squares at the end."""
    assert not takes_squares(spec)
    with pytest.raises(CompileError, match=r"^\w+: .* does not run over squares|has no im2col"):
        compile_cascade([spec], TINY, Schedule(stripe_rows=1, patches="squares"))
