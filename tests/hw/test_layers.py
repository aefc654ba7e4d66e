"""Layers in the form the engine runs them compute what they computed before."""

import numpy as np
import pytest

from golden.layer import LayerSpec, Padding
from golden.ops import run_layer
from golden.synthetic import synthesise_input, synthesise_layer
from hw.compiler.layers import (
    Diagonal,
    as_convolution,
    input_blocks,
    lowered,
    over_patches,
    passes_of,
    spec_of,
    takes_patches,
)
from hw.config import PRESETS
from hw.program import Patches
from tests.support.cases import connected, convolution, depthwise, odd_depthwise, pointwise
from tests.support.configs import BROAD, SKEW, TINY

OTHERS = {
    "five": odd_depthwise("dw", (6, 7, 9), (5, 5), 1),
    "multiplied": odd_depthwise("dw", (5, 5, 4), (3, 3), 3, 2),
    "over one channel": odd_depthwise("dw", (5, 4, 1), (3, 3), 8),
    "connected": connected("fc", 6, 9, (3, 4)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_lowered_layers_compute_the_same(name: str) -> None:
    layer = synthesise_layer(OTHERS[name], 3, input_zero_point=-11, weight_zero_point=4)
    form = lowered(layer)
    assert spec_of(form) == as_convolution(OTHERS[name]) == lowered(OTHERS[name])
    assert spec_of(form).op == "conv"
    values = synthesise_input(OTHERS[name].input_shape, 1, zero_point=-11)
    np.testing.assert_array_equal(run_layer(form, values), run_layer(layer, values), strict=True)


@pytest.mark.parametrize("spec", [
    depthwise("dw", (5, 5, 8), 2), pointwise("pw", (3, 3, 8), 8), connected("fc", 8, 8), convolution("c", (3, 3, 3), 8),
], ids=lambda spec: spec.op)  # fmt: skip
def test_others_stay_as_they_are(spec: LayerSpec) -> None:
    layer = synthesise_layer(spec, 0)
    assert as_convolution(spec) is spec
    assert lowered(layer) is layer


@pytest.mark.parametrize("spec", [
    convolution("c", (7, 6, 3), 5, 2), convolution("c", (9, 9, 2), 4, 3, Padding(left=1, bottom=2), (4, 2)),
], ids=("same", "any"))  # fmt: skip
def test_a_convolution_is_pointwise_over_patches(spec: LayerSpec) -> None:
    layer = synthesise_layer(spec, 3, input_zero_point=-11, weight_zero_point=4)
    values = synthesise_input(spec.input_shape, 1, zero_point=-11)
    patches = Patches(shape=spec.input_shape, kernel=spec.kernel, stride=spec.stride, padding=spec.padding,
                      zero_point=-11)
    found = run_layer(over_patches(layer), patches.of(values))
    np.testing.assert_array_equal(found, run_layer(layer, values), strict=True)


def test_patches_are_taken_for_fewer_passes() -> None:
    first = convolution("conv1", (32, 32, 3), 8, 2)
    assert passes_of(first, TINY) == 9
    assert passes_of(spec_of(over_patches(first)), TINY) == 4
    assert takes_patches(first, TINY)
    assert not takes_patches(convolution("c", (32, 32, 16), 8, 2), TINY)  # 18 either way
    assert takes_patches(convolution("c", (32, 32, 16), 8, 2), BROAD)  # whose load can't take pixels apart
    assert takes_patches(convolution("c", (32, 32, 16), 8, 3), TINY)  # a stride that runs only so
    assert not takes_patches(pointwise("pw", (8, 8, 3), 8), TINY)
    assert not takes_patches(depthwise("dw", (8, 8, 3)), TINY)


@pytest.mark.parametrize("config", [TINY, SKEW, PRESETS["odd"]], ids=lambda config: config.name)
@pytest.mark.parametrize(("channels", "multiplier"), [(5, 1), (24, 1), (43, 3), (50, 2), (100, 1)])
def test_a_diagonal_takes_the_blocks_of_its_channels(channels: int, multiplier: int, config) -> None:
    spec = as_convolution(odd_depthwise("dw", (3, 3, channels), (2, 1), multiplier))
    assert isinstance(spec, Diagonal)
    for block in range(-(-spec.output_shape[2] // config.pe_cols)):
        outputs = range(block * config.pe_cols, min((block + 1) * config.pe_cols, channels * multiplier))
        wanted = {output // multiplier // config.pe_rows for output in outputs}
        taken = input_blocks(spec, config, block)
        assert wanted <= set(taken)
        assert taken.stop <= -(-channels // config.pe_rows)
        assert passes_of(spec, config) == 2 * len(taken)
    full = convolution("c", (3, 3, channels), channels * multiplier, kernel=(2, 1))
    assert passes_of(spec, config) <= passes_of(full, config)
