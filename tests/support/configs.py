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

QUAD = EngineConfig(
    name="quad", pe_rows=8, pe_cols=4, pe_pixels=2, dw_channels=1, requantise_lanes=2, accumulator_depth=32,
    activation_bytes=6 * 16 * 256, activation_groups=6, weight_bytes=8 * 512, dw_weight_bytes=8 * 128, bus_bits=64,
    max_outstanding=4, queue_depth=2,
)  # fmt: skip
"""Half a word of output a block of passes, two rows of weights a word because the bus is as wide."""

ACTIVE = {config.name: config for config in (TINY, SKEW, WIDE, BEATS, BROAD, RAGGED, QUAD)}

LONE = EngineConfig(
    name="lone", pe_rows=8, pe_cols=8, pe_pixels=1, dw_channels=1, requantise_lanes=1, accumulator_depth=16,
    activation_bytes=3 * 8 * 1024, activation_groups=3, weight_bytes=8 * 96, dw_weight_bytes=8 * 64, bus_bits=32,
    max_outstanding=2, queue_depth=2,
)  # fmt: skip
"""The least there is: one of everything, three bank groups, weight memories that hold little."""

OCTO = EngineConfig(
    name="octo", pe_rows=8, pe_cols=8, pe_pixels=8, dw_channels=8, requantise_lanes=64, accumulator_depth=256,
    activation_bytes=6 * 64 * 64, activation_groups=6, weight_bytes=8 * 256, dw_weight_bytes=8 * 128, bus_bits=64,
    max_outstanding=16, queue_depth=8,
)  # fmt: skip
"""Eight pixels, a window a cycle, all of a vector requantised at once."""

TALL = EngineConfig(
    name="tall", pe_rows=64, pe_cols=8, pe_pixels=1, dw_channels=4, requantise_lanes=8, accumulator_depth=64,
    activation_bytes=4 * 64 * 128, activation_groups=4, weight_bytes=8 * 512, dw_weight_bytes=8 * 320, bus_bits=64,
    max_outstanding=4, queue_depth=4,
)  # fmt: skip
"""Eight beats a pixel, windows of 16 cycles, tiles that take longer to load than many a pass."""

FLAT = EngineConfig(
    name="flat", pe_rows=8, pe_cols=32, pe_pixels=2, dw_channels=2, requantise_lanes=16, accumulator_depth=32,
    activation_bytes=8 * 16 * 256, activation_groups=8, weight_bytes=32 * 256, dw_weight_bytes=16 * 64, bus_bits=128,
    max_outstanding=8, queue_depth=2,
)  # fmt: skip
"""Four words of output a block of passes, a beat of two pixels."""

DEEP = EngineConfig(
    name="deep", pe_rows=16, pe_cols=16, pe_pixels=2, dw_channels=4, requantise_lanes=4, accumulator_depth=512,
    activation_bytes=6 * 32 * 128, activation_groups=6, weight_bytes=32 * 128, dw_weight_bytes=32 * 64, bus_bits=256,
    max_outstanding=32, queue_depth=16,
)  # fmt: skip
"""Long passes, a slow drain, everything in flight that can be: the bus holds a row, and two rows of weights."""

TRIPLE = EngineConfig(
    name="triple", pe_rows=24, pe_cols=24, pe_pixels=2, dw_channels=8, requantise_lanes=8, accumulator_depth=64,
    activation_bytes=5 * 48 * 64, activation_groups=5, weight_bytes=24 * 128, dw_weight_bytes=8 * 192, bus_bits=32,
    max_outstanding=2, queue_depth=32,
)  # fmt: skip
"""Three octets either way, six beats a pixel, a queue that holds all of a small program."""

FORTY = EngineConfig(
    name="forty", pe_rows=40, pe_cols=8, pe_pixels=2, dw_channels=8, requantise_lanes=2, accumulator_depth=128,
    activation_bytes=4 * 80 * 64, activation_groups=4, weight_bytes=8 * 384, dw_weight_bytes=8 * 256, bus_bits=64,
    max_outstanding=8, queue_depth=4,
)  # fmt: skip
"""Five octets a word, five beats a pixel, windows of 5 cycles."""

DOZEN = EngineConfig(
    name="dozen", pe_rows=16, pe_cols=12, pe_pixels=2, dw_channels=4, requantise_lanes=8, accumulator_depth=64,
    activation_bytes=6 * 32 * 128, activation_groups=6, weight_bytes=12 * 384, dw_weight_bytes=8 * 192, bus_bits=32,
    max_outstanding=4, queue_depth=4,
)  # fmt: skip
"""Three slices of four channels a block of passes, four a word."""

BUILDS = (*ACTIVE.values(), LONE, OCTO, TALL, FLAT, DEEP, TRIPLE, FORTY, DOZEN)
"""The engines the model is compared with in RTL on random networks."""


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
