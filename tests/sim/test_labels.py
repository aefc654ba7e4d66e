"""Names beside points."""

from itertools import combinations

import numpy as np
import pytest

from sim.plots.labels import MARK, Box, Label, Point, clustered, joined, leader, placed

FRAME = (0.0, 0.0, 800.0, 600.0)
SIZE = (60.0, 9.0)


@pytest.mark.parametrize(("names", "text"), [
    (["conv1"], "conv1"),
    (["conv_pw_7", "conv_pw_8", "conv_pw_9"], "conv_pw_7–9"),
    (["conv_pw_12", "conv_pw_13"], "conv_pw_12, 13"),
    (["conv_pw_9", "conv_pw_7", "conv_pw_8", "conv_pw_11"], "conv_pw_7–9, 11"),
    (["block_3_expand", "block_4_expand", "block_3_project"], "block_3, 4_expand, block_3_project"),
    (["predictions", "Conv1"], "predictions, Conv1"),
])
def test_joined(names: list[str], text: str) -> None:
    assert joined(names) == text


def test_points_that_lie_together() -> None:
    found = clustered([Point(100, 100, "pw_1"), Point(300, 300, "dw_1"), Point(104, 97, "pw_2")])
    assert found == [Point(100, 100, "pw_1, 2"), Point(300, 300, "dw_1")]


def box(label: Label) -> Box:
    return label.left, label.bottom, label.left + SIZE[0], label.bottom + SIZE[1]


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_covered(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = [Point(float(x), float(y), str(index)) for index, (x, y)
              in enumerate(generator.normal((400, 300), (90, 70), (30, 2)))]
    taken, roof = [(380.0, 290.0, 420.0, 310.0)], [(0.0, 350.0, 800.0, 352.0)]
    labels = placed(points, [SIZE] * len(points), FRAME, taken, roof)
    assert len(labels) > 20
    boxes = {label.text: box(label) for label in labels}
    marks = {point.name: (point.x - MARK, point.y - MARK, point.x + MARK, point.y + MARK) for point in points}
    for one, other in combinations(boxes.values(), 2):
        assert apart(one, other)
    for name, mine in boxes.items():
        assert all(apart(mine, other) for other in (*taken, *roof, *marks.values()))
        assert FRAME[0] <= mine[0] <= mine[2] <= FRAME[2]
        assert FRAME[1] <= mine[1] <= mine[3] <= FRAME[3]
        line = leader(points[int(name)], mine)
        others = [*(other for text, other in boxes.items() if text != name),
                  *(other for text, other in marks.items() if text != name), *taken]
        assert all(apart(spot, other) for spot in line for other in others)


def test_a_lone_label_is_at_its_right() -> None:
    (label,) = placed([Point(100, 100, "one")], [SIZE], FRAME, [], [])
    assert 100 + MARK <= label.left <= 120
    assert label.bottom + SIZE[1] / 2 == 100


def test_no_room_no_label() -> None:
    assert placed([Point(100, 100, "one")], [SIZE], FRAME, [FRAME], []) == []
