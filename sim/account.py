"""The stall account: for each unit, what each cycle of the run was spent on."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from sim.model.engine import ModelRun, UnitTimes

KEYS = ("busy", "fill_drain", "data", "weights", "space", "bus", "idle")
"""Of each cycle the first that holds:

- busy: the unit issues a vector, a window, or (on the bus) moves a beat
- fill_drain: a command is under way in a datapath, which fills, drains, or waits for its own weight tile
- data, weights, space: the next command waits for data, for weights, or for a place to be free
- bus: a transfer is under way, the bus has no beat for it
- idle: nothing to do
"""

_CODES = {key: code for code, key in enumerate(KEYS)}


def account(run: ModelRun) -> dict[str, dict[str, int]]:
    """Cycles per unit and key; each unit's sum is the run's total."""
    return {"fetch": _fetch(run), **{unit: _unit(run, unit) for unit in UNITS}}


def _unit(run: ModelRun, unit: str) -> dict[str, int]:
    times = run.units[unit]
    labels = np.full(run.cycles, _CODES["idle"], np.uint8)
    datapath = unit in ("depthwise", "pointwise")
    under_way = list(zip(times.started, times.ended, strict=True))
    if not datapath:
        _paint(labels, under_way, "bus")
    waits = _waits(run, times)
    for key in ("space", "weights", "data"):
        _paint(labels, waits[key], key)
    if datapath:
        _paint(labels, under_way, "fill_drain")
        counts = _counts(labels)
        busy = sum(times.busy)
        counts["busy"] += busy
        counts["fill_drain"] -= busy
        return counts
    return _counts(_with_beats(labels, run, unit))


def _fetch(run: ModelRun) -> dict[str, int]:
    labels = np.full(run.cycles, _CODES["idle"], np.uint8)
    _paint(labels, [(0, run.fetch_complete[-1])], "bus")
    _paint(labels, zip(run.fetch_complete, run.fetch_delivered, strict=True), "space")
    return _counts(_with_beats(labels, run, "fetch"))


def _waits(run: ModelRun, times: UnitTimes) -> dict[str, list[tuple[int, int]]]:
    """Per key, the spans in which the head of the unit's queue lacks a token of that kind."""
    result: dict[str, list[tuple[int, int]]] = {key: [] for key in ("data", "weights", "space")}
    head_from = 0
    for command, delivered, started in zip(times.commands, times.delivered, times.started, strict=True):
        head = max(delivered, head_from) + 1
        head_from = started
        for unit, count in command.waits.items():
            key = "space" if unit in command.space else "weights" if unit == "weights" else "data"
            end = run.units[unit].ended[count - 1]
            if end > head:
                result[key].append((head, end))
    return result


def _paint(labels: NDArray[np.uint8], spans: Iterable[tuple[int, int]], key: str) -> None:
    for first, last in spans:
        labels[first:last] = _CODES[key]


def _with_beats(labels: NDArray[np.uint8], run: ModelRun, unit: str) -> NDArray[np.uint8]:
    for burst in run.bursts[unit]:
        cycles = run.memory.beat_cycles(burst)
        if cycles[-1] - cycles[0] == len(cycles) - 1:  # a slice is painted many times faster
            labels[cycles[0]:cycles[-1] + 1] = _CODES["busy"]
        else:
            labels[cycles] = _CODES["busy"]
    return labels


def _counts(labels: NDArray[np.uint8]) -> dict[str, int]:
    return dict(zip(KEYS, map(int, np.bincount(labels, minlength=len(KEYS))), strict=True))
