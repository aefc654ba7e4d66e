"""The pointwise unit as a whole: values against golden, cycles against what its parts announce."""

from math import ceil

import pytest

from golden.quantise import Rounding
from hw.config import EngineConfig
from hw.gateware.pointwise import Pointwise
from hw.latency import DRAINED, REQUANTISE, drain_delay
from tests.support.cases import Case, add, connected, pointwise
from tests.support.configs import QUAD, RAGGED, SKEW, TINY, WIDE
from tests.support.unit import run_unit

SELECTED, WRITTEN = 1, 1
"""Registers on the way from a step of the drain, beside accumulators and requantiser: lane selection, write port."""

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE, QUAD], ids=lambda config: config.name)

ROWS = {
    "one_tile": ((2, 4), 1, 1),
    "odd_channels": ((3, 3), 2, 2),
    "one_pixel": ((1, 1), 3, 1),
    "several_tiles": ((7, 11), 1, 2),
    "many_blocks": ((2, 3), 3, 3),
}


def case(name: str, config: EngineConfig, **settings) -> Case:
    size, blocks_in, blocks_out = ROWS[name]
    channels = blocks_out * config.pe_cols - min(5, config.pe_cols - 1)
    spec = pointwise("pw", (*size, blocks_in * config.pe_rows - 3), channels, "none")
    return Case(specs=(spec,), stripe_rows=size[0], input_zero_point=9, **settings)


@CONFIGS
@pytest.mark.parametrize("name", ROWS)
def test_equals_golden_on_time(name: str, config: EngineConfig) -> None:
    times = run_unit(Pointwise(config), case(name, config), config)
    if name in ("one_pixel", "one_tile"):
        assert [end - start for start, end in times] == [expected_cycles(config, name)]


def expected_cycles(config: EngineConfig, name: str) -> int:
    """From a lone command's start to its end, one pixel tile and one output block, by what the parts announce."""
    (height, width), blocks_in, _ = ROWS[name]
    vectors = ceil(height * width / config.pe_pixels)
    first_pass = 1 + config.tile_words
    last_issue = first_pass + (blocks_in - 1) * max(vectors, config.tile_words) + vectors - 1
    last_step = last_issue + drain_delay(config) + vectors * config.drain_cycles
    return last_step + DRAINED + SELECTED + REQUANTISE + WRITTEN


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("corner", ["ties", "extremes"])
def test_corners(corner: str, rounding: str) -> None:
    run_unit(
        Pointwise(TINY),
        case("odd_channels", TINY, corner=corner, rounding=rounding, weight_zero_point=-4),
        TINY,
    )


@CONFIGS
def test_fully_connected(config: EngineConfig) -> None:
    spec = connected("fc", 2 * config.pe_rows + 1, 3 * config.pe_cols + 2)
    run_unit(Pointwise(config), Case(specs=(spec,), stripe_rows=1), config)


@pytest.mark.parametrize("config", [TINY, SKEW, WIDE, RAGGED, QUAD], ids=lambda config: config.name)
@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("channels", [8, 19, 50])
def test_residual(channels: int, rounding: Rounding, config: EngineConfig) -> None:
    """Blocks that end within a word, steps without channels, several tiles and commands, either rounding."""
    size = (7, 5, channels)
    specs = (pointwise("pw", size, channels, "none"), add("sum", size))
    run_unit(
        Pointwise(config),
        Case(specs=specs, stripe_rows=4, rounding=rounding, input_zero_point=-3, weight_zero_point=2),
        config,
    )


@CONFIGS
def test_stripes(config: EngineConfig) -> None:
    """Several commands, the next one's weights loaded while this one works, its rows not aligned to banks."""
    spec = pointwise("pw", (6, 3, config.pe_rows), config.pe_cols, "none")
    times = run_unit(
        Pointwise(config), Case(specs=(spec,), stripe_rows=1, input_zero_point=4), config, seed=1
    )
    assert len(times) >= 6
