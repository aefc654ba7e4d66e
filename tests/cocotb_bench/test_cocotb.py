"""The generated Verilog of whole engines under Verilator, bit-exact against golden; host and DRAM by cocotb."""

import dataclasses
import functools
from pathlib import Path

import pytest

from hw.compiler.errors import CompileError
from hw.memory_timing import parse_memory
from hw.rtl import run_rtl
from tests.cocotb_bench.job import HANDSHAKES, Handshake, Job, Outcome
from tests.cocotb_bench.run import jobs_for, main
from tests.cocotb_bench.simulate import repro, simulate
from tests.cocotb_bench.waves import signal_names
from tests.support.cases import CASES, RANDOM, find_case
from tests.support.configs import TINY, find_config

MEMORIES = (
    "",
    "read_latency=7,write_latency=3,bytes_per_cycle=8/3,max_outstanding=3,burst_bytes=64",
    "read_latency=1,write_latency=1,burst_bytes=32,pause_period=97,pause_length=13,pause_phase=5",
    "read_latency=100,write_latency=30,bytes_per_cycle=1,max_outstanding=1,burst_bytes=128",
)
TIMED = ("pair_s2_same_odd", "odd_sizes", "weights_streamed", "ring_wrap_s2")

BEYOND = {"tiny": set(), "skew": {"conv_far", "conv_whole", "conv_pair", "depthwise_5"}}
"""Cases that do not fit a configuration."""

DISTURBANCES = [
    Job(case=case, config="", seed=seed, handshake=handshake, disturb=disturb)
    for seed, case in enumerate(("pair_s1", "odd_sizes", "two_pairs"))
    for handshake, disturb in (
        ("timed", "finished"), ("timed", "reset"), ("timed", "stopped"), ("random", "reset"), ("random", "stopped"),
        ("random", "read_slave"), ("random", "write_slave"),
    )
]  # fmt: skip
"""Runs that come before: whole ones, and those broken off by the host or by an answer that is an error."""
PATIENT = ("pair_s1", "odd_sizes", "weights_streamed", "lone_depthwise")


@functools.cache
def outcomes(config: str, seed: int = 0) -> dict[Job, Outcome]:
    """All jobs of the default slice for `config`, in one simulation, with other jobs' memories mixed in."""
    jobs = jobs_for(None, config, seed)
    jobs += [Job(case=case, config=config, memory=memory) for case in TIMED for memory in MEMORIES if memory]
    jobs += [Job(case=case, config=config, handshake="patient") for case in PATIENT]
    jobs += [dataclasses.replace(job, config=config) for job in DISTURBANCES]
    fitting = {job.case for job in jobs_for(None, config, seed)}
    jobs = [job for job in jobs if job.case in fitting]
    done, _ = simulate(jobs)
    return dict(zip(jobs, done, strict=True))


def check(job: Job, outcome: Outcome) -> None:
    assert not outcome.failure, f"{outcome.failure}\nrepeat with: {repro(job)}"


@pytest.mark.parametrize("handshake", HANDSHAKES)
@pytest.mark.parametrize(
    ("case", "config"), [(case, config) for config in BEYOND for case in CASES if case not in BEYOND[config]]
)
def test_equals_golden(case: str, config: str, handshake: Handshake) -> None:
    job = Job(case=case, config=config, handshake=handshake)
    check(job, outcomes(config)[job])


@pytest.mark.parametrize("config", ["tiny", "skew"])
def test_cases_that_do_not_fit(config: str) -> None:
    fitting = {job.case for job in jobs_for(None, config, 0)} - {RANDOM}
    assert set(CASES) - fitting == BEYOND[config]


@pytest.mark.parametrize("config", ["tiny", "skew"])
def test_random_layers(config: str) -> None:
    """Random shapes of the default slice; most fit, and those do."""
    done = [(job, outcome) for job, outcome in outcomes(config).items() if job.case == RANDOM]
    assert len(done) >= 10
    for job, outcome in done:
        check(job, outcome)


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("case", TIMED)
def test_cycles_equal_the_harness(case: str, memory: str) -> None:
    """The two memories, in Python and in C++, are the same to the cycle: so is every command's start and end."""
    job = Job(case=case, config="tiny", memory=memory)
    outcome = outcomes("tiny")[job]
    check(job, outcome)
    found = find_case(case, 0)
    harness = run_rtl(found.program(TINY, 0), found.values(0), parse_memory(memory))
    report = outcome.report
    assert report is not None
    for name in ("cycles", "started", "ended", "read_bytes", "write_bytes", "account"):
        assert getattr(report, name) == getattr(harness, name), name


@pytest.mark.parametrize("config", ["tiny", "skew"])
def test_ready_that_waits_for_valid(config: str) -> None:
    """A memory may wait for valid, and with a write's address for its data: neither side waits for the other."""
    done = [(job, outcome) for job, outcome in outcomes(config).items() if job.handshake == "patient"]
    assert len(done) == len(PATIENT)
    for job, outcome in done:
        check(job, outcome)


@pytest.mark.parametrize("disturb", ["finished", "reset", "stopped", "read_slave", "write_slave"])
@pytest.mark.parametrize("config", ["tiny", "skew"])
def test_as_good_as_new_after(config: str, disturb: str) -> None:
    """The run after another, whole or broken off, is as right, and with the timed memory as fast, as any."""
    done = [(job, outcome) for job, outcome in outcomes(config).items() if job.disturb == disturb]
    assert len(done) >= 3
    for job, outcome in done:
        check(job, outcome)
        undisturbed = outcomes(config).get(dataclasses.replace(job, disturb=""))
        if job.handshake == "timed" and undisturbed is not None:
            assert outcome.report == undisturbed.report


def test_random_handshakes_are_random() -> None:
    """They take other times than the timed memory does."""
    done = outcomes("tiny")
    pairs = [
        (done[job].report, done[dataclasses.replace(job, handshake="timed")].report)
        for job in done
        if job.handshake == "random" and not job.disturb
    ]
    assert sum(a is not None and b is not None and a.cycles != b.cycles for a, b in pairs) > len(pairs) // 2


@pytest.mark.full
@pytest.mark.parametrize("config", ["wide", "beats", "odd", "pe64"])
def test_other_configurations(config: str) -> None:
    for job, outcome in outcomes(config).items():
        check(job, outcome)


@pytest.mark.full
@pytest.mark.parametrize("seed", [100, 200, 300])
@pytest.mark.parametrize("config", ["tiny", "skew"])
def test_more_seeds(config: str, seed: int) -> None:
    for job, outcome in outcomes(config, seed).items():
        check(job, outcome)


@pytest.mark.full
def test_many_random_layers() -> None:
    jobs = []
    for seed in range(1000, 1150):
        try:
            find_case(RANDOM, seed).program(find_config("skew"), seed)
        except CompileError:
            continue
        jobs.append(Job(case=RANDOM, config="skew", seed=seed, handshake=HANDSHAKES[seed % 2]))
    assert len(jobs) > 100
    for job, outcome in zip(jobs, simulate(jobs)[0], strict=True):
        check(job, outcome)


@pytest.mark.full
def test_waves(capfd: pytest.CaptureFixture[str]) -> None:
    """A trace in FST, a signal list whose signals are in it, and the paths of both on standard output."""
    assert main(["--test", "one_pixel", "--config", "tiny", "--waves"]) == 0
    paths = [line for line in capfd.readouterr().out.splitlines() if line.endswith((".fst", ".gtkw"))]
    trace, signals = paths
    content = Path(trace).read_bytes()
    assert content[0] == 0  # a header block of 329 bytes comes first
    assert int.from_bytes(content[1:9], "big") == 329
    assert int.from_bytes(content[17:25], "big") > 1000  # end time
    listed = Path(signals).read_text()
    for names in signal_names(TINY).values():
        for name in names:
            assert name in listed
            assert name.split(".")[-1].split("[")[0].encode() in content
