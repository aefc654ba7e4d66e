"""What the lookup tables and registers of each part of an engine are proportional to, its multipliers apart."""

from collections.abc import Callable, Iterable, Mapping

from hw.config import EngineConfig
from hw.fpga.resources import Resources

Terms = Callable[[EngineConfig], tuple[float, ...]]


def _array(config: EngineConfig) -> tuple[float, ...]:
    rows, cols, pixels = config.pe_rows, config.pe_cols, config.pe_pixels
    skew = pixels * rows * (rows - 1) / 2 + config.weight_rows_per_word * cols * (cols - 1) / 2
    return config.pointwise_lanes, rows * cols, skew


PARTS: dict[str, Terms] = {
    "pointwise.array": _array,  # multiply-adds; two weights a place and the choice between them; skew
    "pointwise.accumulators": lambda config: (config.pe_cols * config.pe_pixels, config.pe_cols),
    "pointwise.weights": lambda config: (1, config.pe_cols * config.weight_rows_per_word),
    "pointwise.drain.requantise": lambda config: (config.requantise_lanes,),
    "pointwise.drain": lambda config: (1, config.pe_cols * config.pe_pixels, config.requantise_lanes),
    "pointwise": lambda config: (1, config.pe_pixels, config.row_bytes * (1 + config.lane_bits)),
    "depthwise.requantise": lambda config: (config.dw_channels,),
    "depthwise.lanes": lambda config: (config.dw_channels, config.pe_rows),  # the choice of channels out of a word
    "depthwise": lambda config: (1, config.row_bytes * (1 + config.lane_bits), config.dw_channels),
    "activation_memory": lambda config: (
        config.activation_groups * config.row_bytes, config.activation_groups * config.pe_pixels, config.row_bytes),
    "": lambda config: (1, config.bus_bits, config.row_bytes),  # fetch, load, store, arbiter, queues, registers
}
"""Parts by the beginning of their path in the engine, the longest first; the last is the rest."""

PREFIX = "engine."
"""Of the paths of blocks in the engine."""


def by_part(blocks: Mapping[str, Resources]) -> dict[str, Resources]:
    """A synthesised engine's blocks, added up by part."""
    result = dict.fromkeys(PARTS, Resources())
    for block, amount in blocks.items():
        part = part_of(block.removeprefix(PREFIX), PARTS)
        result[part] = result[part] + amount
    return result


def part_of(path: str, parts: Iterable[str]) -> str:
    """The first of the parts that the path begins with."""
    return next(part for part in parts if not part or path == part or path.startswith(f"{part}."))
