"""The sweep: each task once, in whatever order they come back, kept as they come."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sim.explore.cache import Cache, key_of
from sim.explore.point import Task

Result = dict[str, Any]

Runner = Callable[[Mapping[str, Task]], Iterator[tuple[str, Result]]]
"""Works out tasks given by key; yields each key once with its result."""


def sweep(tasks: Iterable[Task], runner: Runner, cache: Cache) -> list[Result]:
    """The tasks' results, in their order: from the cache, the rest by `runner`. What is interrupted goes on later."""
    keyed = [(key_of(task), task) for task in tasks]
    results = {key: found for key, _ in keyed if (found := cache.load(key)) is not None}
    missing = {key: task for key, task in keyed if key not in results}
    progress = Progress(len(missing), known=len(results))
    try:
        for key, result in runner(missing) if missing else ():
            cache.store(key, result)
            results[key] = result
            progress.step()
    except KeyboardInterrupt:
        print(f"  {progress.done} of {progress.total} points timed are kept: the same command goes on from there",
              file=sys.stderr, flush=True)
        raise
    return [results[key] for key, _ in keyed]


class Progress:
    """A line on standard error every few seconds: how many points are timed, and how long the rest will take."""

    INTERVAL = 5.0

    def __init__(self, total: int, *, known: int) -> None:
        self.total, self.done = total, 0
        self._begun = self._said = time.monotonic()
        if total:
            print(f"  timing {total} points{f' ({known} known from before)' if known else ''} ...", file=sys.stderr,
                  flush=True)

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        now = time.monotonic()
        if self.done < self.total and now - self._said < self.INTERVAL:
            return
        self._said = now
        left = (now - self._begun) / self.done * (self.total - self.done)
        print(f"  {self.done} of {self.total} points timed, {left:.0f} s to go", file=sys.stderr, flush=True)
