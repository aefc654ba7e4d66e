"""The stall account: for each unit, what each cycle of the run was spent on (`hw.account` defines the keys).

Between two events of a unit (a start, an end, a token, a turn) all its cycles are alike but for its beats. So the
account goes from event to event, not from cycle to cycle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.account import COUNTED, KEYS, WAITS
from hw.commands import UNITS
from hw.latency import HEAD, READ_BEAT
from sim.model.beats import Beats
from sim.model.engine import ModelRun

Cycles = NDArray[np.int64]

DATAPATHS = ("depthwise", "pointwise")


class StallAccount:
    """Where the cycles of a run went: by unit, layer and key."""

    def __init__(self, run: ModelRun) -> None:
        self._cycles = run.cycles
        self._fetch = _by_layer(run, "fetch").sum(0)
        self._units = {unit: _by_layer(run, unit) for unit in UNITS}

    def units(self) -> dict[str, dict[str, int]]:
        """Cycles per unit and key; each unit's sum is the run's total."""
        return self._whole({"fetch": self._fetch} | {unit: layers.sum(0) for unit, layers in self._units.items()})

    def layer(self, number: int) -> dict[str, dict[str, int]]:
        """As `units`, of the cycles that belong to a layer: all others are idle."""
        nothing = np.zeros(len(KEYS), np.int64)
        return self._whole({"fetch": nothing} | {
            unit: layers[number] if number < len(layers) else nothing for unit, layers in self._units.items()})

    def layers(self, count: int) -> list[dict[str, dict[str, int]]]:
        """Of each of the first `count` layers: cycles per key but `idle`, of the units that worked or waited for it."""
        return [{unit: {key: int(layers[number, KEYS.index(key)]) for key in COUNTED[unit]}
                 for unit, layers in self._units.items() if number < len(layers) and layers[number].any()}
                for number in range(count)]

    def _whole(self, found: Mapping[str, Cycles]) -> dict[str, dict[str, int]]:
        named = {unit: dict(zip(KEYS, cycles.tolist(), strict=True)) for unit, cycles in found.items()}
        return {unit: cycles | {"idle": self._cycles - sum(cycles.values())} for unit, cycles in named.items()}


@dataclass(frozen=True, kw_only=True)
class _Events:
    """What happens to a unit. All in ascending order.

    Parameters
    ----------
    starts, ends: first cycle each command is under way, and the one after its last
    turns, layers: first cycle of each command's turn, and its layer
    waits: (first cycle, cycle after the last, key, layer) of each wait of a head
    beats: of its bursts; delay: cycles after which one of them counts
    """

    starts: Cycles
    ends: Cycles
    turns: Cycles
    layers: NDArray[np.intp]
    waits: Sequence[tuple[int, int, int, int]]
    beats: Beats
    delay: int


def _by_layer(run: ModelRun, unit: str) -> Cycles:
    """(layers, keys): the cycles of a unit; those of `fetch` are all in the first row."""
    events = _fetch_events(run) if unit == "fetch" else _unit_events(run, unit)
    last = max((command.layer for times in run.units.values() for command in times.commands), default=0)
    table = np.zeros((last + 1, len(KEYS)), np.int64)
    froms, untils, wait_keys, wait_layers = np.array(events.waits, np.int64).reshape(-1, 4).T
    points = np.unique(np.concatenate((events.starts, events.ends, events.turns, froms, untils)))
    cycles = np.diff(points)
    points, later = points[:-1], points[1:]

    wait = np.searchsorted(froms, points, "right") - 1
    waiting = (wait >= 0) & (points < np.append(untils, 0)[wait])
    under_way = np.searchsorted(events.starts, points, "right") > np.searchsorted(events.ends, points, "right")
    layer = events.layers[np.searchsorted(events.turns, points, "right") - 1]
    busy = events.beats.before(later - events.delay) - events.beats.before(points - events.delay)
    np.add.at(table[:, KEYS.index("busy")], layer, busy)
    if unit in DATAPATHS:
        waiting &= ~under_way
    else:
        under_way &= ~waiting
    stalled = table[:, KEYS.index("fill_drain" if unit in DATAPATHS else "bus")]
    np.add.at(stalled, layer[under_way], (cycles - busy)[under_way])
    which = wait[waiting]
    np.add.at(table.reshape(-1), wait_layers[which] * len(KEYS) + wait_keys[which], (cycles - busy)[waiting])
    if unit in DATAPATHS:  # of which only the number of busy cycles is known, not which they are
        work = np.array(run.units[unit].busy, np.int64)
        np.add.at(table[:, KEYS.index("busy")], events.layers, work)
        np.add.at(stalled, events.layers, -work)
    return table


def _unit_events(run: ModelRun, unit: str) -> _Events:
    times = run.units[unit]
    started, delay = np.array(times.started, np.int64), READ_BEAT if unit != "store" else 0
    beats = Beats(run.memory, run.bursts.get(unit, ()))
    if unit in DATAPATHS:
        done = np.array(times.done, np.int64)
    else:
        done = beats.cycles(np.cumsum(times.busy, dtype=np.int64) - 1) + delay
    turns = 1 + np.maximum(started, np.concatenate((started[:1], done[:-1])))
    return _Events(starts=started + 1, ends=np.array(times.ended, np.int64), turns=turns, beats=beats,
                   delay=delay, layers=np.array([command.layer for command in times.commands], np.intp),
                   waits=_waits(run, unit))


def _fetch_events(run: ModelRun) -> _Events:
    blocked = [(complete, delivered, KEYS.index("space"), 0)
               for complete, delivered in zip(run.fetch_complete, run.fetch_delivered, strict=True)
               if complete < delivered]
    begin = np.ones(1, np.int64)
    return _Events(starts=begin, ends=begin + run.fetch_delivered[-1], turns=begin, layers=np.zeros(1, np.intp),
                   waits=blocked, beats=Beats(run.memory, run.bursts["fetch"]), delay=READ_BEAT)


def _waits(run: ModelRun, unit: str) -> list[tuple[int, int, int, int]]:
    """The spans in which the head of the unit's queue lacks a token, by the first key that holds."""
    times = run.units[unit]
    result: list[tuple[int, int, int, int]] = []
    former = 0
    for command, delivered, started in zip(times.commands, times.delivered, times.started, strict=True):
        cycle = max(delivered, former) + HEAD
        former = started
        ends = dict.fromkeys(WAITS, 0)
        for other, count in command.waits.items():
            key = "space" if other in command.space else "weights" if other == "weights" else "data"
            ends[key] = max(ends[key], run.units[other].ended[count - 1])
        for key, end in ends.items():
            if end > cycle:
                result.append((cycle, end, KEYS.index(key), command.layer))
                cycle = end
    return result
