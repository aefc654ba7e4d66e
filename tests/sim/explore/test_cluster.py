"""The sweep on a Dask scheduler, with a worker that dies."""

import os
import signal
from pathlib import Path

import pytest

from hw.config import load_config
from hw.memory_timing import MemoryTiming
from sim.explore.cache import Cache, key_of
from sim.explore.cluster import run_on_cluster
from sim.explore.point import Task, evaluate
from sim.explore.sweep import sweep
from sim.work import RequestError
from tests.sim.explore.made_up import NETWORK

TASKS = [Task(network=NETWORK, config=load_config(f"small,max_outstanding={bursts},queue_depth={depth}"),
              memory=MemoryTiming()) for bursts in (2, 4, 8, 16) for depth in (2, 4, 8)]


@pytest.mark.full
@pytest.mark.filterwarnings("default")  # Dask's own, as it ends
def test_a_worker_dies_and_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    stored: list[str] = []

    class Watched(Cache):
        def store(self, key: str, result: dict) -> None:
            stored.append(key)
            super().store(key, result)
            if len(stored) == 2:
                pids = client.run(os.getpid)
                os.kill(next(iter(pids.values())), signal.SIGKILL)

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local, \
            distributed.Client(local) as client:
        found = sweep(TASKS, lambda tasks: run_on_cluster(tasks, local.scheduler_address), Watched(tmp_path))
    assert sorted(stored) == sorted(map(key_of, TASKS))
    assert found == [evaluate(task) for task in TASKS]


def test_no_scheduler() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(RequestError, match="--cluster nowhere: no Dask scheduler answers there"):
        next(run_on_cluster({"key": TASKS[0]}, "nowhere"))
