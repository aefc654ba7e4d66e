"""`EngineConfig`: every message of its validation, the presets' limits, and the ways to name a configuration."""

import dataclasses
import json
from pathlib import Path

import pytest

from hw.config import PRESETS, ConfigError, EngineConfig, load_config
from hw.multipliers import requantiser_blocks
from sim.explore.blocks import memory_blocks

KIB = 1024

REFUSED = {
    "pe_rows=9": ("pe_rows", 9, "pe_rows=9: must be a multiple of 8 up to 64; nearest: 8"),
    "pe_rows=72": ("pe_rows", 72, "pe_rows=72: must be a multiple of 8 up to 64; nearest: 64"),
    "pe_cols=1": ("pe_cols", 1, "pe_cols=1: must be a multiple of 4 up to 64; nearest: 4"),
    "pe_cols=6": ("pe_cols", 6, "pe_cols=6: must be a multiple of 4 up to 64; nearest: 8"),
    "pe_pixels=3": ("pe_pixels", 3, "pe_pixels=3: must be one of 1, 2, 4, 8; nearest: 2"),
    "dw_channels=3": ("dw_channels", 3, "dw_channels=3: must be one of 1, 2, 4, 8; nearest: 2"),
    "bus_bits=96": ("bus_bits", 96, "bus_bits=96: must be one of 32, 64, 128, 256; nearest: 64"),
    "requantise_lanes=3": ("requantise_lanes", 3, "requantise_lanes=3: must be one of "),
    "requantise_lanes=64": ("requantise_lanes", 64, "requantise_lanes=64: must be one of "),
    "max_outstanding=3": (
        "max_outstanding",
        3,
        "max_outstanding=3: must be one of 2, 4, 8, 16, 32; nearest: 2",
    ),
    "weight_rows=3": ("weight_rows", 3, "weight_rows=3: must be one of 1, 2; nearest: 2"),
    "queue_depth=64": ("queue_depth", 64, "queue_depth=64: must be one of 2, 4, 8, 16, 32; nearest: 32"),
    "accumulator_depth=17": ("accumulator_depth", 17, "accumulator_depth=17: must be one of "),
    "queue_depth=0": ("queue_depth", 0, "queue_depth=0: must be at least 1"),
    "pe_rows=True": ("pe_rows", True, "pe_rows=True: must be of type int"),
    "pe_rows=8.0": ("pe_rows", 8.0, "pe_rows=8.0: must be of type int"),
    "counters=1": ("counters", 1, "counters=1: must be of type bool"),
    "retire_port=1": ("retire_port", 1, "retire_port=1: must be of type bool"),
    "name=1": ("name", 1, "name=1: must be of type str"),
    "activation_bytes=1000": (
        "activation_bytes",
        1000,
        ("activation_bytes=1000: must be activation_groups × pe_rows ×"
        " pe_pixels × a power of two ≥ 16; nearest: 5120"),
    ),
    "activation_bytes=64M": (
        "activation_bytes",
        320 * KIB * 256,
        f"activation_bytes={320 * KIB * 256}: more than 65536 rows of 32 bytes",
    ),
    "weight_bytes=8": (
        "weight_bytes",
        8,
        "weight_bytes=8: must be 64 to 65536 words of 8 bytes; nearest: 512",
    ),
    "weight_bytes=1001": (
        "weight_bytes",
        1001,
        "weight_bytes=1001: must be 64 to 65536 words of 8 bytes; nearest: 1000",
    ),
    "dw_weight_bytes=1M": (
        "dw_weight_bytes",
        1024 * KIB,
        f"dw_weight_bytes={1024 * KIB}: must be 64 to 65536 words of 8 bytes; nearest: {65536 * 8}",
    ),
}

REFUSED_TOGETHER = (
    (
        {"activation_groups": 2, "activation_bytes": 2 * 32 * 1024},
        "activation_groups=2: a fused pair needs 3 (in, between, out)",
    ),
    (
        {"pe_rows": 24, "pe_pixels": 1, "bus_bits": 128},
        ("bus_bits=128: 16 bytes neither divide nor are a multiple of"
        " pe_rows × pe_pixels = 24; nearest: bus_bits=64"),
    ),
    (
        {"pe_cols": 24, "bus_bits": 128},
        "bus_bits=128: 16 bytes neither divide nor are a multiple of pe_cols = 24;",
    ),
    (
        {"pe_cols": 12},
        "bus_bits=64: 8 bytes neither divide nor are a multiple of pe_cols = 12; nearest: bus_bits=32",
    ),
    (
        {"pe_cols": 4, "bus_bits": 128},
        "bus_bits=128: more than two weight rows of pe_cols=4 bytes a beat; nearest: bus_bits=64",
    ),
    (
        {"pe_cols": 12, "pe_pixels": 1, "requantise_lanes": 8, "bus_bits": 32},
        "requantise_lanes=8: must be one of 1, 2, 4; nearest: 4",
    ),
    (
        {"pe_pixels": 1, "bus_bits": 128, "dw_channels": 1},
        ("bus_bits=128: wider than a row of the activation memory"
        " (pe_rows × pe_pixels = 8 bytes); nearest: bus_bits=64"),
    ),
    (
        {"bus_bits": 256},
        "bus_bits=256: more than two weight rows of pe_cols=8 bytes a beat; nearest: bus_bits=128",
    ),
    (
        {"pe_rows": 24, "pe_pixels": 4, "bus_bits": 256, "pe_cols": 16},
        "bus_bits=256: a beat must hold whole pixels of pe_rows=24 bytes",
    ),
    (
        {"pe_pixels": 1, "dw_channels": 4, "requantise_lanes": 8},
        ("dw_channels=4: the activation memory delivers pe_rows"
        " × pe_pixels = 8 bytes a cycle, windows of stride 2 need 6 a channel; nearest: dw_channels=1"),
    ),
    (
        {"requantise_lanes": 1},
        ("requantise_lanes=1: a vector of pe_cols × pe_pixels = 32 accumulators would drain for 32 cycles,"
        " longer than the array's latency allows; nearest: 2"),
    ),
)


@pytest.mark.parametrize("row", REFUSED)
def test_refused(row: str) -> None:
    name, value, message = REFUSED[row]
    with pytest.raises(ConfigError) as error:
        dataclasses.replace(EngineConfig(), **{name: value})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("fields", "message"), REFUSED_TOGETHER)
def test_refused_together(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        EngineConfig(**fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "name", ["activation_bytes", "weight_bytes", "dw_weight_bytes", "pe_rows", "pe_pixels"]
)
def test_nearest_is_accepted(name: str) -> None:
    """What a message calls the nearest can be built."""
    with pytest.raises(ConfigError) as error:
        dataclasses.replace(EngineConfig(), **{name: 1001})
    nearest = int(str(error.value).rpartition("nearest: ")[2])
    if name == "pe_rows":
        nearest_config = EngineConfig(pe_rows=nearest, activation_bytes=10 * nearest * 4 * 1024)
    elif name == "pe_pixels":
        nearest_config = EngineConfig(pe_pixels=nearest, activation_bytes=10 * nearest * 8 * 1024)
    else:
        nearest_config = dataclasses.replace(EngineConfig(), **{name: nearest})
    assert getattr(nearest_config, name) == nearest


@pytest.mark.parametrize(
    ("preset", "array", "macs", "dw_channels", "kib", "bus_bits"),
    [
        ("pe64", (8, 8, 1), 64, {1}, 200, {32, 64}),
        ("pe128", (8, 8, 2), 128, {1, 2}, 380, {64}),
        ("pe256", None, 256, {2, 4}, 512, {64}),
        ("pe1024", None, 1024, {8}, 2048, {128, 256}),
    ],
)
def test_presets_keep_the_limits_of_the_design(preset, array, macs, dw_channels, kib, bus_bits) -> None:
    config = PRESETS[preset]
    if array is not None:
        assert (config.pe_rows, config.pe_cols, config.pe_pixels) == array
    assert config.pointwise_lanes == macs
    assert config.dw_channels in dw_channels
    assert config.memory_bytes <= kib * KIB
    assert config.bus_bits in bus_bits


@pytest.mark.parametrize(("cols", "channels"), [(4, 4), (8, 8), (12, 4), (16, 8), (20, 4), (24, 8), (64, 8)])
def test_slices(cols: int, channels: int) -> None:
    """An output block is whole slices, and so is a word; none is cut by the end of either."""
    config = EngineConfig(pe_rows=24, pe_cols=cols, bus_bits=32, activation_bytes=10 * 24 * 4 * KIB,
                          weight_bytes=64 * cols)
    assert config.slice_channels == channels
    assert config.slices_per_block * channels == cols
    assert config.slices_per_word * channels == 24


def test_boards() -> None:
    """Multipliers of pe128 on an LFE5U-85F; memories of small on an LFE5U-25F. odd is odd."""
    pe128, small, odd = PRESETS["pe128"], PRESETS["small"], PRESETS["odd"]
    assert pe128.pointwise_lanes + 9 + pe128.requantise_lanes * 4 <= 156
    assert memory_blocks(small, "ecp5") <= 56
    assert requantiser_blocks(small) <= 28
    assert odd.pe_rows != odd.pe_cols
    assert odd.pe_rows & odd.pe_rows - 1


def test_presets_are_named_and_differ() -> None:
    assert [config.name for config in PRESETS.values()] == list(PRESETS)
    assert len({config.hash for config in PRESETS.values()}) == len(PRESETS)


def test_hash_is_of_the_sizes_alone() -> None:
    config = PRESETS["pe64"]
    assert dataclasses.replace(config, name="other", retire_port=False, counters=False).hash == config.hash
    for name, value in (("queue_depth", 8), ("pe_cols", 16), ("weight_bytes", 2048), ("max_outstanding", 2)):
        assert dataclasses.replace(config, **{name: value}).hash != config.hash


def test_load_by_name_file_and_settings(tmp_path: Path) -> None:
    assert load_config("pe64") is PRESETS["pe64"]
    changed = load_config("pe256,dw_channels=2,retire_port=false")
    assert (changed.dw_channels, changed.retire_port, changed.name) == (
        2,
        False,
        "pe256,dw_channels=2,retire_port=false",
    )
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(PRESETS["odd"].as_dict()))
    assert load_config(str(path)) == PRESETS["odd"]
    path.write_text('{"pe_cols": 16}')
    changed = load_config(f"{path},queue_depth=8")
    assert (changed.pe_cols, changed.queue_depth, changed.pe_rows) == (16, 8, EngineConfig().pe_rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pe9", "configuration 'pe9' is neither a preset (pe256, pe128, "),
        ("pe64,pe_row=8", "configuration field 'pe_row' is unknown; fields: pe_rows, "),
        ("pe64,pe_rows=x", "pe_rows='x': must be a whole number"),
        ("pe64,multiplier=none", "multiplier='none': must be one of portable, ecp5"),
        ("pe64,retire_port=maybe", "retire_port='maybe': must be of type bool"),
        ("pe64,name=x", "configuration field 'name' is unknown"),
    ],
)
def test_load_refuses(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a JSON configuration: "),
        ("[1]", "must hold one JSON object of configuration fields"),
        ('{"rows": 8}', "field 'rows' is unknown; fields: name, pe_rows, "),
    ],
)
def test_load_refuses_files(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as error:
        load_config(str(path))
    assert str(error.value).startswith(f"{path}: {message}")
