"""``python -m tests.cocotb_bench.run [--test NAME] [--seed N] [--config C] [--memory M] [--waves]``: the regressions.

Each test runs twice: with the DRAM's timing kept to the cycle, and with random handshakes. Exit status: 0 all
well, 1 a check did not hold, 2 the request is wrong or can't be built.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from hw.compiler.errors import CompileError
from hw.config import ConfigError
from hw.memory_timing import MemoryTimingError, parse_memory
from hw.verilator import ToolError
from tests.cocotb_bench.job import HANDSHAKES, Job
from tests.cocotb_bench.simulate import describe, repro, simulate
from tests.cocotb_bench.waves import leave_waves
from tests.support.cases import CASES, RANDOM, find_case
from tests.support.configs import find_config

DEFAULT_CONFIGS = ("tiny", "skew")
RANDOM_SEEDS = 10


class RequestError(ValueError):
    """A request that is wrong, in one line."""


def jobs_for(test: str | None, config: str, seed: int, memory: str = "") -> list[Job]:
    """Jobs of one test, or of all that fit `config`. Raises `RequestError`."""
    names = [(name, seed) for name in CASES] + [(RANDOM, seed + index) for index in range(RANDOM_SEEDS)]
    if test is not None:
        names = [(test, seed)]
    jobs = []
    try:
        found = find_config(config)
        parse_memory(memory).beat_spacing(found)
    except (ConfigError, MemoryTimingError) as error:
        raise RequestError(str(error)) from None
    if not found.retire_port:
        raise RequestError(f"configuration {config}: the bench needs retire_port=true")
    for name, case_seed in names:
        try:
            find_case(name, case_seed).program(found, case_seed)
        except KeyError as error:
            raise RequestError(error.args[0]) from None
        except CompileError as error:
            if test is not None:
                raise RequestError(f"test {name} does not fit {config}: {error}") from None
            continue
        jobs += [
            Job(case=name, config=config, seed=case_seed, memory=memory, handshake=handshake)
            for handshake in HANDSHAKES
        ]
    if not jobs:
        raise RequestError(f"no test fits {config}")
    return jobs


def run(jobs: Sequence[Job], *, waves: bool) -> int:
    """Simulates and prints a line per job; the number of failures."""
    outcomes, folder = simulate(jobs, waves=waves)
    failures = 0
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome.report is not None:
            print(f"pass  {describe(job)}: {outcome.report.cycles} cycles")
        else:
            failures += 1
            print(f"FAIL  {describe(job)}: {outcome.failure}\n      repeat with: {repro(job)}")
    if waves:
        for path in leave_waves(folder, find_config(jobs[0].config)):
            print(path)
    return failures


class Parser(argparse.ArgumentParser):
    """Wrong arguments end in one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m tests.cocotb_bench.run", allow_abbrev=False)
    parser.add_argument("--test", help=f"one of {', '.join([*CASES, RANDOM])}; default: all")
    parser.add_argument("--config", help=f"default: {' and '.join(DEFAULT_CONFIGS)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory", default="", help="timing of the DRAM, e.g. read_latency=7,bytes_per_cycle=8/3")
    parser.add_argument("--waves", action="store_true", help="leave a trace and a list of signals")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    waves = options.waves or os.environ.get("WAVES", "") not in ("", "0")
    configs = (options.config,) if options.config else DEFAULT_CONFIGS[:1] if waves else DEFAULT_CONFIGS
    try:
        if options.seed < 0:
            raise RequestError(f"seed {options.seed}: must be 0 or more")
        if waves and options.test is None:
            raise RequestError(f"a trace is of one test: name one of {', '.join([*CASES, RANDOM])}")
        planned = [jobs_for(options.test, config, options.seed, options.memory) for config in configs]
        failures = sum(run(jobs, waves=waves) for jobs in planned)
    except (RequestError, ToolError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{failures} of {sum(map(len, planned))} simulations failed"
        if failures
        else f"all {sum(map(len, planned))} simulations passed"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
