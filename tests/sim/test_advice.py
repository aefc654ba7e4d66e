"""Advice: the loss is the account's, what a change is worth is a run's."""

import json
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.networks import mobilenet_v1
from hw.config import PRESETS, load_config
from hw.memory_timing import MemoryTiming, parse_memory
from sim.advice import MOST, advice_text, candidates, loss, tried
from sim.cli import main
from sim.network_run import plan_network
from sim.report import engine_lanes, run_report
from sim.work import Source

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]
SOURCE = Source(title="", network=mobilenet_v1(0.25, 32))
PE64, PE128 = PRESETS["pe64"], PRESETS["pe128"]


def report(lost: list[int]) -> dict[str, Any]:
    """Of layers whose pointwise unit waited for weights that many cycles each."""
    return {"layers": [{"name": f"layer_{index}", "account": {"pointwise": {"weights": cycles, "data": 0}}}
                       for index, cycles in enumerate(lost)],
            "units": {"pointwise": {"busy": 600, "data": 0, "weights": sum(lost), "idle": 0},
                      "depthwise": {"busy": 300, "data": 700, "weights": 0, "idle": 0}},
            "total": {"cycles": 1000}}


@settings(deadline=None, derandomize=True)
@given(lost=st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any))
def test_the_stretch_is_the_shortest(lost: list[int]) -> None:
    found = loss(report(lost))
    first, last = (int(name.removeprefix("layer_")) for name in found["layers"])
    held = sum(lost[first:last + 1])
    assert held >= MOST * sum(lost)
    assert found["share_of_layers"] == held / sum(lost)
    for one, other in combinations_with_replacement(range(len(lost)), 2):
        if other - one < last - first:
            assert sum(lost[one:other + 1]) < MOST * sum(lost)


@pytest.mark.parametrize(("lost", "words"), [
    ([1, 0, 90, 1], "pointwise loses most to weights: 9.2% of all cycles, 98% of that in layer_2 ("),
    ([1, 0, 45, 45], "99% of that from layer_2 on ("),
    ([50, 50, 1], "99% of that from layer_0 to layer_1 ("),
])
def test_the_line(lost: list[int], words: str) -> None:
    made = report(lost)
    made["advice"] = {"loss": loss(made)}
    line = advice_text(made)
    assert words in line
    assert line.endswith("(by the account; --advise tries changes)")


def test_idle_belongs_to_no_layer() -> None:
    made = report([1, 2])
    made["units"]["pointwise"]["idle"] = 90
    made["advice"] = {"loss": loss(made)}
    assert made["advice"]["loss"]["layers"] == []
    assert "loses most to idle: 9.0% of all cycles (by" in advice_text(made)


@pytest.mark.parametrize("rate", [None, Fraction(3), Fraction(7)])
def test_a_candidate_is_what_it_says(rate: Fraction | None) -> None:
    memory = MemoryTiming(bytes_per_cycle=rate)
    found = list(candidates(PE128, memory))
    names = {setting.split("=")[0] for candidate in found for setting in candidate.change.split(", ")}
    assert names >= {"read_latency", "activation_bytes", "weight_bytes", "requantise_lanes", "queue_depth"}
    assert ("bus_bits" in names, "bytes_per_cycle" in names) == (rate != 3, rate is not None)
    for candidate in found:
        settings = candidate.change.split(", ")
        sizes = ",".join(setting for setting in settings if setting.split("=")[0] in PE128.as_dict())
        timing = [setting for setting in settings if setting.split("=")[0] not in PE128.as_dict()]
        wanted = load_config(f"pe128,{sizes}" if sizes else "pe128")
        assert candidate.config == wanted
        before = f"bytes_per_cycle={rate}," if rate else ""
        assert candidate.memory == parse_memory(before + ",".join(timing))
        assert (candidate.costs == "lanes") == (engine_lanes(candidate.config) > engine_lanes(PE128))


def test_what_cannot_be_built_is_left_out() -> None:
    widest = load_config("pe1024,bus_bits=256")
    assert not any("bus_bits" in candidate.change for candidate in candidates(widest, MemoryTiming()))


def test_worth_is_that_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    memory = MemoryTiming(bytes_per_cycle=Fraction(1))
    cycles = plan_network(SOURCE, PE64, memory).run.cycles
    found = tried(SOURCE, PE64, memory, cycles)
    assert [row["cycles"] for row in found] == sorted(row["cycles"] for row in found)
    assert found[0]["change"] == "bytes_per_cycle=2"
    assert len(capsys.readouterr().err.splitlines()) == len(list(candidates(PE64, memory))) >= len(found)
    wanted = plan_network(SOURCE, PE64, MemoryTiming(bytes_per_cycle=Fraction(2))).run.cycles
    assert found[0]["cycles"] == wanted
    assert found[0]["speedup"] == cycles / wanted
    assert found[0]["utilisation"] == SOURCE.network.macs / (engine_lanes(PE64) * wanted)


def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The text names the best change that costs no lanes, and what it gives."""
    assert main(["sim", *SMALL, "--memory", "bytes_per_cycle=1", "--advise"]) == 0
    out = capsys.readouterr().out
    assert main(["sim", *SMALL, "--memory", "bytes_per_cycle=1", "--advise", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    best = next(row for row in found["advice"]["tried"] if row["costs"] != "lanes")
    assert found["advice"]["loss"]["key"] == "weights"
    assert f"; {best['change']} would give {best['speedup']:.2f}× (the whole network planned" in out
    assert f"{best['cycles']:,}  {best['speedup']:.3f}×" in out


def test_nothing_helps() -> None:
    planned = plan_network(SOURCE, PE64, MemoryTiming())
    made = run_report(planned.specs, planned.run, PE64, 100.0)
    row = {"change": "queue_depth=8", "costs": "queues", "cycles": 100, "speedup": 1.004, "utilisation": 0.5}
    made["advice"] = {"loss": loss(made), "tried": [row | {"costs": "lanes", "speedup": 1.5}, row]}
    assert "; none of the changes tried helps without more lanes (" in advice_text(made)


@pytest.mark.parametrize(("arguments", "words"), [
    (["conv_dw_5"], "give no LAYER"), (["--program", "absent"], "no --program"),
    (["--network", "squeezenet"], "networks that run as one program"),
])
def test_advice_is_for_networks(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "--advise", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert words in captured.err
