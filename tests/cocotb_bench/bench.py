"""Runs in the simulator: programs in the generated engine, started by the driver, their output compared with golden.

The file that the environment variable `JOBS` names holds what to run, as `tests.cocotb_bench.job` writes it; what
became of each goes to the file `OUTCOMES`.
"""

import os
import warnings
from pathlib import Path

import cocotb
from cocotb.clock import Clock

from hw.driver.errors import DriverError
from tests.cocotb_bench.job import Job, Outcome, jobs_from_json, outcomes_from_json, to_json
from tests.cocotb_bench.testbench import Testbench

warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"cocotbext\.")  # it is written for cocotb 1

AFTER = 100
"""Cycles watched after the interrupt: nothing more may happen."""

JOBS = jobs_from_json(Path(os.environ["JOBS"]).read_text())
OUTCOMES = Path(os.environ["OUTCOMES"])


async def run_job(dut, job: Job) -> Outcome:
    """One program from reset to the comparison of its output."""
    scene = job.scene()
    bench = Testbench(dut, scene)
    await bench.reset()
    try:
        report = await bench.run()
        await bench.stay_quiet(AFTER)
        scene.check()
    except (AssertionError, DriverError) as error:
        return Outcome(failure=f"{type(error).__name__}: {error}")
    return Outcome(report=report)


@cocotb.test()
@cocotb.parametrize(index=range(len(JOBS)))
async def program(dut, index: int) -> None:
    """A test of its own for each job: what the last one left running ends with it."""
    Clock(dut.clk, 10, unit="ns").start()
    outcome = await run_job(dut, JOBS[index])
    before = outcomes_from_json(OUTCOMES.read_text()) if index else []
    OUTCOMES.write_text(to_json([*before, outcome]))
    assert not outcome.failure, outcome.failure
