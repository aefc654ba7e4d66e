"""What was decided for a network and why, cascade by cascade: for people and in machine-readable form."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from hw.compiler.errors import DoesNotFit
from hw.config import EngineConfig
from hw.placement import Placement
from hw.program import Program
from sim.network_run import PlannedNetwork
from sim.report import aligned
from sim.search import Choice, Trial


def decisions(planned: PlannedNetwork) -> list[dict[str, Any]]:
    """A row per cascade: its schedule, all that were tried, and the places of its tensors and weights."""
    fetched = _fetched(planned.program)
    return [{
        "layers": list(placement.layers), "stripe_rows": placement.stripe_rows,
        "input": _end(placement.source, planned.program, placement.tensors[0].tensor),
        "output": _end(placement.target, planned.program, placement.layers[-1]),
        "tried": [_trial(trial, trial.schedule == choice.schedule) for trial in choice.trials],
        "tensors": [{"name": place.tensor, "rows": place.rows, "height": place.shape[0], "bytes": place.size,
                     "groups": [place.groups.start, place.groups.stop - 1]} for place in placement.tensors],
        "weights": [{"name": place.layer, "unit": place.unit, "address": place.address, "bytes": place.size,
                     "resident": place.resident, "slots": place.slots, "slot_bytes": place.slot_bytes,
                     "fetched_bytes": fetched[place.layer]} for place in placement.weights],
    } for choice, placement in zip(planned.choices, planned.program.placements, strict=True)]


def _end(name: str | None, program: Program, tensor: str) -> dict[str, Any]:
    if name is None:
        return {"name": tensor, "in": "chip"}
    place = program.tensors.get(name, program.input)
    return {"name": tensor, "in": "dram", "address": place.address, "bytes": place.size}


def _trial(trial: Trial, chosen: bool) -> dict[str, Any]:
    row = {"stripe_rows": trial.schedule.stripe_rows, "output": "chip" if trial.schedule.keep else "dram",
           "tight": trial.schedule.tight, "piece_bytes": trial.schedule.piece_bytes, "cycles": trial.cycles,
           "timed": trial.timed, "chosen": chosen}
    if isinstance(trial.refusal, DoesNotFit):
        row |= {"memory": trial.refusal.memory, "short": trial.refusal.short}
    return row


def _fetched(program: Program) -> Mapping[str, int]:
    """Bytes of weights each layer has fetched, by its name."""
    result = dict.fromkeys(program.layers, 0)
    for command in program.commands:
        if command.unit == "weights":
            result[program.layers[command.layer]] += command.fields["beats"] * program.config.bus_bytes
    return result


def decisions_text(planned: PlannedNetwork) -> str:
    """The same for people."""
    fetched = _fetched(planned.program)
    parts = []
    for number, (choice, placement) in enumerate(zip(planned.choices, planned.program.placements, strict=True), 1):
        ends = "; ".join([_end_text("input", placement.source, placement.tensors[0].tensor, planned.program),
                          _end_text("output", placement.target, placement.layers[-1], planned.program)])
        parts.append("\n".join([
            f"cascade {number}: {' → '.join(placement.layers)}, {_rows(placement.stripe_rows)} at a time", f"  {ends}",
            "", *_tried_text(choice), "", *_places_text(placement, planned.program.config), "",
            *_weights_text(placement, fetched)]))
    return "\n\n".join(parts)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _end_text(what: str, name: str | None, tensor: str, program: Program) -> str:
    if name is None:
        return f"{what} {tensor} stays on chip"
    place = program.tensors.get(name, program.input)
    return f"{what} {tensor} in DRAM, {place.size:,} bytes at {place.address:#x}"


def _tried_text(choice: Choice) -> list[str]:
    table = [("  tried: output", "rows", "weights in pieces of", "cycles alone", "")]
    for (where, refusal), run in groupby(choice.trials, lambda trial: (_where_text(trial), _refusal_text(trial))):
        trials = list(run)
        if refusal:
            shortage = min(getattr(trial.refusal, "short", 0) for trial in trials)
            found = f"{refusal}, {shortage:,} bytes short or more" if shortage else refusal
            first, last = trials[0].schedule.stripe_rows, trials[-1].schedule.stripe_rows
            table.append((where, f"{first} to {last}" if first > last else f"{first}", "", found, ""))
            continue
        table += [(where, str(trial.schedule.stripe_rows), f"{trial.schedule.piece_bytes:,}",
                   f"{'' if trial.timed else '≥ '}{trial.cycles:,}",
                   "chosen" if trial.schedule == choice.schedule else "") for trial in trials]
    lines = aligned(table, left=1)
    if not choice.schedule.keep and any(trial.schedule.keep and trial.cycles for trial in choice.trials):
        lines.append("  not kept on chip: the next cascade would not fit beside it")
    return lines


def _where_text(trial: Trial) -> str:
    return ("  on chip" if trial.schedule.keep else "  to DRAM") + (", tight" if trial.schedule.tight else "")


def _refusal_text(trial: Trial) -> str:
    if trial.cycles is not None:
        return ""
    return f"{trial.refusal.memory} too small" if isinstance(trial.refusal, DoesNotFit) else "can't be run so"


def _places_text(placement: Placement, config: EngineConfig) -> list[str]:
    table = [("  on chip", "rows", "bytes", "bank groups")]
    for place in placement.tensors:
        first, last = place.groups.start, place.groups.stop - 1
        table.append((f"  {place.tensor}", f"{place.rows} of {place.shape[0]}", f"{place.size:,}",
                      f"{first}–{last}" if last > first else f"{first}"))
    groups = {group for place in placement.tensors for group in place.groups}
    table.append(("  together", "", f"{sum(place.size for place in placement.tensors):,}",
                  f"{len(groups)} of {config.activation_groups}"))
    return aligned(table, left=1)


def _weights_text(placement: Placement, fetched: Mapping[str, int]) -> list[str]:
    table = [("  weights", "for", "bytes", "at", "on chip", "fetched")]
    for place in placement.weights:
        where = "resident" if place.resident else f"{place.slots} × {place.slot_bytes:,}"
        table.append((f"  {place.layer}", place.unit, f"{place.size:,}", f"{place.address:#x}", where,
                      f"{fetched[place.layer]:,}"))
    return aligned(table, left=2)
