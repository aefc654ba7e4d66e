"""What was found, in machine-readable form (schema 1) and as a table of comma-separated values."""

import csv
import io
from typing import Any

from sim.explore.balance import balance, depthwise_share
from sim.explore.candidate import Candidate
from sim.explore.choice import rule_text
from sim.explore.flow import Exploration
from sim.explore.space import config_text
from sim.report import SCHEMA


def explore_report(found: Exploration, title: str) -> dict[str, Any]:
    """The report; `title` is the network's."""
    request = found.request
    timed = [point for point in found.candidates if point.fits and point.runs]
    return {
        "schema": SCHEMA, "network": title, **request.device.as_dict(), "clock_mhz": request.clock.mhz,
        "rule": rule_text(request.rule), "limits": _limits(found), "clock_rule": request.clock.rule,
        "area_model": {"family": request.area.family, "tools": request.area.tools,
                       "samples": len(request.area.samples), "is_old": request.area.is_old,
                       "relative_error": request.area.errors},
        "space": {"built": len(request.space.configs), "refused": dict(request.space.refused),
                  "short_of": found.short_of, "not_timed": found.not_timed},
        "depthwise_share": depthwise_share(request.network), "balance": balance(request.network, timed),
        "points": [{**point_report(point), "pareto": front}
                   for point, front in zip(found.candidates, found.front, strict=True)],
        "choice": found.choice, "route_lut": request.route_lut, "not_routed_fps": found.not_routed,
        "notes": _notes(found),
    }


def _notes(found: Exploration) -> list[str]:
    """What a reader should know of this sweep."""
    request = found.request
    notes = [request.device.memory_text[0].upper() + request.device.memory_text[1:] + "."]
    if found.not_timed:
        notes.append(f"{found.not_timed:,} more engines fit and were not timed, the less promising ones.")
    if found.not_routed is not None:
        notes.append(f"Engines of more than {request.route_lut:,} LUTs, which take long to route, were not routed:"
                     f" up to {found.not_routed:,.1f} frames a second if at {request.clock.mhz:g} MHz.")
    if request.area.is_old:
        notes.append("The engines the area is fitted to were made from earlier gateware: --fit makes them anew.")
    return notes


def _limits(found: Exploration) -> dict[str, Any]:
    limits = found.request.limits
    return {"spare_percent": limits.spare_percent, "most": limits.most, "max_mbytes": limits.max_mbytes,
            "min_fps": limits.min_frames, "room": limits.room(found.request.device.target).as_dict()}


def point_report(point: Candidate) -> dict[str, Any]:
    """A row of the report. What is not known is null: the time of an engine that was not timed."""
    runs = point.runs
    return {
        "config": point.config.as_dict(), "use": config_text(point.config),
        "cycles": point.cycles if runs else None, "clock_mhz": point.clock_mhz, "clock_is": point.clock_is,
        "frames_per_second": point.frames_per_second if runs else None,
        "utilisation": point.utilisation if runs else None,
        "dram_bytes": point.frame_bytes if runs else None,
        "dram_mbytes_per_second": point.mbytes_per_second if runs else None,
        **point.area.as_dict(), "area_is": point.area_is, "fits": point.fits and (runs or point.time is None),
        "short_of": list(shortages(point)), "short_by": shortages(point),
    }


def shortages(point: Candidate) -> dict[str, int]:
    """What is short and by how much: of the device's resources, or bytes of the engine's own memories."""
    if point.time is not None and "refusal" in point.time:
        return {**point.short_by, point.time["memory"] or "network": point.time["short"]}
    return dict(point.short_by)


COLUMNS = ("name", "pareto", "fits", "short_of", "frames_per_second", "cycles", "clock_mhz", "clock_is", "lut", "ff",
           "dsp", "bram", "area_is", "utilisation", "dram_bytes", "dram_mbytes_per_second", "use")


def explore_csv(report: dict[str, Any]) -> str:
    """A line for each point of a report."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in report["points"]:
        row = {**point, "name": point["config"]["name"], "short_of": " ".join(point["short_of"])}
        writer.writerow(["" if row[column] is None else row[column] for column in COLUMNS])
    return text.getvalue()
