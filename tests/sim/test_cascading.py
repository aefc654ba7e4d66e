"""Which layers are a cascade, and how the first of them wants the picture."""

from collections import Counter
from itertools import pairwise

import pytest

from golden.network import Network
from golden.networks import mobilenet_v1, mobilenet_v2, network
from hw.compiler.channels import STEP_CYCLES, STEPS, step_blocks
from hw.compiler.layers import ResidualAdd, passes_of, spec_of, unit_of
from hw.config import PRESETS, load_config
from sim.cascading import PLAIN, divided, fits, fits_in_rows, over_picture, regrouped
from sim.work import Source
from tests.support.cases import pointwise

PE256 = PRESETS["pe256"]
SMALL, LARGE = mobilenet_v1(0.25, 96), mobilenet_v1()


def grouped(whole: Network) -> list:
    return regrouped(Source(title="", network=whole).whole(), PE256)


@pytest.mark.parametrize("whole", [SMALL, LARGE, mobilenet_v2()], ids=["small", "large", "v2"])
def test_all_layers_stay_in_order(whole: Network) -> None:
    layers = [layer for cascade in Source(title="", network=whole).whole() for layer in cascade]
    assert [layer for cascade in grouped(whole) for layer in cascade] == layers


def test_what_the_picture_is_made_of() -> None:
    """The form with fewer bytes where the first cascade waits for the bus, that with fewer passes where it does not."""
    assert over_picture(grouped(SMALL)[0], PE256).patches == "squares"
    assert over_picture(grouped(LARGE)[0], PE256).patches == "windows"
    assert over_picture(grouped(LARGE)[1], PE256).patches == ""


def test_pairs_on_chip_are_joined_where_each_waits_for_another_datapath() -> None:
    """Of the early layers now one has more depthwise work, now more pointwise work; from conv_pw_6 on it is one way."""
    units = [Counter(unit_of(spec_of(layer)) for layer in cascade) for cascade in grouped(SMALL)]
    assert all(count["depthwise"] == 2 for count in units[:3])
    assert all(count["depthwise"] <= 1 for count in units[3:8])


@pytest.mark.parametrize("size", [1, 3, 6, 14])
@pytest.mark.parametrize("channels", [16, 128, 1024])
@pytest.mark.parametrize("preset", ["pe256", "odd", "pe64"])
def test_steps_are_worth_a_command(size: int, channels: int, preset: str) -> None:
    config = PRESETS[preset]
    spec = pointwise("pw", (size, size, channels), channels)
    blocks = step_blocks(spec, config)
    assert blocks * config.pe_rows % config.pe_cols == 0
    vectors = max(-(-size * size // config.pe_pixels), config.tile_words)
    cycles = passes_of(spec, config) * vectors * blocks * config.pe_rows // config.pe_cols
    assert cycles >= STEP_CYCLES
    assert blocks * config.pe_rows * STEPS >= channels


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
def test_what_is_regrouped_fits(name: str, preset: str) -> None:
    """If the layers as they come do."""
    config, source = PRESETS[preset], Source(title=name, network=network(name))
    chains = [source.whole(), regrouped(source.whole(), config)]
    plain, ours = ([fits(layers, config, PLAIN if index else over_picture(layers, config))
                    for index, layers in enumerate(chain)] for chain in chains)
    assert all(ours) or not all(plain)


@pytest.mark.parametrize("groups", [5, 6, 7])
def test_what_does_not_fit_is_divided(groups: int) -> None:
    """As little as need be: what fits stays as it is, and no piece could go on. An add follows its layer."""
    config = load_config(f"small,activation_groups={groups},activation_bytes={groups * 8192}")
    chain = regrouped(Source(title="", network=mobilenet_v2()).whole(), config)
    pieces = divided(chain, config)
    assert [layer for piece in pieces for layer in piece] == [layer for cascade in chain for layer in cascade]
    assert all(fits_in_rows(piece, config, PLAIN if index else over_picture(piece, config))
               for index, piece in enumerate(pieces))
    assert not any(isinstance(piece[0], ResidualAdd) for piece in pieces)
    whole = [cascade for cascade in chain if cascade in pieces]
    assert (len(whole) == len(chain)) == (groups == 7)
    ends = {cascade[-1] for cascade in chain}
    for piece, following in pairwise(pieces):
        if piece[-1] not in ends:
            assert not fits_in_rows((*piece, *_with_add(following)), config, PLAIN)


def _with_add(layers: tuple) -> tuple:
    """The first layer, and the add behind it if there is one."""
    return layers[:2 if len(layers) > 1 and isinstance(layers[1], ResidualAdd) else 1]
