"""`EngineConfig`: the sizes of one engine, their limits, and every number derived from them.

Free of Amaranth, so that the compiler and the cycle model can use it without the gateware.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from pathlib import Path
from typing import Any

from golden.refusal import Refusal

KERNEL = 3
"""Rows and columns of a depthwise window."""

OCTET = 8
"""Channels that are always kept together, and written together if the array has as many columns."""

PARAMETER_BYTES = 9
"""Of one output channel: bias (4), multiplier (4), shift (1)."""

ADDRESS_BITS = 16
"""Bits of an on-chip row or word address in a command."""

MAX_BURST_BYTES = 256
"""Largest bus burst the engine's buffers are made for."""

MULTIPLIERS = ("portable", "ecp5")
"""What a configuration's multipliers may be made of."""

NOT_OF_A_PROGRAM = ("name", "counters", "retire_port", "multiplier", "dsp_multipliers")
"""Fields that make no difference to a program: not its values, not its cycles."""


class ConfigError(Refusal):
    """A configuration that is unknown or can't be built."""


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Sizes of one engine. Raises `ConfigError` for sizes that can't be built.

    Parameters
    ----------
    pe_rows, pe_cols, pe_pixels
        Systolic array: input channels × output channels × pixels that share the weights; multiples of 8 × of 4.
    dw_channels
        Channels the depthwise datapath works on at once, each with 3 × 3 multipliers.
    requantise_lanes
        Elements a cycle that leave the pointwise accumulators.
    accumulator_depth
        Vectors of ``pe_cols × pe_pixels`` 32-bit accumulators, both halves together.
    activation_bytes, activation_groups
        Activation memory, and the number of separately owned bank groups it is made of.
    weight_rows
        Rows of a weight tile the array takes a cycle, at least: a word is as wide as the bus if that is more.
    weight_bytes, dw_weight_bytes
        Memories the pointwise and the depthwise datapath take weights and parameters from.
    bus_bits
        Width of the DRAM port.
    max_outstanding
        Bursts the engine keeps in flight.
    queue_depth
        Commands each unit can hold.
    counters
        Adds the counters of the stall account.
    retire_port
        Adds outputs that pulse when a unit starts and ends a command.
    multiplier
        ``portable``: plain Verilog, for any device; ``ecp5``: the device's own blocks, and lookup tables.
    dsp_multipliers
        How many blocks ``ecp5`` may take.
    """

    name: str = "custom"
    pe_rows: int = 8
    pe_cols: int = 8
    pe_pixels: int = 4
    dw_channels: int = 4
    requantise_lanes: int = 8
    accumulator_depth: int = 256
    activation_bytes: int = 320 * 1024
    activation_groups: int = 10
    weight_rows: int = 1
    weight_bytes: int = 128 * 1024
    dw_weight_bytes: int = 8 * 1024
    bus_bits: int = 64
    max_outstanding: int = 8
    queue_depth: int = 4
    counters: bool = True
    retire_port: bool = True
    multiplier: str = "portable"
    dsp_multipliers: int = 4096

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            wanted = {"name": str, "counters": bool, "retire_port": bool, "multiplier": str}.get(field.name, int)
            if type(value) is not wanted:
                raise ConfigError(f"{field.name}={value!r}: must be of type {wanted.__name__}")
            if wanted is int and value < 1:
                raise ConfigError(f"{field.name}={value}: must be at least 1")
        self._multiple("pe_rows", OCTET, 64)
        self._multiple("pe_cols", OCTET // 2, 64)
        self._choice("pe_pixels", (1, 2, 4, 8))
        self._choice("dw_channels", (1, 2, 4, 8))
        self._choice("bus_bits", (32, 64, 128, 256))
        self._choice("requantise_lanes", tuple(n for n in (1, 2, 4, 8, 16, 32, 64)
                                               if n <= self.slice_channels * self.pe_pixels))
        self._choice("weight_rows", (1, 2))
        self._choice("max_outstanding", (2, 4, 8, 16, 32))
        self._choice("queue_depth", (2, 4, 8, 16, 32))
        self._choice("accumulator_depth", (16, 32, 64, 128, 256, 512, 1024))
        self._check_bus()
        self._check_depthwise_rate()
        self._check_memories()
        self._check_drain()
        self._check_multipliers()

    def _choice(self, name: str, allowed: tuple[int, ...]) -> None:
        value = getattr(self, name)
        if value not in allowed:
            nearest = min(allowed, key=lambda option: abs(option - value))
            raise ConfigError(f"{name}={value}: must be one of {', '.join(map(str, allowed))}; nearest: {nearest}")

    def _multiple(self, name: str, unit: int, limit: int) -> None:
        value = getattr(self, name)
        if value % unit or value > limit:
            nearest = min(max(unit, round(value / unit) * unit), limit)
            raise ConfigError(f"{name}={value}: must be a multiple of {unit} up to {limit}; nearest: {nearest}")

    def _check_bus(self) -> None:
        for name, size in (("pe_rows × pe_pixels", self.row_bytes), ("pe_cols", self.pe_cols)):
            if size % self.bus_bytes and self.bus_bytes % size:
                raise ConfigError(f"bus_bits={self.bus_bits}: {self.bus_bytes} bytes neither divide nor are a multiple"
                                  f" of {name} = {size}; nearest: bus_bits={8 * gcd(size, self.bus_bytes)}")
        if self.bus_bytes > self.row_bytes:
            raise ConfigError(f"bus_bits={self.bus_bits}: wider than a row of the activation memory (pe_rows ×"
                              f" pe_pixels = {self.row_bytes} bytes); nearest: bus_bits={8 * self.row_bytes}")
        if self.bus_bytes > self.pe_rows and self.bus_bytes % self.pe_rows:
            raise ConfigError(f"bus_bits={self.bus_bits}: a beat must hold whole pixels of pe_rows={self.pe_rows}"
                              " bytes")
        if self.weight_rows_per_word > 2:
            raise ConfigError(f"bus_bits={self.bus_bits}: more than two weight rows of pe_cols={self.pe_cols} bytes a"
                              f" beat; nearest: bus_bits={16 * self.pe_cols}")

    def _check_depthwise_rate(self) -> None:
        # Stride 2 eats two columns of three rows a window; a window lasts pe_rows ÷ dw_channels cycles.
        if self.pe_rows % self.dw_channels:
            raise ConfigError(f"dw_channels={self.dw_channels}: must divide pe_rows={self.pe_rows}")
        if 2 * KERNEL * self.dw_channels > self.pe_rows * self.pe_pixels:
            fits = [n for n in (1, 2, 4, 8) if 2 * KERNEL * n <= self.pe_rows * self.pe_pixels]
            raise ConfigError(f"dw_channels={self.dw_channels}: the activation memory delivers pe_rows × pe_pixels ="
                              f" {self.row_bytes} bytes a cycle, windows of stride 2 need {2 * KERNEL} a channel;"
                              f" nearest: dw_channels={fits[-1]}")

    def _check_memories(self) -> None:
        rows, rest = divmod(self.activation_bytes, self.activation_groups * self.row_bytes)
        if rest or not _is_power_of_two(rows) or rows < 16:
            nearest = self.activation_groups * self.row_bytes << max(4, max(rows, 1).bit_length() - 1)
            raise ConfigError(f"activation_bytes={self.activation_bytes}: must be activation_groups × pe_rows ×"
                              f" pe_pixels × a power of two ≥ 16; nearest: {nearest}")
        if self.activation_groups < 3:
            raise ConfigError(f"activation_groups={self.activation_groups}: a fused pair needs 3 (in, between, out)")
        if self.activation_groups * rows > 1 << ADDRESS_BITS:
            raise ConfigError(f"activation_bytes={self.activation_bytes}: more than {1 << ADDRESS_BITS} rows of"
                              f" {self.row_bytes} bytes")
        for name, word in (("weight_bytes", self.weight_word_bytes), ("dw_weight_bytes", self.dw_word_bytes)):
            size = getattr(self, name)
            if size % word or size // word < 64 or size // word > 1 << ADDRESS_BITS:
                nearest = min(max(64, round(size / word)), 1 << ADDRESS_BITS) * word
                raise ConfigError(f"{name}={size}: must be 64 to {1 << ADDRESS_BITS} words of {word} bytes;"
                                  f" nearest: {nearest}")

    def _check_drain(self) -> None:
        from hw.latency import longest_drain  # which is about configurations, so it can't come first

        if self.drain_cycles > longest_drain(self):
            nearest = self.requantise_lanes
            while self.pe_cols * self.pe_pixels // nearest > longest_drain(self):
                nearest *= 2
            raise ConfigError(f"requantise_lanes={self.requantise_lanes}: a vector of pe_cols × pe_pixels ="
                              f" {self.pe_cols * self.pe_pixels} accumulators would drain for {self.drain_cycles}"
                              f" cycles, longer than the array's latency allows; nearest: {nearest}")

    def _check_multipliers(self) -> None:
        from hw.multipliers import requantiser_blocks  # which is about configurations, so it can't come first

        if self.multiplier not in MULTIPLIERS:
            raise ConfigError(f"multiplier={self.multiplier!r}: must be one of {', '.join(MULTIPLIERS)}")
        if self.multiplier != "portable" and self.dsp_multipliers < requantiser_blocks(self):
            raise ConfigError(f"dsp_multipliers={self.dsp_multipliers}: the requantisers alone take"
                              f" {requantiser_blocks(self)}")

    # Derived sizes. A *word* is one pixel of `pe_rows` channels, a *row* `pe_pixels` words side by side.

    @cached_property
    def bus_bytes(self) -> int:
        return self.bus_bits // 8

    @cached_property
    def row_bytes(self) -> int:
        return self.pe_rows * self.pe_pixels

    @cached_property
    def activation_rows(self) -> int:
        return self.activation_bytes // self.row_bytes

    @cached_property
    def group_rows(self) -> int:
        return self.activation_rows // self.activation_groups

    @cached_property
    def chunks_per_row(self) -> int:
        """Bus beats in a row of the activation memory."""
        return self.row_bytes // self.bus_bytes

    @cached_property
    def words_per_beat(self) -> int:
        return max(1, self.bus_bytes // self.pe_rows)

    @cached_property
    def beats_per_pixel(self) -> int:
        return max(1, self.pe_rows // self.bus_bytes)

    @cached_property
    def lane_bits(self) -> int:
        return (self.pe_pixels - 1).bit_length()

    @cached_property
    def slice_channels(self) -> int:
        """Channels that leave the accumulators together: slices of an output block, none of which lies in two words."""
        return gcd(OCTET, self.pe_cols)

    @cached_property
    def slices_per_block(self) -> int:
        return self.pe_cols // self.slice_channels

    @cached_property
    def slices_per_word(self) -> int:
        return self.pe_rows // self.slice_channels

    @cached_property
    def dw_groups(self) -> int:
        """Cycles a depthwise window takes: the lanes take the channels of a word in turn."""
        return self.pe_rows // self.dw_channels

    @cached_property
    def weight_word_bytes(self) -> int:
        return max(self.bus_bytes, self.pe_cols * self.weight_rows)

    @cached_property
    def weight_rows_per_word(self) -> int:
        return self.weight_word_bytes // self.pe_cols

    @cached_property
    def tile_words(self) -> int:
        """Words of one weight tile, ``pe_rows × pe_cols``."""
        return self.pe_rows // self.weight_rows_per_word

    @cached_property
    def parameter_words(self) -> int:
        """Words of the parameters of one block of `pe_cols` output channels."""
        return -(-PARAMETER_BYTES // self.weight_rows_per_word)

    @cached_property
    def dw_word_bytes(self) -> int:
        return max(self.bus_bytes, OCTET)

    @cached_property
    def dw_group_words(self) -> int:
        """Words of taps and parameters of `dw_channels` channels."""
        return -(-self.dw_channels * (KERNEL * KERNEL + PARAMETER_BYTES) // self.dw_word_bytes)

    @cached_property
    def dw_block_words(self) -> int:
        return self.dw_group_words * self.dw_groups

    @cached_property
    def half_vectors(self) -> int:
        """Vectors in one half of the accumulators: the longest pass."""
        return self.accumulator_depth // 2

    @cached_property
    def drain_cycles(self) -> int:
        """Cycles the requantiser takes for one vector of accumulators."""
        return self.pe_cols * self.pe_pixels // self.requantise_lanes

    @cached_property
    def drain_channels(self) -> int:
        """Channels of a pixel that are requantised at once."""
        return min(self.slice_channels, self.requantise_lanes)

    @cached_property
    def pointwise_lanes(self) -> int:
        return self.pe_rows * self.pe_cols * self.pe_pixels

    @cached_property
    def depthwise_lanes(self) -> int:
        return self.dw_channels * KERNEL * KERNEL

    @cached_property
    def memory_bytes(self) -> int:
        """All on-chip memory: activations, weights, accumulators."""
        accumulators = self.accumulator_depth * self.pe_cols * self.pe_pixels * 4
        return self.activation_bytes + self.weight_bytes + self.dw_weight_bytes + accumulators

    @cached_property
    def hash(self) -> int:
        """32 bits that tell configurations apart whatever they are called; a program carries it."""
        sizes = {key: value for key, value in self.as_dict().items() if key not in NOT_OF_A_PROGRAM}
        return int.from_bytes(hashlib.sha256(json.dumps(sizes, sort_keys=True).encode()).digest()[:4], "little")

    def as_dict(self) -> dict[str, int | str | bool]:
        return dataclasses.asdict(self)


PRESETS: dict[str, EngineConfig] = {preset.name: preset for preset in (
    EngineConfig(name="pe256", requantise_lanes=16, weight_rows=2, dw_weight_bytes=16 * 1024),
    EngineConfig(name="pe128", pe_pixels=2, dw_channels=2, requantise_lanes=4, activation_bytes=224 * 1024,
                 activation_groups=7, weight_bytes=64 * 1024),
    EngineConfig(name="pe64", pe_pixels=1, dw_channels=1, requantise_lanes=2, activation_bytes=128 * 1024,
                 activation_groups=8, weight_bytes=40 * 1024, dw_weight_bytes=4 * 1024),
    EngineConfig(name="small", pe_cols=4, pe_pixels=1, dw_channels=1, requantise_lanes=1, accumulator_depth=128,
                 activation_bytes=56 * 1024, activation_groups=7, weight_bytes=24 * 1024, dw_weight_bytes=4 * 1024,
                 bus_bits=32, max_outstanding=4, counters=False),
    EngineConfig(name="pe1024", pe_rows=16, pe_cols=16, dw_channels=8, requantise_lanes=32, bus_bits=128,
                 activation_bytes=1024 * 1024, activation_groups=16, weight_bytes=512 * 1024,
                 dw_weight_bytes=32 * 1024),
    EngineConfig(name="odd", pe_rows=24, pe_cols=16, pe_pixels=1, dw_channels=2, accumulator_depth=64,
                 activation_bytes=6 * 24 * 1024, activation_groups=6, weight_bytes=24 * 1024,
                 dw_weight_bytes=4 * 1024),
)}


def _with_settings(base: EngineConfig, settings: list[str]) -> EngineConfig:
    known = {field.name: field for field in dataclasses.fields(EngineConfig) if field.name != "name"}
    changes: dict[str, Any] = {}
    for setting in settings:
        key, _, text = setting.partition("=")
        if key not in known:
            raise ConfigError(f"configuration field {key!r} is unknown; fields: {', '.join(known)}")
        if known[key].type is bool:
            changes[key] = {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
            continue
        if known[key].type is str:
            changes[key] = text
            continue
        try:
            changes[key] = int(text)
        except ValueError:
            raise ConfigError(f"{key}={text!r}: must be a whole number") from None
    return dataclasses.replace(base, name=",".join((base.name, *settings)), **changes)


def load_config(text: str) -> EngineConfig:
    """Configuration from a preset's name, a JSON file, or either with settings: ``pe256,dw_channels=2``.

    Raises `ConfigError` with what would be accepted.
    """
    base, *settings = text.split(",")
    if base in PRESETS:
        return _with_settings(PRESETS[base], settings) if settings else PRESETS[base]
    path = Path(base)
    if not path.is_file():
        raise ConfigError(f"configuration {base!r} is neither a preset ({', '.join(PRESETS)}) nor a JSON file")
    try:
        fields = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{base}: not a JSON configuration: {error}") from None
    if not isinstance(fields, dict):
        raise ConfigError(f"{base}: must hold one JSON object of configuration fields")
    known = [field.name for field in dataclasses.fields(EngineConfig)]
    for key in fields:
        if key not in known:
            raise ConfigError(f"{base}: field {key!r} is unknown; fields: {', '.join(known)}")
    config = EngineConfig(**{"name": path.stem, **fields})
    return _with_settings(config, settings) if settings else config
