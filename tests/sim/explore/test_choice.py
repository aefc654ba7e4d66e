"""The Pareto front and the choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.fpga.resources import Resources
from sim.explore.choice import RULES, pareto, ranked
from sim.explore.limits import Limits
from sim.work import RequestError
from tests.sim.explore.made_up import TARGET, candidate

SMALL = st.integers(1, 4)
CANDIDATES = st.lists(st.builds(candidate, SMALL, lut=SMALL, dsp=SMALL, bram=SMALL, read=SMALL), max_size=12)


@given(CANDIDATES)
def test_the_front_by_its_definition(candidates: list) -> None:
    def costs(point) -> tuple:
        return (-point.frames_per_second, point.area.lut, point.area.dsp, point.area.bram, point.mbytes_per_second)

    found = pareto(candidates)
    for index, point in enumerate(candidates):
        beaten = any(
            all(a <= b for a, b in zip(costs(other), costs(point), strict=True))
            and (costs(other) != costs(point) or number < index)
            for number, other in enumerate(candidates) if number != index)
        assert found[index] == (not beaten)


def test_most_frames_a_second_unless_nearly_as_many_take_less() -> None:
    slow, fast, close = candidate(2000, lut=1), candidate(1000, lut=90), candidate(1005, lut=50)
    assert ranked([slow, fast, close], "fps") == [2, 1, 0]
    assert ranked([slow, fast], "fps") == [1, 0]
    assert ranked([slow, fast, close], "lut")[0] == 0
    assert ranked([], "fps") == []


@pytest.mark.parametrize(("rule", "best"), [
    ("fps", "fast"), ("fps-per-dsp", "lean"), ("fps-per-lut", "plain"), ("lut", "plain"), ("bram", "lean"),
    ("mbytes", "quiet"),
])
def test_rules(rule: str, best: str) -> None:
    assert rule in RULES
    points = [candidate(1000, name="fast", lut=900, dsp=90, bram=9, read=900),
              candidate(2000, name="lean", lut=700, dsp=9, bram=1, read=900),
              candidate(2500, name="plain", lut=100, dsp=90, bram=9, read=900),
              candidate(3000, name="quiet", lut=900, dsp=90, bram=9, read=100)]
    assert points[ranked(points, rule)[0]].config.name == best


def test_room() -> None:
    has = TARGET.resources
    assert Limits(most={}, spare_percent=0).room(TARGET) == has
    room = Limits(most={"lut": 1000}, spare_percent=25).room(TARGET)
    assert room == Resources(lut=1000, ff=has.ff * 3 // 4, dsp=has.dsp, bram=has.bram * 3 // 4)


def test_limits_are_met() -> None:
    point = candidate(1000, read=2000)  # 100,000 frames a second, 200 MB/s
    for limits, met in ((Limits(most={}), True), (Limits(most={}, min_frames=100_000), True),
                        (Limits(most={}, min_frames=100_001), False), (Limits(most={}, max_mbytes=200), True),
                        (Limits(most={}, max_mbytes=199), False)):
        assert limits.met_by(point) == met


@pytest.mark.parametrize(("limits", "message"), [
    ({"spare_percent": 100.0}, r"--spare 100: must be a percentage"), ({"spare_percent": -1.0}, r"--spare -1"),
    ({"min_frames": 0.0}, r"--min-fps 0: must be more than 0"), ({"max_mbytes": -2.0}, r"--max-mbytes -2"),
    ({"most": {"dsp": 0}}, r"--max-dsp 0"),
])
def test_limits_nothing_can_meet(limits: dict, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Limits(**{"most": {}, **limits})


def test_a_limit_beyond_the_device() -> None:
    with pytest.raises(RequestError, match=r"--max-dsp 157: Lattice ECP5 LFE5U-85F has 156; leave it out"):
        Limits(most={"dsp": 157}).room(TARGET)
