"""What `load`, `store` and `weights` commands touch."""

from hw.config import EngineConfig
from hw.proof.cells import Cells
from hw.proof.footprint import DRAM_CELL, Fields, Footprint


def load(fields: Fields, config: EngineConfig) -> Footprint:
    return Footprint(reads={"dram": [_dram(fields, config)]},
                     writes={"activations": _phases(fields, config) if fields["split"] else [_words(fields, config)]})


def store(fields: Fields, config: EngineConfig) -> Footprint:
    return Footprint(reads={"activations": [_words(fields, config)]}, writes={"dram": [_dram(fields, config)]})


def weights(fields: Fields, config: EngineConfig) -> Footprint:
    memory, word = ("depthwise", config.dw_word_bytes) if fields["depthwise"] else (
        "pointwise", config.weight_word_bytes)
    size = fields["beats"] * config.bus_bytes
    return Footprint(reads={"dram": [Cells(fields["dram_address"] // DRAM_CELL, (size // DRAM_CELL,), (1,))]},
                     writes={memory: [Cells(fields["word"], (-(-size // word),), (1,))]})


def _span(fields: Fields, config: EngineConfig) -> tuple[int, int]:
    """First byte of a block that is moved, and the one behind its last, counted from its first beat."""
    pixel = config.bus_bytes // config.words_per_beat
    return fields["lead"] * pixel, (fields["beats"] - 1) * config.bus_bytes + fields["tail"] * pixel


def _dram(fields: Fields, config: EngineConfig) -> Cells:
    first, end = _span(fields, config)
    return Cells((fields["dram_address"] + first) // DRAM_CELL, (fields["blocks"], (end - first) // DRAM_CELL),
                 (fields["dram_stride"] // DRAM_CELL, 1))


def _pixels(fields: Fields, config: EngineConfig) -> tuple[int, int]:
    """`_span` in pixels, a part of one taken for the whole."""
    first, end = _span(fields, config)
    return first // config.pe_rows, -(-end // config.pe_rows)


def _place(fields: Fields, config: EngineConfig) -> int:
    """Word that the pixel 0 of block 0 goes to."""
    return fields["row"] * config.pe_pixels + fields["chunk"] * config.bus_bytes // config.pe_rows


def _words(fields: Fields, config: EngineConfig) -> Cells:
    first, end = _pixels(fields, config)
    return Cells(_place(fields, config) + first, (fields["blocks"], end - first),
                 (fields["row_stride"] * config.pe_pixels, 1))


def _phases(fields: Fields, config: EngineConfig) -> list[Cells]:
    """Of a split transfer: every other pixel, side by side."""
    first, end = _pixels(fields, config)
    place, steps = _place(fields, config), (fields["row_stride"] * config.pe_pixels, 1)
    if config.words_per_beat > 1:
        counts = {place + fields["half"]: (end - first + 1 - fields["odd"]) // 2}
    else:
        counts = {place: (end + 1) // 2, place + fields["phase_row_stride"] * config.pe_pixels: end // 2}
    return [Cells(start, (fields["blocks"], count), steps) for start, count in counts.items() if count]
