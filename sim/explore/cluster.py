"""The sweep on a Dask scheduler's workers."""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.explore.point import Task, evaluate
from sim.explore.sweep import Result
from sim.work import RequestError


def run_on_cluster(tasks: Mapping[str, Task], address: str) -> Iterator[tuple[str, Result]]:
    """Results as they come. A worker that dies has its tasks done by others; each key is yielded once.

    The workers need this package, of the same version. Raises `RequestError` if the scheduler does not answer, or a
    task failed on several workers.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise RequestError(f"--cluster {address}: no Dask scheduler answers there: {error}") from None
    with client:
        # A key names its task on the scheduler too, so that it holds none twice.
        futures = [client.submit(evaluate, task, key=f"sepconv-{key}", pure=True) for key, task in tasks.items()]
        try:
            for future in distributed.as_completed(futures):
                if future.status != "finished":
                    raise RequestError(f"--cluster {address}: a point failed: {future.exception()}")
                yield future.key.removeprefix("sepconv-"), future.result()
                future.release()
        finally:
            client.cancel([future for future in futures if not future.done()])


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise RequestError("--cluster needs Dask: it comes with the extra `cluster`; install it, e.g."
                           " `pip install 'sepconv[cluster]'`") from None
    return distributed
