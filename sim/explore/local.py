"""The sweep on this machine: a pool of processes."""

import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from hw.compiler.shared import compiled_for
from sim.explore.point import Task, evaluate_alike
from sim.explore.sweep import Result
from sim.work import RequestError


def run_locally(tasks: Mapping[str, Task], jobs: int | None = None) -> Iterator[tuple[str, Result]]:
    """Results as they come, from `jobs` processes (one for each core). Raises `RequestError` if one was killed."""
    groups = _alike(tasks)
    jobs = min(jobs or os.cpu_count() or 1, len(groups))
    if jobs == 1:
        for keys in groups:
            yield from zip(keys, evaluate_alike([tasks[key] for key in keys]), strict=True)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=signal.signal,
                               initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        futures = {pool.submit(evaluate_alike, [tasks[key] for key in keys]): keys for keys in groups}
        for future in as_completed(futures):
            yield from zip(futures[future], future.result(), strict=True)
    except BrokenProcessPool:
        raise RequestError("a process of the sweep was killed (out of memory?): what is timed is kept, the same command"
                           " goes on from there; --jobs 1 takes least memory") from None
    finally:
        # On an interrupt, what has not begun never begins; what has is soon done.
        pool.shutdown(wait=True, cancel_futures=True)


def _alike(tasks: Mapping[str, Task]) -> list[list[str]]:
    """Keys of tasks with programs in common; the largest groups first, so that no process is left with one at last."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for key, task in tasks.items():
        groups[compiled_for(task.config)].append(key)
    return sorted(groups.values(), key=len, reverse=True)
