"""The sweep on this machine: a pool of processes."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from sim.explore.point import Task, evaluate
from sim.explore.sweep import Result
from sim.work import RequestError


def run_locally(tasks: Mapping[str, Task], jobs: int | None = None) -> Iterator[tuple[str, Result]]:
    """Results as they come, from `jobs` processes (one for each core). Raises `RequestError` if one was killed."""
    jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    if jobs == 1:
        yield from ((key, evaluate(task)) for key, task in tasks.items())
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=signal.signal,
                               initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        futures = {pool.submit(evaluate, task): key for key, task in tasks.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise RequestError("a process of the sweep was killed (out of memory?): what is timed is kept, the same command"
                           " goes on from there; --jobs 1 takes least memory") from None
    finally:
        # On an interrupt, what has not begun never begins; what has is soon done.
        pool.shutdown(wait=True, cancel_futures=True)
