"""`--trace`: runs as a file in the Trace Event Format, for ui.perfetto.dev and chrome://tracing.

A run is a process, a unit a thread of it. Commands of a unit may overlap, slices of a thread may not (Perfetto drops
them), so a unit has further threads as far as its commands overlap. A clock cycle is shown as 1 µs: all times are
integers, those of the reports. The format: docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np

from hw.commands import BLOCK_BYTES, UNITS
from hw.disassembly import summary, tokens
from sim.timeline import USERS, Timeline, waits

POINTS = 2000
"""At most as many points has the counter of the bus."""

Event = dict[str, Any]


def events(process: int, title: str, timeline: Timeline) -> Iterator[Event]:
    """All events of a run: names, a slice for each command and each wait, the bus over time."""
    yield {"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": title}}
    yield {"ph": "M", "name": "process_sort_index", "pid": process, "tid": 0, "args": {"sort_index": process}}
    threads = count(1)
    for unit, slices in (("fetch", _fetched(timeline)), *((unit, _slices(timeline, unit)) for unit in UNITS)):
        rows: list[int] = []
        placed: list[tuple[int, Event]] = []
        for event in slices:
            row = next((row for row, free in enumerate(rows) if free <= event["ts"]), len(rows))
            rows[row:row + 1] = [event["ts"] + event["dur"]]
            placed.append((row, event))
        identifiers = [next(threads) for _ in rows or [0]]
        for row, thread in enumerate(identifiers):
            name = f"{unit} ({row + 1})" if row else unit
            yield {"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": {"name": name}}
            yield {"ph": "M", "name": "thread_sort_index", "pid": process, "tid": thread,
                   "args": {"sort_index": thread}}
        for row, event in placed:
            yield event | {"pid": process, "tid": identifiers[row]}
    yield from ({"pid": process, "tid": 0} | event for event in _bus(timeline))


def _slices(timeline: Timeline, unit: str) -> list[Event]:
    """The commands of a unit and its waits, by their start."""
    result = [_slice(timeline.program.layers[command.layer], "command", start, end,
                     {"command": f"{unit} {number}", "does": summary(command), "waits for": tokens(command)})
              for number, (command, start, end) in enumerate(timeline.commands(unit))]
    result += [_slice(f"waits for {wait.key}", "wait", wait.start, wait.end, {"token": f"{wait.unit} {wait.count}"})
               for wait in waits(timeline, unit)]
    return sorted(result, key=lambda event: event["ts"])


def _fetched(timeline: Timeline) -> Iterator[Event]:
    """The blocks of the program, from the first beat of each to its last."""
    program, beats = timeline.program, timeline.beats["fetch"]
    size = BLOCK_BYTES // program.config.bus_bytes
    numbers = {unit: count() for unit in UNITS}
    for index, first in enumerate(range(0, len(beats), size)):
        name, arguments = "header", {}
        if index:
            command = program.commands[index - 1]
            name = program.layers[command.layer]
            arguments = {"command": f"{command.unit} {next(numbers[command.unit])}"}
        yield _slice(name, "fetch", beats[first], beats[first + size - 1] + 1, arguments)


def _slice(name: str, category: str, start: int, end: int, arguments: Mapping[str, Any]) -> Event:
    return {"ph": "X", "name": name, "cat": category, "ts": start, "dur": end - start, "args": dict(arguments)}


def _bus(timeline: Timeline) -> Iterator[Event]:
    """Bytes a cycle each user moves, on average over a power of two of cycles."""
    width = 1
    while timeline.cycles > POINTS * width:
        width *= 2
    first = np.arange(0, timeline.cycles, width)
    cycles = np.minimum(width, timeline.cycles - first)
    moved = {user: np.bincount(np.array(timeline.beats[user], int) // width, minlength=len(first))
             * timeline.program.config.bus_bytes / cycles for user in USERS}
    for index, start in enumerate(first):
        yield {"ph": "C", "name": "bus, bytes a cycle", "ts": int(start),
               "args": {user: float(moved[user][index]) for user in USERS}}
    yield {"ph": "C", "name": "bus, bytes a cycle", "ts": timeline.cycles, "args": dict.fromkeys(USERS, 0)}
