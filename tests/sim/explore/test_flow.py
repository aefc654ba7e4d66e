"""From a request to a choice, with areas and times that are made up."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hw.config import EngineConfig
from hw.fpga.resources import Resources
from hw.fpga.routing import DoesNotFit, Routed
from hw.fpga.synthesis import Area
from sim.explore.bound import datapath
from sim.explore.cache import Cache
from sim.explore.flow import Exploration, explore
from sim.explore.limits import Limits
from sim.explore.report import explore_csv, explore_report
from sim.explore.text import explore_text
from tests.sim.explore.made_up import TARGET, request, run_made_up, true_area

AXES = {"rows": (8, 16), "cols": (8, 16), "pixels": (1, 2), "dw_channels": (1, 2), "activation_kib": (64, 128, 256)}


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path)


def chosen(found: Exploration) -> EngineConfig:
    assert found.choice is not None
    return found.candidates[found.choice].config


def routed(config: EngineConfig, mhz: float, area: Resources | None = None) -> Routed:
    return Routed(clock_mhz=mhz, area=Area(total=area or true_area(config), blocks={}), seed=1, critical_path=())


def test_the_fastest_that_fits(cache: Cache) -> None:
    found = explore(request(**AXES), run_made_up, cache, None)
    room = Limits(most={}).room(TARGET)
    running = [point for point in found.candidates if point.runs]
    assert {point.config.hash for point in running} == {
        config.hash for config in request(**AXES).space.configs if not true_area(config).short_of(room)}
    best = max(running, key=lambda point: point.frames_per_second)
    assert chosen(found).pointwise_lanes == best.config.pointwise_lanes
    assert found.front[found.choice or 0]
    for point in found.candidates:
        assert point.fits == (not true_area(point.config).short_of(room))


def test_what_does_not_fit_says_what_is_short(cache: Cache) -> None:
    limits = Limits(most={"bram": 60, "lut": 15_000})
    found = explore(request(limits, **AXES), run_made_up, cache, None)
    for point in found.candidates:
        area = true_area(point.config)
        assert ("bram" in point.short_by) == (area.bram > 60)
        if point.short_by.get("bram"):
            assert area.bram - point.short_by["bram"] == 60
    assert found.short_of["bram"] == sum(true_area(config).bram > 60 for config in found.request.space.configs)


def test_the_limit_on_points_keeps_each_datapath(cache: Cache) -> None:
    every = explore(request(**AXES), run_made_up, cache, None)
    running = [point.config for point in every.candidates if point.runs]
    datapaths = {datapath(config) for config in running}
    few = explore(request(points=len(datapaths), **AXES), run_made_up, cache, None)
    timed = [point.config for point in few.candidates if point.runs]
    assert len(timed) == len(datapaths) == len({datapath(config) for config in timed})
    assert few.not_timed == len(running) - len(timed)
    for config in timed:
        alike = [other.memory_bytes for other in running if datapath(other) == datapath(config)]
        assert config.memory_bytes == max(alike)


def test_the_best_are_routed_and_timed_again(cache: Cache) -> None:
    clocks, calls = [80.0, 240.0], []

    def router(configs: Sequence[EngineConfig]) -> list[Routed]:
        calls.extend(configs)
        return [routed(config, clock) for config, clock in zip(configs, clocks, strict=True)]

    # With two requantising lanes the second fastest datapath is as fast as the first, and larger.
    asked = replace(request(route=2, requantise_lanes=(2,), **AXES), route_lut=TARGET.resources.lut)
    found = explore(asked, run_made_up, cache, router)
    assert len(calls) == 2
    cycles = {point.config.hash: point.cycles for point in found.candidates if point.runs}
    first, second = calls
    assert datapath(first) != datapath(second)
    smaller = [cycles[point.config.hash] for point in found.candidates if point.runs
               and point.area.lut < true_area(first).lut and datapath(point.config) != datapath(first)]
    assert true_area(second).lut < true_area(first).lut
    assert cycles[second.hash] == min(smaller)
    assert chosen(found).hash == calls[1].hash  # the best of those that were routed
    measured = [point for point in found.candidates if point.clock_is == "routed"]
    assert sorted(point.clock_mhz for point in measured) == clocks
    for point in measured:
        assert point.area_is == "synthesised"
        assert point.frames_per_second == pytest.approx(point.clock_mhz * 1e6 / point.cycles)


def test_as_many_are_routed_as_are_asked_for(cache: Cache) -> None:
    """By the rule of fewest LUTs none is smaller than the best."""
    calls = []

    def router(configs: Sequence[EngineConfig]) -> list[Routed]:
        calls.extend(configs)
        return [routed(config, 90.0) for config in configs]

    explore(request(route=2, rule="lut", **AXES), run_made_up, cache, router)
    assert len(calls) == len({datapath(config) for config in calls}) == 2
    assert true_area(calls[0]).lut <= true_area(calls[1]).lut


def test_what_takes_long_is_not_routed(cache: Cache) -> None:
    calls = []

    def router(configs: Sequence[EngineConfig]) -> list[Routed]:
        calls.extend(configs)
        return [routed(config, 90.0) for config in configs]

    asked = replace(request(route=1, **AXES), route_lut=TARGET.resources.lut // 5)
    found = explore(asked, run_made_up, cache, router)
    (config,) = calls
    assert true_area(config).lut <= asked.route_lut
    running = [point for point in found.candidates if point.runs]
    assert found.not_routed == max(point.frames_per_second for point in running)
    assert "larger engines were not routed" in explore_text(explore_report(found, "it"))
    # If all are larger, the best is routed all the same.
    calls.clear()
    assert explore(replace(asked, route_lut=1), run_made_up, cache, router).not_routed is None
    assert len(calls) == 1
    assert explore(request(**AXES), run_made_up, cache, None).not_routed is None


def test_what_turns_out_too_large_is_not_chosen(cache: Cache) -> None:
    calls = []

    def router(configs: Sequence[EngineConfig]) -> list[Routed | DoesNotFit]:
        (config,) = configs
        calls.append(config)
        if len(calls) == 1:
            return [DoesNotFit(config, TARGET, {"wires": 7})]
        if len(calls) == 2:  # holds, but less is left than was asked for
            return [routed(config, 100.0, Resources(lut=TARGET.resources.lut))]
        return [routed(config, 50.0)]

    found = explore(request(route=1, **AXES), run_made_up, cache, router)
    # As many again as are wanted are tried, no more: then the best that is not routed is chosen.
    assert len(calls) == 2
    assert chosen(found).hash not in {config.hash for config in calls}
    short = {point.config.hash: point.short_by for point in found.candidates}
    assert short[calls[0].hash] == {"wires": 7}
    assert "does not fit their memories" not in explore_text(explore_report(found, "a network"))
    assert short[calls[1].hash] == {"lut": TARGET.resources.lut - Limits(most={}).room(TARGET).lut}


def test_nothing_fits(cache: Cache) -> None:
    found = explore(request(Limits(most={"bram": 30})), run_made_up, cache, None)
    assert found.choice is None
    assert not any(found.front)
    text = explore_text(explore_report(found, "a network"))
    (config,) = found.request.space.configs
    assert f"is short of {true_area(config).bram - 30} memory blocks" in text


def test_nothing_is_fast_enough(cache: Cache) -> None:
    found = explore(request(Limits(most={}, min_frames=1e6), **AXES), run_made_up, cache, None)
    assert found.choice is None
    assert "nothing fits that meets the limits; the fastest that fits" in explore_text(explore_report(found, "it"))


def test_a_network_too_large_for_the_memories(cache: Cache) -> None:
    def refuse(tasks):
        for key in tasks:
            yield key, {"refusal": "too small", "memory": "activation_bytes", "short": 4096}

    found = explore(request(), refuse, cache, None)
    report = explore_report(found, "it")
    (point,) = report["points"]
    assert (point["fits"], point["short_of"], point["cycles"]) == (False, ["activation_bytes"], None)
    assert found.choice is None
    assert "short of 4,096 bytes of activation memory" in explore_text(report)


def test_the_report(cache: Cache) -> None:
    found = explore(request(**AXES), run_made_up, cache, None)
    report = explore_report(found, "a network")
    assert (report["schema"], report["network"], report["target"]) == (1, "a network", "lfe5u-85f")
    assert report["choice"] == found.choice
    for point, row in zip(found.candidates, report["points"], strict=True):
        assert row.keys() >= {"config", "cycles", "clock_mhz", "clock_is", "frames_per_second", "lut", "ff", "dsp",
                              "bram", "fits", "short_of", "pareto"}
        assert row["lut"] == point.area.lut
        assert (row["cycles"] is None) == (not point.fits)
    lines = explore_csv(report).splitlines()
    assert len(lines) == 1 + len(report["points"])
    assert lines[0].startswith("name,pareto,fits,short_of,frames_per_second,cycles")


def test_balance(cache: Cache) -> None:
    report = explore_report(explore(request(**AXES), run_made_up, cache, None), "it")
    rows = {(row["pointwise_lanes"], row["dw_channels"]): row for row in report["balance"]}
    for point in report["points"]:
        if point["cycles"]:
            lanes = point["config"]["pe_rows"] * point["config"]["pe_cols"] * point["config"]["pe_pixels"]
            assert rows[lanes, point["config"]["dw_channels"]]["frames_per_second"] >= point["frames_per_second"]
    for lanes in {lanes for lanes, _ in rows}:
        mine = [row for (number, _), row in rows.items() if number == lanes]
        per_lane = [row["frames_per_second"] / (lanes + row["depthwise_lanes"]) for row in mine]
        assert [row["best"] for row in mine] == [merit == max(per_lane) for merit in per_lane]
