"""`sepconv plot`: roofline and stall account of a run as pictures."""

import hashlib
import json
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hw.config import ConfigError, EngineConfig
from sim.saved_report import load_reports
from sim.sim_commands import sim_report
from sim.statuses import OK
from sim.work import RequestError

ENDING = ".json"
"""Of saved reports, which tells them from layers."""

FIGURES = ("macs", "cycles", "dram_read_bytes", "dram_write_bytes")
"""What the roofline shows of a layer and of all together."""


def run_plot(args: Namespace) -> int:
    """Pictures of what `sepconv sim` reports for the same words, or of saved reports."""
    try:
        from sim.plots.roofline import roofline
        from sim.plots.style import save, style
        from sim.plots.utilisation import utilisation
    except ModuleNotFoundError as error:
        raise RequestError(f"sepconv plot needs {error.name}: pip install 'sepconv[plot]'") from None

    for name, reports in _reports(args):
        directory = Path(args.out) if args.out else Path("build") / "plot" / _digest(reports)
        for report in reports:
            config, rate = _engine(name, report)
            for layers, run in _runs(name, report):
                title = f"{layers or report['network']} on {config.name}, {rate:g} bytes a cycle"
                with style():
                    figures = {"roofline": roofline(title, run, config, rate)}
                    if "units" in run:
                        figures["utilisation"] = utilisation(title, run, config)
                    for kind, figure in figures.items():
                        try:
                            paths = save(figure, directory, f"{_stem(name, layers)}-{kind}")
                        except OSError as error:
                            raise RequestError(f"--out {directory}: {error.strerror}") from None
                        print(*paths, sep="\n")
    return OK


def _reports(args: Namespace) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Reports by the name of their file, or of the network."""
    saved = [name for name in args.layers if name.endswith(ENDING)]
    if saved and saved != args.layers:
        other = next(name for name in args.layers if name not in saved)
        raise RequestError(f"{saved[0]} beside {other}: give layers or reports, not both")
    if not saved:
        report, _ = sim_report(args)
        reports = report.get("reports", [report])
        yield reports[0]["network"], reports
    for path in saved:
        yield path, load_reports(path)


def _runs(name: str, report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The runs of a report with the names of their layers, none for a network. Raises `RequestError`."""
    several = "in_pair" in report or "in_network" in report
    for run in (report, *([report["in_pair"]] if "in_pair" in report else [])):
        for row in (*run.get("layers", []), run["total"]):
            absent = [figure for figure in FIGURES if type(row.get(figure)) is not int]
            if absent:
                raise RequestError(f"{name}: {row.get('name', 'total')} has no {absent[0]}")
        if not run.get("layers"):
            raise RequestError(f"{name}: no layers to plot")
        yield " → ".join(row["name"] for row in run["layers"]) if several else "", run


def _engine(name: str, report: Mapping[str, Any]) -> tuple[EngineConfig, float]:
    """The engine a report is of, and the bytes its memory moves in a cycle."""
    try:
        config = EngineConfig(**report["config"])
        return config, float(report["memory"].get("bytes_per_cycle") or config.bus_bytes)
    except (ConfigError, TypeError, ValueError) as error:
        raise RequestError(f"{name}: {error}") from None


def _stem(name: str, layers: str) -> str:
    """Beginning of the files' names."""
    words = layers or Path(name).name.removesuffix(ENDING)
    return re.sub(r"[^\w.]+", "-", words).strip("-")


def _digest(reports: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(reports).encode()).hexdigest()[:16]
