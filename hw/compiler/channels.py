"""A depthwise layer that goes channel by channel, in a cascade of one stripe: after the pointwise layer before it, or
after the load of its input."""

from collections.abc import Iterator, Sequence
from math import ceil, lcm

from golden.layer import LayerSpec
from hw.compiler.layers import Layer, is_cropped, lowered, passes_of, spec_of, unit_of
from hw.compiler.rings import Wanted
from hw.config import EngineConfig

STEPS, RING_STEPS = 16, 3
"""Steps the first of the two is made in at most, and how many of them are on chip."""

STEP_CYCLES = 150
"""Of the systolic array in a step, at least: below, its command costs the bus and the units more than it saves."""


def step_blocks(spec: LayerSpec, config: EngineConfig) -> int:
    """Channel blocks of a layer's output that are made before the next layer goes on."""
    unit = lcm(config.pe_rows, config.pe_cols)
    height, width, channels = spec.output_shape
    vectors = ceil(height * width / config.pe_pixels)
    cycles = passes_of(spec, config) * max(vectors, config.tile_words) * (unit // config.pe_cols)
    units = max(ceil(channels / unit / STEPS), ceil(STEP_CYCLES / cycles))
    return units * (unit // config.pe_rows)


def kept_blocks(spec: LayerSpec, config: EngineConfig) -> int | None:
    """Channel blocks of its output that are on chip; None if they are not fewer than all."""
    return _fewer(RING_STEPS * step_blocks(spec, config), spec.output_shape[2], config)


def _fewer(kept: int, channels: int, config: EngineConfig) -> int | None:
    return kept if kept < ceil(channels / config.pe_rows) else None


def loaded_blocks(spec: LayerSpec, config: EngineConfig) -> int:
    """Channel blocks of a layer's input that are loaded before it goes on."""
    return ceil(spec.input_shape[2] / config.pe_rows / STEPS)


def kept_input(spec: LayerSpec, config: EngineConfig) -> int | None:
    """Channel blocks of its input that are then on chip; None if they are not fewer than all."""
    return _fewer(RING_STEPS * loaded_blocks(spec, config), spec.input_shape[2], config)


def goes_by_channels(before: LayerSpec, behind: LayerSpec, config: EngineConfig) -> bool:
    """Whether `behind` follows `before` channel by channel when both are made whole."""
    units = unit_of(before), unit_of(behind)
    return units == ("pointwise", "depthwise") and not is_cropped(before) and kept_blocks(before, config) is not None


def channel_rings(layers: Sequence[Layer], config: EngineConfig) -> bool:
    """Whether such two layers fit, with whole tensors around them."""
    first, last = (spec_of(lowered(layer)) for layer in layers)
    height = first.output_shape[0]
    wanted = [Wanted("", first.input_shape, height),
              Wanted("", first.output_shape, height, kept_blocks(first, config)),
              Wanted("", last.output_shape, last.output_shape[0])]
    return sum(len(item.ring(config).groups) for item in wanted) <= config.activation_groups


def cuts(first: int, last: int, step: int | None) -> Iterator[tuple[int, int]]:
    """`first` to `last` in pieces that end at multiples of `step`; without it, in one."""
    while first < last:
        end = min(last, (first // step + 1) * step) if step else last
        yield first, end
        first = end
