"""The report to look at: one file, which needs nothing else and no network."""

import json
from pathlib import Path
from typing import Any

from sim.explore.flow import Exploration
from sim.work import RequestError

PAGE = Path(__file__).parent / "page"


def explore_html(found: Exploration, report: dict[str, Any]) -> str:
    """The page of a report, with the plotting library in it. Raises `RequestError` if that is not installed."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise RequestError("--html needs plotly: it comes with the extra `explore`; install it, e.g."
                           " `pip install 'sepconv[explore]'`") from None
    parts = {"title": f"{report['network']} on {report['target_title']}", "style": _file("page.css"),
             "data": _data(found, report), "plotly": get_plotlyjs(), "figures": _file("figures.js"),
             "script": _file("page.js")}
    page = _file("page.html")
    for name, text in parts.items():
        head, tail = page.split(f"@{name}@")
        page = head + text + tail
    return page


def _file(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _data(found: Exploration, report: dict[str, Any]) -> str:
    """Report, layers, and of each point that runs what is drawn of it."""
    times = [point.time for point in found.candidates if point.time is not None and point.runs]
    layers = [{key: row[key] for key in ("name", "unit", "macs")} for row in (times[0]["layers"] if times else ())]
    details = [{"utilisation": [round(row["utilisation"], 4) for row in point.time["layers"]],
                "units": point.time["units"], "spans": point.time["spans"]}
               if point.time is not None and point.runs else None for point in found.candidates]
    text = json.dumps({"report": report, "layers": layers, "details": details}, separators=(",", ":"))
    return text.replace("</", "<\\/")
