"""Thousands of random one-operator models against TFLite's reference kernels, every element."""

from dataclasses import replace

import numpy as np
import pytest

from golden.importer import parse_tflite
from golden.layer import Padding, QuantisedLayer
from golden.model import Model
from golden.ops import accumulate
from tests.golden.one_operator import MAKERS, values
from tests.golden.reference import Reference

DTYPES = ("int8", "uint8")


def case(kind: str, dtype: str, seed: int) -> tuple[Model, np.ndarray, np.ndarray]:
    """(model, input, the reference's output)."""
    rng = np.random.default_rng([seed, DTYPES.index(dtype)])
    content = MAKERS[kind](rng, dtype)
    model = parse_tflite(content)
    if model.input.dtype == "float32":
        x = (rng.normal(size=model.input.shape) * 3).astype(np.float32)
    else:
        x = values(rng, model.input.shape, model.input.dtype)
    return model, x, Reference(content).run(x)


def litert_fully_connected(model: Model, x: np.ndarray) -> np.ndarray:
    """LiteRT ≥ 2's rule for FULLY_CONNECTED: accumulator × scale in double, half away from zero."""
    layer = model.nodes[0]
    assert isinstance(layer, QuantisedLayer)
    product = accumulate(model.input.read(x), layer) * np.ldexp(
        layer.multiplier.astype(float), layer.shift - 31
    )
    rounded = np.trunc(product + np.copysign(0.5, product)) + layer.output_zero_point
    return model.output.write(np.clip(rounded, layer.minimum, layer.maximum).astype(np.int8))


def check(kind: str, dtype: str, seeds: range) -> None:
    inside = 0
    for seed in seeds:
        model, x, expected = case(kind, dtype, seed)
        got = litert_fully_connected(model, x) if kind == "fully_connected" else model.run(x)
        np.testing.assert_array_equal(got, expected, strict=True, err_msg=f"{kind} {dtype} seed {seed}")
        inside += len(np.unique(expected)) > 4
    assert inside > len(seeds) // 20, "nearly every output is saturated: the comparison would see nothing"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", MAKERS)
def test_random_models(kind, dtype):
    check(kind, dtype, range(150))


@pytest.mark.full
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", MAKERS)
def test_many_random_models(kind, dtype):
    check(kind, dtype, range(150, 5000))


@pytest.mark.parametrize("dtype", DTYPES)
def test_fully_connected_rounds_as_tflm_does(dtype):
    """Golden keeps TFLM's rule: it may differ from LiteRT by one, rarely."""
    differing = total = 0
    for seed in range(300):
        model, x, expected = case("fully_connected", dtype, seed)
        difference = np.abs(model.run(x).astype(int) - expected.astype(int))
        assert difference.max() <= 1
        differing, total = differing + np.count_nonzero(difference), total + difference.size
    assert differing / total < 0.01


def flip_pool(node):
    return replace(node, unsigned=not node.unsigned)


def swap_padding(node):
    pad = node.spec.padding
    swapped = Padding(top=pad.bottom, bottom=pad.top, left=pad.right, right=pad.left)
    return replace(node, spec=replace(node.spec, padding=swapped))


def shift_input_zero_point(node):
    return replace(node, input_zero_point=node.input_zero_point ^ 1)


def swap_operands(node):
    return replace(node, constant_first=not node.constant_first)


FAULTS = [
    *((kind, "single rounding", None) for kind in ("conv", "depthwise", "add", "mul", "mean", "quantize")),
    ("average_pool", "the other type's ties", flip_pool),
    ("sub", "operands swapped", swap_operands),
    ("conv", "padding on the wrong side", swap_padding),
    ("depthwise", "padding on the wrong side", swap_padding),
    ("conv", "wrong input zero point", shift_input_zero_point),
    ("mean", "wrong input zero point", shift_input_zero_point),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("kind", "name", "fault"), FAULTS, ids=[f"{kind}-{name}" for kind, name, _ in FAULTS]
)
def test_the_comparison_rejects(kind, name, fault, dtype):
    """Each fault is seen within the models of `test_random_models`."""
    for seed in range(150):
        model, x, expected = case(kind, dtype, seed)
        if fault is not None:
            nodes = (*model.nodes[:-1], fault(model.nodes[-1]))
            model = replace(model, nodes=nodes)
        got = model.run(x, rounding="single" if fault is None else "double")
        if np.count_nonzero(got != expected):
            return
    pytest.fail(f"{name} was not seen")


def half_up(x, m, s):
    """Double rounding with the shift's ties towards +∞: the usual wrong rule."""
    high = ((x << np.maximum(s, 0)) * m + (1 << 30)) >> 31
    shift = np.maximum(-s, 0)
    return (high + ((1 << shift) >> 1)) >> shift


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["conv", "depthwise", "add", "mul", "mean", "quantize"])
def test_the_comparison_rejects_half_up(kind, dtype, monkeypatch):
    monkeypatch.setattr("golden.quantise._scale_double", half_up)
    for seed in range(150):
        model, x, expected = case(kind, dtype, seed)
        if np.count_nonzero(model.run(x) != expected):
            return
    pytest.fail("rounding half up was not seen")
