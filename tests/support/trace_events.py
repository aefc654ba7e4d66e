"""Checks a file in the Trace Event Format, as far as this project uses it."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

KEYS = {"M": {"name", "pid", "tid", "args"}, "X": {"name", "cat", "ts", "dur", "pid", "tid", "args"},
        "C": {"name", "ts", "pid", "tid", "args"}}
"""Of each kind of event: metadata, complete, counter."""

METADATA = {"process_name": ("name", str), "process_sort_index": ("sort_index", int),
            "thread_name": ("name", str), "thread_sort_index": ("sort_index", int)}


def violations(trace: dict[str, Any]) -> list[str]:
    """What is wrong with a trace, a line each."""
    found = [] if trace.get("displayTimeUnit") in ("ms", "ns") else ["displayTimeUnit must be ms or ns"]
    named: dict[str, set[Any]] = defaultdict(set)
    spans: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for index, event in enumerate(trace["traceEvents"]):
        kind = event.get("ph")
        if kind not in KEYS or event.keys() - {"ph"} != KEYS[kind]:
            found.append(f"event {index}: wrong keys for {kind}: {sorted(event)}")
            continue
        times = [event[key] for key in ("ts", "dur") if key in event]
        if not all(isinstance(value, int) and value >= 0 for value in (*times, event["pid"], event["tid"])):
            found.append(f"event {index}: times and identifiers must be natural numbers: {event}")
            continue
        thread = (event["pid"], event["tid"])
        if kind == "M":
            key, wanted = METADATA[event["name"]]
            if not isinstance(event["args"].get(key), wanted):
                found.append(f"event {index}: {event['name']} without {key}")
            named[event["name"]].add(event["pid"] if event["name"].startswith("process") else thread)
        elif kind == "C" and not all(isinstance(value, int | float) for value in event["args"].values()):
            found.append(f"event {index}: a counter's values must be numbers")
        elif kind == "X":
            spans[thread].append((event["ts"], event["ts"] + event["dur"]))
    for thread, taken in spans.items():
        if thread not in named["thread_name"] or thread[0] not in named["process_name"]:
            found.append(f"thread {thread} has no name")
        taken.sort()
        found += [f"thread {thread}: slices {one} and {other} overlap"
                  for one, other in pairwise(taken) if other[0] < one[1]]
    return found
