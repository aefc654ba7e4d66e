"""Multiplier blocks and memory blocks of an engine: counted, not estimated."""

from collections.abc import Iterator

from hw.config import MAX_BURST_BYTES, EngineConfig
from hw.latency import FETCH_BYTES, STORE_BURSTS
from hw.multipliers import requantiser_blocks, share

MEMORY_SHAPES = {"ecp5": ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))}
"""Words × bits a memory block of a family may have."""

SMALL_BITS = 2048
"""Memories of fewer bits are made of lookup tables."""


def lut_multipliers(config: EngineConfig) -> dict[str, int]:
    """Multipliers of 9 × 9 bits that are made of lookup tables, by the part they are in."""
    multipliers = share(config)
    if multipliers.block == multipliers.rest:
        return {"pointwise.array": 0, "depthwise.lanes": 0}
    return {"pointwise.array": config.pointwise_lanes - multipliers.array,
            "depthwise.lanes": config.depthwise_lanes - multipliers.depthwise}


def multiplier_blocks(config: EngineConfig) -> int:
    """Hard multipliers: one a lane that is not of lookup tables, and those of the requantisers."""
    return (config.pointwise_lanes + config.depthwise_lanes - sum(lut_multipliers(config).values())
            + requantiser_blocks(config))


def memories(config: EngineConfig) -> Iterator[tuple[int, int, int, int]]:
    """(how many, words, bits a word, bits that are written together) of the large memories."""
    beat = 8 * config.bus_bytes
    yield config.activation_groups * config.pe_pixels, config.group_rows, 8 * config.pe_rows, 8
    for size, word in ((config.weight_bytes, config.weight_word_bytes), (config.dw_weight_bytes, config.dw_word_bytes)):
        yield 1, size // word, 8 * word, beat
    accumulators = 32 * config.pe_pixels
    yield 2 * config.pe_cols, config.half_vectors, accumulators, accumulators
    yield 1, FETCH_BYTES // config.bus_bytes, beat, beat
    stored = beat + config.words_per_beat + 2
    yield 1, STORE_BURSTS * MAX_BURST_BYTES // config.bus_bytes, stored, stored


def memory_blocks(config: EngineConfig, family: str) -> int:
    """Block memories: each memory in the shape of block that takes fewest."""
    return sum(count * min(-(-words // depth) * _side_by_side(bits, together, width)
                           for depth, width in MEMORY_SHAPES[family])
               for count, words, bits, together in memories(config) if words * bits >= SMALL_BITS)


def _side_by_side(bits: int, together: int, width: int) -> int:
    """Blocks of `width` for words of `bits`: what is written together has blocks, or a share of one, to itself."""
    if together > width:
        return bits // together * -(-together // width)
    return -(-bits // (width // together * together))
