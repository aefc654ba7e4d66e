"""Runs in the simulator: programs in the generated engine, their DRAM in Python, results compared with golden.

The file that the environment variable `JOBS` names holds what to run, as `tests.cocotb_bench.job` writes it; what
became of each goes to the file `OUTCOMES`.
"""

import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from tests.cocotb_bench.job import Job, Outcome, jobs_from_json, to_json
from tests.cocotb_bench.testbench import Testbench

AFTER = 100
"""Cycles watched after the interrupt: nothing more may happen."""


async def run_job(dut, job: Job) -> Outcome:
    """One program from reset to the comparison of its output."""
    scene = job.scene()
    bench = Testbench(dut, scene)
    bench.rest()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    try:
        report = await bench.run()
        await bench.stay_quiet(AFTER)
        scene.check()
    except AssertionError as error:
        return Outcome(failure=f"{type(error).__name__}: {error}")
    return Outcome(report=report)


@cocotb.test()
async def programs(dut) -> None:
    outcomes = []
    Clock(dut.clk, 10, unit="ns").start()
    for job in jobs_from_json(Path(os.environ["JOBS"]).read_text()):
        outcomes.append(await run_job(dut, job))
        Path(os.environ["OUTCOMES"]).write_text(to_json(outcomes))
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    assert not failures, "; ".join(failures)
