"""Runs jobs in the simulator of their configuration and hands back what became of each."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from cocotb_tools.runner import get_runner

from hw.verilator import ToolError, environment
from tests.cocotb_bench.build import TOP, build
from tests.cocotb_bench.job import Job, Outcome, outcomes_from_json, to_json
from tests.support.configs import find_config

ROOT = Path(__file__).parents[2]


def repro(job: Job) -> str:
    """A command line that repeats the job."""
    memory = f" MEMORY={job.memory}" if job.memory else ""
    return f"make cocotb TEST={job.case} SEED={job.seed} CONFIG={job.config}{memory}"


def describe(job: Job) -> str:
    return f"{job.case} on {job.config}, seed {job.seed}, " + (
        f"memory {job.memory or 'as by default'}" if job.handshake == "timed" else f"{job.handshake} handshakes"
    ) + (f", after {job.disturb}" if job.disturb else "")


def simulate(
    jobs: Sequence[Job], *, waves: bool = False, source: Path | None = None
) -> tuple[list[Outcome], Path]:
    """Outcome of each of `jobs`, all of one configuration, run one after another, and the folder of the run.

    `waves` leaves a trace, ``dump.fst``; `source` names another folder with Verilog. Raises `ToolError` without a
    working simulator.
    """
    (config,) = {job.config for job in jobs}
    build_directory = build(find_config(config), waves=waves, source=source)
    listed = to_json(jobs)
    run = build_directory / "runs" / hashlib.sha256(listed.encode()).hexdigest()[:16]
    run.mkdir(parents=True, exist_ok=True)
    outcomes = run / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    (run / "jobs.json").write_text(listed)
    variables = {
        "JOBS": str(run / "jobs.json"),
        "OUTCOMES": str(outcomes),
        "PATH": environment()["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "COCOTB_ANSI_OUTPUT": "0",
    }
    status = _simulate(build_directory, run, variables, waves=waves)
    done = outcomes_from_json(outcomes.read_text()) if outcomes.exists() else []
    if len(done) != len(jobs):
        raise ToolError(
            f"the simulation of {describe(jobs[len(done)])} broke off with status {status}; see"
            f" {run / 'log.txt'}"
        )
    return done, run


def _simulate(
    build_directory: Path, run: Path, variables: dict[str, str], *, waves: bool
) -> int | str | None:
    """Exit status of the simulator, which is not 0 when a check did not hold."""
    runner = get_runner("verilator")
    runner.log.setLevel(logging.WARNING)
    try:
        runner.test(
            test_module="tests.cocotb_bench.bench",
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=build_directory,
            test_dir=run,
            results_xml=str(run / "results.xml"),
            log_file=run / "log.txt",
            waves=waves,
            extra_env=variables,
        )
    except SystemExit as end:
        return end.code
    return 0
