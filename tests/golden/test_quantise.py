"""The integer rules against the same rules stated in Python's unlimited integers and fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.quantise import activation_range, quantise_multiplier, requantise

EXTREMES = [0, 1, 2, 3, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**30 - 1, 2**30, 2**31 - 2, 2**31 - 1]
ACCUMULATORS = sorted({*EXTREMES, *(-x for x in EXTREMES), -(2**31), *range(-70, 71)})
MULTIPLIERS = [2**30, 2**30 + 1, 3 * 2**29, 1518500250, 2**31 - 1, 0]
SHIFTS = [-31, -30, -17, -8, -3, -2, -1, 0, 1, 2, 7]


def half_away(value: Fraction) -> int:
    magnitude = int(abs(value) + Fraction(1, 2))
    return -magnitude if value < 0 else magnitude


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def double_rounding(x: int, multiplier: int, shift: int) -> int:
    """gemmlowp: the high multiply rounds half up, the shift half away from zero."""
    high = half_up(Fraction((x << max(shift, 0)) * multiplier, 1 << 31))
    return half_away(Fraction(high, 1 << max(-shift, 0)))


def single_rounding(x: int, multiplier: int, shift: int) -> int:
    return half_up(Fraction(x * multiplier, 1 << (31 - shift)))


RULES = {"double": double_rounding, "single": single_rounding}


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("limits", [(0, -128, 127), (-128, -128, 127), (5, -3, 90)])
def test_requantise_on_extremes_and_ties(rounding, limits):
    zero_point, minimum, maximum = limits
    for multiplier in MULTIPLIERS:
        for shift in SHIFTS:
            got = requantise(
                np.array(ACCUMULATORS), multiplier, shift,
                zero_point=zero_point, minimum=minimum, maximum=maximum, rounding=rounding,
            )  # fmt: skip
            expected = [
                min(max(RULES[rounding](x, multiplier, shift) + zero_point, minimum), maximum)
                for x in ACCUMULATORS
            ]
            np.testing.assert_array_equal(got, np.array(expected), strict=True)


@given(
    x=st.integers(-(2**31), 2**31 - 1),
    multiplier=st.integers(2**30, 2**31 - 1) | st.just(0),
    shift=st.integers(-31, 7),
    zero_point=st.integers(-128, 127),
    rounding=st.sampled_from(["double", "single"]),
)
@settings(max_examples=2000, deadline=None)
def test_requantise_anywhere(x, multiplier, shift, zero_point, rounding):
    got = requantise(
        np.array([x]), multiplier, shift, zero_point=zero_point, minimum=-128, maximum=127, rounding=rounding
    )
    expected = min(max(RULES[rounding](x, multiplier, shift) + zero_point, -128), 127)
    assert got.tolist() == [expected]


def test_channels_are_the_last_axis():
    x = np.arange(-60, 60, dtype=np.int64).reshape(4, 10, 3) * 977
    multiplier, shift = np.array([2**30, 2**31 - 1, 1234567890]), np.array([-3, 0, 1])
    limits = {"zero_point": -1, "minimum": -128, "maximum": 127}
    together = requantise(x, multiplier, shift, **limits)
    for channel in range(3):
        alone = requantise(x[..., channel], multiplier[channel], shift[channel], **limits)
        np.testing.assert_array_equal(together[..., channel], alone, strict=True)


def test_the_rule_is_told_from_half_up():
    """Ties below zero: half away and half up differ there, and only there."""
    x = np.arange(-40, 41)
    got = requantise(x, 2**30, -1, zero_point=0, minimum=-128, maximum=127)
    up = [half_up(Fraction(half_up(Fraction(int(v), 2)), 2)) for v in x]
    differing = x[got != up]
    assert len(differing) > 5
    assert (differing < 0).all()


def test_roundings_differ():
    x = np.arange(-2000, 2000)
    limits = {"zero_point": 0, "minimum": -128, "maximum": 127}
    double = requantise(x, 1518500250, -3, **limits)
    single = requantise(x, 1518500250, -3, rounding="single", **limits)
    assert 0 < np.count_nonzero(double != single) < 200
    assert np.abs(double - single).max() == 1


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (0.25, (2**30, -1)),
        (0.75, (3 * 2**29, 0)),
        (0.0, (0, 0)),
        (1 - 2**-33, (2**30, 1)),               # rounds up to 2^31, is halved
        (0.5 + 2**-32, (2**30 + 1, 0)),         # a tie goes away from zero
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),
        (3.0, (3 * 2**29, 2)),
    ],
)  # fmt: skip
def test_quantise_multiplier(real, expected):
    assert quantise_multiplier(real) == expected


@pytest.mark.parametrize("real", [-1.0, float("nan"), float("inf")])
def test_quantise_multiplier_refuses(real):
    with pytest.raises(ValueError, match="finite and not negative"):
        quantise_multiplier(real)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"multiplier": -1}, r"multiplier must be in 0 … 2147483647, not -1 … -1"),
        ({"multiplier": 1 << 31}, r"multiplier must be in"),
        ({"shift": -32}, r"shift must be in -31 … 30, not -32 … -32"),
        ({"accumulator": np.array([1 << 31])}, r"accumulator must be in"),
        ({"rounding": "triple"}, r"rounding must be 'double' or 'single', not 'triple'"),
    ],
)
def test_requantise_refuses(arguments, message):
    valid = {"accumulator": np.array([1]), "multiplier": 1 << 30, "shift": 0}
    with pytest.raises(ValueError, match=message):
        requantise(**{**valid, **arguments}, zero_point=0, minimum=-128, maximum=127)


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        ("none", 0.1, 3, (-128, 127)),
        ("relu", 0.1, 3, (3, 127)),
        ("relu", 0.1, -128, (-128, 127)),
        ("relu6", 6 / 255, -128, (-128, 127)),
        ("relu6", 0.1, -128, (-128, -68)),
        ("relu6", 0.1, 3, (3, 63)),
        ("relu6", 4.0, 0, (0, 2)),  # 1.5: a tie
    ],
)
def test_activation_range(activation, scale, zero_point, expected):
    assert activation_range(activation, scale, zero_point) == expected
