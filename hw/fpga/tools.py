"""Runs the open FPGA tools: in a process of their own, with a log, a line for each milestone, and a clean end."""

import importlib.metadata
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hw.verilator import ToolError


def version(package: str) -> str:
    """Version of an installed tool by its Python package. Raises `ToolError` if it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise ToolError(f"{package} is missing: it comes with the extra `fpga`; install it, e.g."
                        " `pip install 'sepconv[fpga]'`") from None


class GaveUp(ToolError):
    """A tool was stopped, since it would not have come to an end; `found`: by what it printed."""

    def __init__(self, message: str, found: re.Match[str]) -> None:
        self.found = found
        super().__init__(message)


_running: set[subprocess.Popen] = set()


def stop_all() -> None:
    """Ends the tools that other threads run: their `run` raises `ToolError`."""
    for process in tuple(_running):
        process.kill()


def run(code: str, arguments: Sequence[str], *, title: str, log: Path, milestones: Mapping[str, str],
        hopeless: str = "") -> None:
    """Runs Python `code` with `arguments`; raises `ToolError` with the last line of the log if it fails.

    Parameters
    ----------
    title: what the lines of progress on standard error begin with
    log: file for all the tool prints
    milestones: what to report when a line of it matches the regular expression
    hopeless: regular expression of a line after which it is stopped and `GaveUp` is raised; "": none
    """
    begun = time.monotonic()
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert process.stdout is not None
    _running.add(process)
    line, reported = "", set()
    try:
        with log.open("w", buffering=1) as file:
            for line in process.stdout:
                file.write(line)
                if hopeless and (found := re.search(hopeless, line)):
                    raise GaveUp(f"{title} was given up at {found[0]}; see {log}", found)
                for pattern, message in milestones.items():
                    if message not in reported and re.search(pattern, line):
                        reported.add(message)
                        print(f"  {title}: {message} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)
        status = process.wait()
    finally:
        # An interrupt must not leave minutes of work behind.
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        _running.discard(process)
    if status:
        raise ToolError(f"{title} failed: {line.strip() or f'status {status}'}; see {log}")
