"""The design space: values from the command line, and the engines that can be built of them."""

import itertools

import pytest

from hw.config import PRESETS, ConfigError, EngineConfig, load_config
from sim.explore.axes import AXES
from sim.explore.space import activation_groups, config_text, design_space
from sim.work import RequestError

FIRST = {name: axis.values[:1] for name, axis in AXES.items()} | {"cols": (8,), "requantise_lanes": (2,)}


@pytest.mark.parametrize(("name", "text", "expected"), [
    ("rows", "8", (8,)), ("rows", "16,8", (8, 16)), ("rows", "8..24", (8, 16, 24)), ("cols", "1..12", (4, 8, 12)),
    ("pixels", "1..4", (1, 2, 4)),
    ("bus_bits", "32,128..256", (32, 128, 256)), ("activation_kib", "96..160", (96, 128, 160)),
])
def test_values(name: str, text: str, expected: tuple[int, ...]) -> None:
    assert AXES[name].parse(text) == expected


@pytest.mark.parametrize(("text", "message"), [
    ("8,x", "'x' is not a positive whole number"), ("0", "'0' is not"), ("", "'' is not"), ("-8", "'-8' is not"),
    ("16..8", "the range 16..8 is empty"), ("9..15", "no size of this kind"), ("8..", "'' is not"),
])
def test_values_that_are_none(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        AXES["rows"].parse(text)


def test_the_space_is_all_that_can_be_built() -> None:
    axes = FIRST | {"pixels": (1, 2), "dw_channels": (1, 2, 4), "bus_bits": (64, 128)}
    space = design_space(axes, PRESETS["pe128"])
    made = {(config.pe_pixels, config.dw_channels, config.bus_bits) for config in space.configs}
    expected = set()
    for pixels, channels, bits in itertools.product(*(axes[name] for name in ("pixels", "dw_channels", "bus_bits"))):
        try:
            EngineConfig(pe_pixels=pixels, dw_channels=channels, bus_bits=bits, requantise_lanes=2,
                         activation_bytes=64 * 1024, activation_groups=8)
        except ConfigError:
            continue
        expected.add((pixels, channels, bits))
    assert made == expected
    assert len(space.configs) + sum(space.refused.values()) == 12
    assert set(space.refused) == {"dw_channels", "bus_bits"}
    assert len({config.hash for config in space.configs}) == len(space.configs)


def test_engines_that_are_the_same_are_there_once() -> None:
    space = design_space(FIRST | {"pixels": (2,), "weight_rows": (1, 2), "bus_bits": (64, 128)}, PRESETS["pe128"])
    assert [(config.weight_rows, config.bus_bits) for config in space.configs] == [(1, 64), (2, 128), (2, 64)]
    assert {config.weight_rows_per_word for config in space.configs if config.bus_bits == 128} == {2}


def test_narrow_arrays_are_part_of_the_space() -> None:
    """With the buses that bring them no more than two rows a cycle."""
    space = design_space(FIRST | {"cols": (4, 12), "bus_bits": (32, 64, 128)}, PRESETS["small"])
    assert [(config.pe_cols, config.bus_bits, config.weight_rows_per_word) for config in space.configs] == [
        (4, 32, 1), (4, 64, 2), (12, 32, 1)]


def test_the_rest_is_the_base() -> None:
    (config,) = design_space(FIRST, EngineConfig(accumulator_depth=64, queue_depth=8, retire_port=False)).configs
    assert (config.accumulator_depth, config.queue_depth, config.retire_port) == (64, 8, False)


def test_an_empty_space_says_why() -> None:
    with pytest.raises(RequestError, match=r"none of 2 combinations can be built, the first because of bus_bits=48"):
        design_space(FIRST | {"bus_bits": (48,), "pixels": (1, 2)}, PRESETS["pe128"])


@pytest.mark.parametrize(("kib", "groups"), [(64, 8), (96, 12), (128, 8), (160, 10), (320, 10), (384, 12)])
def test_bank_groups(kib: int, groups: int) -> None:
    assert activation_groups(kib * 1024, 16) == groups


def test_a_point_can_be_typed() -> None:
    axes = FIRST | {"rows": (8, 16), "activation_kib": (64, 96), "bus_bits": (32, 64)}
    for config in design_space(axes, PRESETS["pe128"]).configs:
        assert load_config(config_text(config)).hash == config.hash
    assert config_text(PRESETS["pe64"]) == "pe64"
