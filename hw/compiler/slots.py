"""The input of a convolution on chip: two slots, the one being loaded and the one being read."""

from math import ceil

from golden.layer import LayerSpec
from hw.compiler.errors import CompileError
from hw.compiler.layers import is_cropped, splits_beats, taps_of
from hw.compiler.stripes import slot_rows
from hw.config import EngineConfig


def slots_shape(spec: LayerSpec, plan: list[list[tuple[int, int]]], config: EngineConfig) -> tuple[int, int, int]:
    """(slots, pixels, channels). A slot is a row of pixels, long enough for the rows of a stripe in each phase."""
    taps = taps_of(spec)
    pixels = slot_rows(spec, plan) * taps.width + config.words_per_beat - 1
    blocks = taps.phases * ceil(spec.input_shape[2] / config.pe_rows)
    return 2, ceil(pixels / config.pe_pixels) * config.pe_pixels, blocks * config.pe_rows


def check_place(spec: LayerSpec, config: EngineConfig, *, held: bool, ends: bool) -> None:
    """Raises `CompileError` for a convolution that can't have its input or its output where the cascade has it.

    The input is `held` on chip, or comes from DRAM; the output `ends` the cascade and goes to DRAM, or stays on chip.
    """
    taps = taps_of(spec)
    if held and (spec.stride != (1, 1) or taps.width != spec.input_shape[1]):
        raise CompileError(f"{spec.name}: a convolution of stride 2, or whose output is wider than its input, reads"
                           " its input from DRAM only")
    if splits_beats(spec, config):
        raise CompileError(f"{spec.name}: a convolution of stride 2 takes every other pixel, a bus of"
                           f" {config.bus_bits} bits brings {config.words_per_beat} pixels of {config.pe_rows}"
                           f" channels at once; nearest: bus_bits={16 * config.pe_rows}")
    if is_cropped(spec) and not ends:
        raise CompileError(f"{spec.name}: a convolution whose output is narrower than its input ÷ stride"
                           " ends its cascade, and its output goes through DRAM")
    widths = {"input": spec.input_shape[1]} if spec.stride == (1, 1) else {}
    for name, width in (widths | {"output": spec.output_shape[1]}).items():
        if (taps.width - width) % config.words_per_beat:
            raise CompileError(f"{spec.name}: rows of {taps.width} pixels on chip and of {width} of its {name} in"
                               f" DRAM do not both fill the beats of a bus of {config.bus_bits} bits; nearest:"
                               f" bus_bits={8 * config.pe_rows}")
