"""What `sepconv diff` found, as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.report import aligned

COLUMNS = {"cycles": "cycles", "busy": "busy", "utilisation": "lanes used", "dram_read_bytes": "DRAM read",
           "dram_write_bytes": "written"}
"""Figures of a layer that get a column, if they differ anywhere, and its heading."""


def diff_text(report: Mapping[str, Any]) -> str:
    """Settings, then run by run total, layers and units: what differs, with its change."""
    lines = [f"a: {report['a']}", f"b: {report['b']}"]
    if report["equal"]:
        return "\n".join([*lines, "no difference"])
    settings = list(_flat(report["settings"]))
    if settings:
        lines += ["", *aligned([("settings", "a", "b"), *((f"  {name}", show(found["a"]), show(found["b"]))
                                                          for name, found in settings)], left=1)]
    for side in ("a", "b"):
        lines += [f"only in {side}: {name}" for name in report[f"only_{side}"]]
    for run in report["runs"]:
        lines += ["", *([run["name"]] if run["name"] else []), *_run(run)]
    return "\n".join(lines)


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    if run["equal"]:
        yield "no difference"
        return
    if run["total"]:
        yield from _table("total", run["total"])
    columns = [name for name in COLUMNS if any(name in row for row in run["layers"])]
    rows = [row for row in run["layers"] if any(name in row for name in columns)]
    if rows:
        table = [("layer", *(cell for name in columns for cell in (f"{COLUMNS[name]} a", "b", "change")))]
        table += [(f"  {row['name']}", *(cell for name in columns for cell in _cells(row.get(name)))) for row in rows]
        yield from ("", *aligned(table, left=1))
    moved = len(run["layers"]) - len(rows)
    if moved:
        yield f"  {moved} {'layer differs' if moved == 1 else 'layers differ'} in start, end or account only"
    for side in ("a", "b"):
        if run[f"only_{side}"]:
            yield f"  layers only in {side}: {', '.join(run[f'only_{side}'])}"
    for part, title in (("in_network", "in the network"), ("units", "units")):
        if run[part]:
            yield from ("", *_table(title, run[part]))


def _table(title: str, found: Mapping[str, Any]) -> list[str]:
    rows = [(f"  {name}", *_cells(change)) for name, change in _flat(found)]
    return aligned([(title, "a", "b", "change"), *rows], left=1)


def _cells(found: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Of a figure in a and in b, and its change; points where it is the same."""
    if found is None:
        return "·", "·", "·"
    if "change" not in found:
        return show(found["a"]), show(found["b"]), ""
    relative = "" if found["relative"] is None else f" ({found['relative']:+.1%})"
    return show(found["a"]), show(found["b"]), f"{show(found['change'], sign='+')}{relative}"


def show(value: Any, sign: str = "") -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:{sign},}"
    return f"{value:{sign},.4g}" if isinstance(value, float) else str(value)


def _flat(found: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Changes with their names, those of inner tables behind the table's."""
    for name, change in found.items():
        if "a" in change and "b" in change:
            yield f"{path}{name}", change
        else:
            yield from _flat(change, f"{path}{name} ")
