"""Which layers of a network run as one cascade."""

import pytest

from golden.networks import network
from hw.config import PRESETS
from sim.cascading import PLAIN, fits, over_picture, regrouped
from sim.work import Source


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
def test_what_is_regrouped_fits(name: str, preset: str) -> None:
    """If the layers as they come do."""
    config, source = PRESETS[preset], Source(title=name, network=network(name))
    chains = [source.whole(), regrouped(source.whole(), config)]
    plain, ours = ([fits(layers, config, PLAIN if index else over_picture(layers, config))
                    for index, layers in enumerate(chain)] for chain in chains)
    assert all(ours) or not all(plain)
