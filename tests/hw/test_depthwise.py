"""The depthwise unit as a whole: values against golden, cycles against what its parts announce."""

import pytest

from hw.config import KERNEL, EngineConfig
from hw.gateware.depthwise import Depthwise
from hw.latency import SWITCH, TAKE, TAPS_TAKE, depthwise_output
from tests.support.cases import CASES, EVEN, KERAS, LEFT, NONE, WIDE_PADDING, Case, depthwise
from tests.support.configs import OCTO, SKEW, TINY, WIDE
from tests.support.unit import run_unit

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)

ROWS = {
    "stride1": ((5, 6), 1, EVEN, 2),
    "stride2_keras": ((6, 6), 2, KERAS, 1),
    "stride2_odd": ((7, 5), 2, EVEN, 1),
    "left_top": ((4, 5), 1, LEFT, 1),
    "valid": ((5, 4), 2, NONE, 1),
    "one_pixel": ((1, 1), 1, EVEN, 1),
    "two_around": ((3, 4), 1, WIDE_PADDING, 1),
    "narrow": ((6, 1), 1, EVEN, 1),
}


def case(name: str, config: EngineConfig, **settings) -> Case:
    (height, width), stride, padding, blocks = ROWS[name]
    spec = depthwise("dw", (height, width, blocks * config.pe_rows - 3), stride, padding, "none")
    return Case(specs=(spec,), stripe_rows=spec.output_shape[0], input_zero_point=-7, **settings)


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("corner", ["ties", "extremes"])
def test_corners(corner: str, rounding: str) -> None:
    run_unit(
        Depthwise(TINY),
        case("stride2_odd", TINY, corner=corner, rounding=rounding, weight_zero_point=3),
        TINY,
    )


@CONFIGS
def test_stripes(config: EngineConfig) -> None:
    """Several commands, the next one's taps loaded while this one works."""
    spec = depthwise("dw", (6, 4, config.pe_rows), 1, EVEN, "none")
    times = run_unit(
        Depthwise(config), Case(specs=(spec,), stripe_rows=2, input_zero_point=4), config, seed=1
    )
    assert len(times) == 3


def expected_cycles(config: EngineConfig, name: str) -> int:
    """From a lone command's start to its end, by what the parts announce."""
    spec = case(name, config).specs[0]
    width, rows = spec.output_shape[1], spec.output_shape[0]
    stride, pixels, groups = spec.stride[0], config.pe_pixels, config.dw_groups
    columns = (width - 1) * stride + KERNEL
    row_cycles = 0
    last_block = 0
    for first in range(0, columns, pixels):
        ends = [
            x * stride + KERNEL - 1 for x in range(width)
        ]  # a window is used as soon as its last column is there
        last_block = groups * sum(first <= end < first + pixels for end in ends)
        row_cycles += max(KERNEL, last_block)
    # The last window's step is issued when its block's windows are through, which may be before its reads are.
    last_issue = rows * row_cycles - max(KERNEL, last_block) + last_block - groups
    return TAPS_TAKE - 1 + config.dw_block_words + TAKE + last_issue + depthwise_output(config) + groups - 1


@CONFIGS
@pytest.mark.parametrize("name", ROWS)
def test_equals_golden_on_time(name: str, config: EngineConfig) -> None:
    times = run_unit(Depthwise(config), case(name, config), config)
    if ROWS[name][3] == 1:
        assert [end - start for start, end in times] == [expected_cycles(config, name)]


@pytest.mark.parametrize("config", [TINY, SKEW, WIDE, OCTO], ids=lambda config: config.name)
@pytest.mark.parametrize("name", ["pool_average", "pool_mean"])
def test_sums_over_windows(name: str, config: EngineConfig) -> None:
    """A pool over the picture adds up windows; `OCTO` has all channels of a word at once."""
    run_unit(Depthwise(config), CASES[name], config)


def test_switch() -> None:
    """A command whose taps are there is taken `SWITCH` after its predecessor's last issue."""
    config = TINY
    spec = depthwise("dw", (8, 8, config.pe_rows), 1, EVEN, "none")
    times = run_unit(Depthwise(config), Case(specs=(spec,), stripe_rows=4, input_zero_point=4), config)
    half = Case(
        specs=(depthwise("dw", (8, 8, config.pe_rows), 1, EVEN, "none"),), stripe_rows=8, input_zero_point=4
    )
    (whole,) = run_unit(Depthwise(config), half, config)
    assert times[1][1] - times[0][0] == whole[1] - whole[0] + SWITCH
