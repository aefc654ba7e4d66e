"""`sepconv diff`: what two reports of `sepconv sim` or `sepconv rtl` say differently."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from sim.cli import write_report
from sim.diff_text import diff_text
from sim.report import SCHEMA
from sim.saved_report import SETTINGS, load_reports
from sim.statuses import FAILED, OK

Changes = dict[str, Any]
"""By name: the change of a number, ``{"a", "b"}`` of anything else, or further changes."""


def run_diff(args: Namespace) -> int:
    """Both reports beside each other where they differ; `FAILED` if they do."""
    report = {"schema": SCHEMA, "a": args.a, "b": args.b} | compared(load_reports(args.a), load_reports(args.b))
    write_report(report, diff_text(report), args.json)
    return OK if report["equal"] else FAILED


def compared(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is in the reports of both and differs: settings, and of each run total, layers and units.

    Runs and layers that only one of the two has are a difference. A figure that only one of them states, such as RTL's
    cycles, is none: it can't be compared.
    """
    ours, theirs = _runs(a), _runs(b)
    if len(ours) == len(theirs) == 1:  # of two networks, or of one network and another layer
        ours, theirs = ({"": run} for run in (*ours.values(), *theirs.values()))
    settings = changes(*({name: reports[0][name] for name in SETTINGS} for reports in (a, b)))
    runs = [{"name": name} | _run(ours[name], theirs[name]) for name in ours if name in theirs]
    only_a, only_b = _apart(ours, theirs)
    equal = not (settings or only_a or only_b) and all(run["equal"] for run in runs)
    return {"equal": equal, "settings": settings, "runs": runs, "only_a": only_a, "only_b": only_b}


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Changes:
    """The entries of both that differ. `relative` is None where there was nothing before."""
    result: Changes = {}
    for name in (name for name in a if name in b):
        ours, theirs = a[name], b[name]
        if isinstance(ours, dict) and isinstance(theirs, dict):
            inner = changes(ours, theirs)
            if inner:
                result[name] = inner
        elif ours != theirs or _is_number(ours) != _is_number(theirs):
            result[name] = {"a": ours, "b": theirs}
            if _is_number(ours) and _is_number(theirs):
                result[name] |= {"change": theirs - ours, "relative": (theirs - ours) / ours if ours else None}
    return result


def _runs(reports: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The runs that reports tell of, by their layers: of each a layer or a network, and a layer's pair."""
    runs = [run for report in reports for run in (report, report.get("in_pair")) if run]
    return {_name([row["name"] for row in run.get("layers", ())]): run for run in runs}


def _name(layers: Sequence[str]) -> str:
    return " → ".join(layers) if len(layers) < 4 else f"{layers[0]} … {layers[-1]}"


def _run(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    ours, theirs = ({row["name"]: row for row in run.get("layers", ())} for run in (a, b))
    only_a, only_b = _apart(ours, theirs)
    layers = [{"name": name} | found for name in ours if name in theirs if (found := changes(ours[name], theirs[name]))]
    parts = {part: changes(a.get(part, {}), b.get(part, {})) for part in ("total", "in_network", "units")}
    return {"equal": not (only_a or only_b or layers or any(parts.values())), "layers": layers,
            "only_a": only_a, "only_b": only_b} | parts


def _apart(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    return [name for name in ours if name not in theirs], [name for name in theirs if name not in ours]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
