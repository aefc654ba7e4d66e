"""Runs a `Job` in the simulator and hands back its report."""

import dataclasses
import json
import os
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from pathlib import Path

from cocotb_tools.runner import get_runner

from hw.verilator import environment
from tests.cocotb_bench.build import TOP, build
from tests.cocotb_bench.job import Job, Report
from tests.support.configs import find_config

ROOT = Path(__file__).parents[2]


class JobFailed(AssertionError):
    """A simulation whose checks did not hold: what did not, and a command that repeats it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    report: Report
    waves: Path | None


def repro(job: Job) -> str:
    """A command line that repeats the job."""
    return f"make cocotb TEST={job.case} SEED={job.seed} CONFIG={job.config}"


def simulate(job: Job, *, waves: str = "") -> Outcome:
    """Builds and runs; raises `JobFailed` if a check fails, `ToolError` without a working simulator."""
    build_directory = build(find_config(job.config), waves=waves)
    run = build_directory / "runs" / "-".join(
        filter(None, [job.case, str(job.seed), "random" if job.back_pressure else job.memory, job.broken]))
    run.mkdir(parents=True, exist_ok=True)
    report = run / "report.json"
    report.unlink(missing_ok=True)
    job = dataclasses.replace(job, report=str(report))
    tools = environment()
    log, results = run / "log.txt", run / "results.xml"
    results.unlink(missing_ok=True)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    try:
        get_runner("verilator").test(
            test_module="tests.cocotb_bench.bench", hdl_toplevel=TOP, hdl_toplevel_lang="verilog", build_dir=build_directory, test_dir=run,
            seed=job.seed, results_xml=str(results), log_file=log, waves=bool(waves),
            extra_env={"JOB": job.to_json(), "PYTHONPATH": path, "PATH": tools["PATH"], "COCOTB_ANSI_OUTPUT": "0"})
    except SystemExit as status:
        failure = _failure(results) or f"the simulator ended with status {status.code}; see {log}"
    else:
        failure = _failure(results)
    if failure:
        raise JobFailed(f"{failure}\n  repeat with: {repro(job)}")
    if not report.exists():
        raise JobFailed(f"the simulation left no report; see {log}\n  repeat with: {repro(job)}")
    return Outcome(report=Report(**json.loads(report.read_text())), waves=run / f"dump.{waves}" if waves else None)


def _failure(results: Path) -> str:
    """Message of the first failure in a results file; empty if all passed."""
    if not results.exists():
        return ""
    for failure in xml.parse(results).iter():
        if failure.tag in ("failure", "error"):
            return failure.get("message") or failure.get("error_msg") or (failure.text or "failed").strip()
    return ""
