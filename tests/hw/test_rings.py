"""`Ring`s: rows in their places, in bank groups of their own."""

import pytest

from hw.compiler.errors import CompileError
from hw.compiler.rings import Wanted, aligned_rows, place, runs
from hw.config import EngineConfig
from tests.support.configs import SKEW, TINY, WIDE

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)


@CONFIGS
@pytest.mark.parametrize("width", [1, 3, 4, 7])
def test_aligned_rows(config: EngineConfig, width: int) -> None:
    """Enough rows, and an end on a bank boundary unless the tensor is there whole."""
    for height in (1, 5, 9):
        for wanted in range(1, height + 1):
            kept = aligned_rows(config, (height, width, 8), wanted)
            assert wanted <= kept <= height
            assert kept == height or kept * width % config.pe_pixels == 0
            assert kept - wanted < config.pe_pixels


@CONFIGS
def test_rings_do_not_share_groups(config: EngineConfig) -> None:
    wanted = [Wanted(f"t{index}", (9, 5, 8 + 20 * index), 4) for index in range(3)]
    rings = place(config, wanted)
    owner: dict[int, int] = {}
    for index, ring in enumerate(rings):
        assert ring.stride * config.pe_pixels >= ring.rows * 5
        last = ring.base + ring.blocks * ring.stride - 1
        for group in range(ring.base // config.group_rows, last // config.group_rows + 1):
            assert owner.setdefault(group, index) == index
    assert max(owner) < config.activation_groups


@CONFIGS
def test_too_much(config: EngineConfig) -> None:
    with pytest.raises(CompileError) as error:
        place(config, [Wanted("big", (64, 64, 64), 64), Wanted("more", (8, 8, 8), 8)])
    message = str(error.value)
    assert message.startswith(f"activation memory of {config.name}: ")
    assert f"{config.activation_groups} there (big " in message
    assert ", more " in message


def test_runs_are_in_one_piece_in_each_ring() -> None:
    rings = place(TINY, [Wanted("a", (20, 4, 8), 6), Wanted("b", (20, 4, 8), 4)])
    for first in range(12):
        for last in range(first, 20):
            pieces = list(runs(first, last, rings))
            assert [y for start, count in pieces for y in range(start, start + count)] == list(
                range(first, last)
            )
            for start, count in pieces:
                for ring in rings:
                    assert start % ring.rows + count <= ring.rows
                    assert ring.pixel(start) == start % ring.rows * 4
