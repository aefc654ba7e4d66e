"""The bench's checks are themselves checked: programs and engines that are broken on purpose must be rejected."""

import re
from pathlib import Path

import pytest

from hw.gateware import depthwise, pointwise_drain
from hw.memory_timing import MemoryTiming
from hw.rtl import EngineError, run_rtl
from hw.verilog import write_verilog
from tests.cocotb_bench.faults import FAULTS
from tests.cocotb_bench.job import Job, Outcome
from tests.cocotb_bench.run import RequestError, jobs_for, main
from tests.cocotb_bench.simulate import simulate
from tests.support.cases import CASES
from tests.support.configs import TINY
from tests.support.mutation import mutated

NOTICED = {
    "place of the output": r"EngineFaultError: error 13 \(write_window\): .* \[store, command 2, .* in layer pw$",
    "endless wait": r"EngineFaultError: error 16 \(deadlock\): .* \[store, command 0\] in layer pw$",
    "program for another engine": r"DriverError: the program is for tiny \(0x\w+\), the engine is 0x\w+$",
}
"""Faults that show before the values do; all others end in a mismatch of the output."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """A case with each of the faults."""
    jobs = [
        Job(case="ties_double" if name.startswith("rounding") else "pad_left_top", config="tiny", broken=name)
        for name in FAULTS
    ]
    done, _ = simulate(jobs)  # unbroken, both cases pass: `test_cocotb`
    return dict(zip(FAULTS, done, strict=True))


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_noticed(outcomes: dict[str, Outcome], fault: str) -> None:
    wanted = NOTICED.get(fault, "Mismatch: pw: row ")
    assert re.match(wanted, outcomes[fault].failure), outcomes[fault].failure


def test_harness_notices_a_deadlock() -> None:
    """The same program is the same error in the C++ harness."""
    case = CASES["one_pixel"]
    program = FAULTS["endless wait"](case.program(TINY, 0))
    with pytest.raises(EngineError, match=r"^error 16 \(deadlock\): .* \[store, command 0\]$"):
        run_rtl(program, case.values(0), MemoryTiming())


@pytest.mark.full
def test_broken_engine_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that rounds ties up where they go away from zero."""
    broken = mutated(
        "hw.gateware.requantise", "down = (high < 0) & ~numerics[3].single", "down = Const(0, 1)"
    )
    monkeypatch.setattr(depthwise, "Requantise", broken["Requantise"])
    monkeypatch.setattr(pointwise_drain, "Requantise", broken["Requantise"])
    write_verilog(TINY, tmp_path)
    ties, plain = simulate(
        [Job(case=case, config="tiny") for case in ("ties_double", "pair_s1")], source=tmp_path
    )[0]
    assert ties.failure.startswith("Mismatch: pw: row ")
    assert plain.failure == ""  # a network of ReLUs does not tell: hence the ties


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test", "pair_s3"], "test 'pair_s3' is unknown; tests: pair_s1, "),
        (["--config", "pe9"], "configuration 'pe9' is neither a preset (pe256, "),
        (["--seed", "-1"], "seed -1: must be 0 or more"),
        (["--waves"], "a trace is of one test"),
        (["--memory", "latency=3"], "memory setting 'latency' is unknown; settings: "),
        (["--memory", "bytes_per_cycle=99"], "bytes_per_cycle=99: the bus of tiny carries 8"),
        (["--test", "pair_s1", "--config", "pe64,retire_port=false"], "the bench needs retire_port=true"),
    ],
)
def test_wrong_request_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_case_that_does_not_fit() -> None:
    with pytest.raises(RequestError, match="test two_pairs does not fit pe64,activation_groups=4,"):
        jobs_for("two_pairs", "pe64,activation_groups=4,activation_bytes=4096", 0)
