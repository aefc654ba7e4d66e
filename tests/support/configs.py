"""Small engines for tests: quick to simulate and to build, and different from each other in every parameter."""

import dataclasses

from hw.config import PRESETS, ConfigError, EngineConfig, load_config

TINY = EngineConfig(
    name="tiny", pe_rows=8, pe_cols=8, pe_pixels=2, dw_channels=2, requantise_lanes=4, accumulator_depth=32,
    activation_bytes=6 * 16 * 256, activation_groups=6, weight_bytes=64 * 64, dw_weight_bytes=64 * 32, bus_bits=64,
    max_outstanding=4, queue_depth=2,
)  # fmt: skip
"""The preset `pe128` in little: windows of 4 cycles, a requantiser of half a vector."""

SKEW = EngineConfig(
    name="skew", pe_rows=24, pe_cols=8, pe_pixels=1, dw_channels=1, requantise_lanes=8, accumulator_depth=16,
    activation_bytes=5 * 24 * 256, activation_groups=5, weight_rows=2, weight_bytes=8 * 256,
    dw_weight_bytes=8 * 160, bus_bits=32,
    max_outstanding=2, queue_depth=4,
)  # fmt: skip
"""Not square, no power of two, one pixel, three octets a word, two rows of weights a word, a narrow bus
that needs several beats for it."""

WIDE = EngineConfig(
    name="wide", pe_rows=8, pe_cols=8, pe_pixels=4, dw_channels=4, requantise_lanes=16, accumulator_depth=64,
    activation_bytes=5 * 32 * 256, activation_groups=5, weight_bytes=16 * 128, dw_weight_bytes=16 * 64, bus_bits=128,
    max_outstanding=8, queue_depth=2,
)  # fmt: skip
"""A beat holds two pixels and two rows of weights; two octets are requantised at once."""

BEATS = EngineConfig(
    name="beats", pe_rows=8, pe_cols=8, pe_pixels=4, dw_channels=1, requantise_lanes=2, accumulator_depth=16,
    activation_bytes=4 * 32 * 64, activation_groups=4, weight_bytes=16 * 64, dw_weight_bytes=16 * 64, bus_bits=128,
    max_outstanding=2, queue_depth=2,
)  # fmt: skip
"""Two pixels a beat, two beats a row, as few requantisers as the drain stands (16 cycles a vector)."""

BROAD = dataclasses.replace(WIDE, name="broad", pe_cols=16, bus_bits=256, dw_weight_bytes=64 * 32)
"""Four pixels a beat: the bus is as wide as a row."""

RAGGED = EngineConfig(
    name="ragged", pe_rows=24, pe_cols=16, pe_pixels=1, dw_channels=1, requantise_lanes=4, accumulator_depth=32,
    activation_bytes=6 * 24 * 256, activation_groups=6, weight_bytes=16 * 512, dw_weight_bytes=8 * 160, bus_bits=64,
    max_outstanding=4, queue_depth=4,
)  # fmt: skip
"""The preset `odd` in little: an output block is not a whole number of words, nor a word of output blocks."""

ACTIVE = {config.name: config for config in (TINY, SKEW, WIDE, BEATS, BROAD, RAGGED)}


def find_config(text: str) -> EngineConfig:
    """One of the tests' configurations, or whatever `load_config` accepts. Raises `ConfigError` naming both."""
    if text in ACTIVE:
        return ACTIVE[text]
    try:
        return load_config(text)
    except ConfigError as error:
        if text.partition(",")[0] in PRESETS:
            raise
        raise ConfigError(f"{error}; for tests also: {', '.join(ACTIVE)}") from None
