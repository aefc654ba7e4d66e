"""The sweep: each task once, kept as it comes, whoever works it out."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from golden.networks import mobilenet_v1, mobilenet_v2
from hw.config import load_config
from hw.memory_timing import MemoryTiming
from sim.explore.bound import least_cycles
from sim.explore.cache import Cache, key_of
from sim.explore.local import run_locally
from sim.explore.point import Task, evaluate
from sim.explore.sweep import sweep
from sim.network_run import plan_network
from sim.work import Source
from tests.sim.explore.made_up import NETWORK, run_made_up

TASKS = [Task(network=NETWORK, config=load_config(f"small,max_outstanding={number}"), memory=MemoryTiming())
         for number in (2, 4, 8)]


def test_each_once_in_the_order_asked(tmp_path: Path) -> None:
    worked_out: list[str] = []

    def runner(tasks: Mapping[str, Task]) -> Iterator[tuple[str, dict[str, Any]]]:
        worked_out.extend(tasks)
        return run_made_up(tasks)

    asked = [TASKS[2], TASKS[0], TASKS[2], TASKS[1]]
    found = sweep(asked, runner, Cache(tmp_path))
    expected = dict(run_made_up({key_of(task): task for task in TASKS}))
    assert found == [expected[key_of(task)] for task in asked]
    assert sorted(worked_out) == sorted(map(key_of, TASKS))
    assert sweep(asked, runner, Cache(tmp_path)) == found
    assert len(worked_out) == len(TASKS)


def test_an_interrupted_sweep_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(tasks: Mapping[str, Task]) -> Iterator[tuple[str, dict[str, Any]]]:
        results = run_made_up(tasks)
        yield next(results)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(TASKS, interrupted, Cache(tmp_path))
    assert "1 of 3 points timed are kept: the same command goes on from there" in capsys.readouterr().err
    left: list[str] = []

    def rest(tasks: Mapping[str, Task]) -> Iterator[tuple[str, dict[str, Any]]]:
        left.extend(tasks)
        return run_made_up(tasks)

    found = sweep(TASKS, rest, Cache(tmp_path))
    assert left == [key_of(task) for task in TASKS[:2]]  # the last one came first
    assert len(found) == len(TASKS)


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"other": 1}', "\x00"])
def test_a_spoilt_file_is_a_miss(tmp_path: Path, spoilt: str) -> None:
    cache = Cache(tmp_path)
    cache.store("ab12", {"total": {}})
    assert cache.load("ab12") == {"total": {}}
    (path,) = tmp_path.rglob("*.json")
    path.write_text(spoilt)
    assert cache.load("ab12") is None
    assert cache.load("cd34") is None


def test_keys_tell_apart_what_makes_a_difference() -> None:
    task = TASKS[0]
    others = [dataclasses.replace(task, network=mobilenet_v1(0.25, 64)),
              dataclasses.replace(task, memory=MemoryTiming(read_latency=41)),
              dataclasses.replace(task, config=load_config("small,queue_depth=8"))]
    assert len({key_of(other) for other in [task, *others]}) == 4
    same = dataclasses.replace(task, config=dataclasses.replace(task.config, name="other"))
    assert key_of(same) == key_of(task)


def test_a_point_is_timed_like_a_network() -> None:
    found = evaluate(TASKS[2])
    run = plan_network(Source(title="", network=NETWORK), TASKS[2].config, TASKS[2].memory).run
    assert found["total"]["cycles"] == run.cycles
    for cycles in found["units"].values():
        assert sum(cycles.values()) == run.cycles
    for unit, spans in found["spans"].items():
        assert min(start for _, start, _ in spans) == min(run.units[unit].started)
        assert max(end for _, _, end in spans) == max(run.units[unit].ended)
    assert json.loads(json.dumps(found)) == found


def test_a_network_that_does_not_fit() -> None:
    tiny = load_config("small,activation_bytes=896")
    found = evaluate(dataclasses.replace(TASKS[0], config=tiny))
    assert found.keys() == {"refusal", "memory", "short"}
    assert found["memory"] == "activation_bytes"
    assert found["short"] > 0


@pytest.mark.parametrize("text", ["small", "pe128", "odd,requantise_lanes=1", "pe64,bus_bits=32"])
def test_no_point_is_faster_than_its_least_cycles(text: str) -> None:
    for network in (NETWORK, mobilenet_v2(0.35, 32)):
        config = load_config(text)
        found = evaluate(Task(network=network, config=config, memory=MemoryTiming(read_latency=1)))
        assert found["total"]["cycles"] > least_cycles(network, config)


def test_a_pool_of_processes_says_the_same() -> None:
    tasks = {key_of(task): task for task in TASKS[:2]}
    assert dict(run_locally(tasks, 2)) == {key: evaluate(task) for key, task in tasks.items()}
