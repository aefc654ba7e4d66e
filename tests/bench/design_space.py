"""How fast a design space is searched: the timing of one compiled program, and whole networks on one engine each."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product

from golden.networks import mobilenet_v1
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.engine import run_model
from sim.network_run import plan_network
from sim.work import Source

ROUNDS = 5
POINTS = [replace(PRESETS["pe256"], dw_channels=channels, queue_depth=depth, max_outstanding=bursts)
          for channels, depth, bursts in product((2, 4), (2, 4, 8), (4, 8))]


@dataclass(frozen=True)
class Rate:
    """What was measured, as text, and the bar it is held against."""

    what: str
    found: str
    bar: str


def measure() -> Iterator[Rate]:
    """Each as it is done."""
    program = plan_network(_source(1.0, 224), PRESETS["pe256"], MemoryTiming()).program
    least = min(_seconds_of_timing(program) for _ in range(ROUNDS))
    yield Rate("timing of MobileNetV1 1.0-224, once compiled", f"{least:.3f} s", "≤ 0.2 s")
    for alpha, resolution in ((0.25, 96), (1.0, 224)):
        found = f"{_points_a_minute(alpha, resolution):,.0f} a minute"
        yield Rate(f"MobileNetV1 {alpha:g}-{resolution} planned, compiled and timed, an engine each", found, "≥ 100")


def _source(alpha: float, resolution: int) -> Source:
    return Source(title="", network=mobilenet_v1(alpha, resolution))


def _seconds_of_timing(program: Program) -> float:
    start = time.perf_counter()
    run_model(program, MemoryTiming())
    return time.perf_counter() - start


def _points_a_minute(alpha: float, resolution: int) -> float:
    """On all cores, the start of their processes included."""
    start = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_plan, [(alpha, resolution, config) for config in POINTS]))
    return 60 * len(POINTS) / (time.perf_counter() - start)


def _plan(point: tuple[float, int, EngineConfig]) -> int:
    alpha, resolution, config = point
    return plan_network(_source(alpha, resolution), config, MemoryTiming()).run.cycles
