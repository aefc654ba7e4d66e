"""Reports of `sepconv sim` and `sepconv rtl` that were saved with `--json`."""

import json
from pathlib import Path
from typing import Any

from golden.files import read_bytes
from sim.report import SCHEMA
from sim.work import RequestError

LARGEST = 64 << 20
"""Bytes of the longest report that is read: more than any network's."""

SETTINGS = {"network": str, "config": dict, "memory": dict, "clock_mhz": int | float}


def load_reports(path: str) -> list[dict[str, Any]]:
    """The report in the file, or the several of a command with more than one LAYER.

    What they hold is checked as far as `sepconv diff` and `sepconv plot` rely on it. Raises `RequestError`, or
    `ModelError` for a file that can't be read.
    """
    try:
        report = json.loads(read_bytes(Path(path), LARGEST))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path}: not JSON: {error}") from None
    if not isinstance(report, dict) or "schema" not in report:
        raise RequestError(f"{path}: not a report of sepconv sim or rtl: it has no schema")
    if report["schema"] != SCHEMA:
        raise RequestError(f"{path}: schema {report['schema']!r}: only {SCHEMA} is known")
    reports = report.get("reports", [report])
    missing = next(filter(None, map(_missing, reports)), "") if isinstance(reports, list) and reports else "no reports"
    if missing:
        raise RequestError(f"{path}: not a report of sepconv sim or rtl: {missing}")
    return reports


def _missing(report: Any) -> str:
    """What a report lacks; empty if nothing."""
    if not isinstance(report, dict):
        return "a report must be an object"
    for name, kind in SETTINGS.items():
        if not isinstance(report.get(name), kind):
            return f"no {name}"
    if "in_network" in report and not _named([report["in_network"]]):
        return "in_network without a name"
    return _missing_of_run(report) or ("in_pair" in report and _missing_of_run(report["in_pair"])) or ""


def _missing_of_run(run: Any) -> str:
    total = run.get("total") if isinstance(run, dict) else None
    if not isinstance(total, dict) or type(total.get("cycles")) is not int or total["cycles"] <= 0:
        return "no cycles in total"
    if not _named(run.get("layers", [])):
        return "layers without names"
    units = run.get("units", {})
    if not isinstance(units, dict) or not all(isinstance(account, dict) for account in units.values()):
        return "no account in units"
    return ""


def _named(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows)
