"""Which points are timed, if there are too many."""

from dataclasses import replace

from golden.networks import mobilenet_v1
from hw.config import EngineConfig, load_config
from sim.explore.bound import least_cycles, most_promising
from tests.sim.explore.made_up import candidate

NETWORK = mobilenet_v1(1.0, 224)

ALIKE = {load_config(f"pe256,dw_channels={channels}"): 5000 + channels for channels in (1, 2, 4)}
"""LUTs of engines that are as fast as each other by their bound."""

SMALLER = {load_config(name): lut for name, lut in (("pe128", 4000), ("pe64", 3000), ("small", 2000))}
"""LUTs of engines each slower and smaller than the one before."""

POINTS = [replace(candidate(lut=lut), config=config) for config, lut in (SMALLER | ALIKE).items()]


def timed(limit: int) -> list[EngineConfig]:
    return [point.config for point in most_promising(POINTS, NETWORK, limit)]


def test_one_in_three_is_the_fastest_the_others_are_of_all_sizes() -> None:
    bounds = [least_cycles(NETWORK, config) for config in (*ALIKE, *SMALLER)]
    assert bounds[0] == bounds[1] == bounds[2] < bounds[3] < bounds[4] < bounds[5]
    (fast, second, _), (large, middle, small) = ALIKE, SMALLER
    assert timed(2) == [large, fast]
    assert timed(3) == [large, fast, second]
    assert timed(5) == [large, middle, small, fast, second]
    assert timed(100) == [*SMALLER, *ALIKE]


def test_largest_memories_first() -> None:
    halves = [replace(point, config=replace(point.config, weight_bytes=point.config.weight_bytes // 2))
              for point in POINTS]
    assert most_promising([*halves, *POINTS], NETWORK, len(POINTS)) == POINTS
