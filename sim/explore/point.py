"""One point of the sweep: an engine's time on the exact model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from golden.network import Network
from hw.compiler.cascade import compile_cascades
from hw.compiler.errors import CompileError, DoesNotFit
from hw.compiler.shared import SharedPrograms
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from sim.model.engine import ModelRun
from sim.network_run import PlannedNetwork, plan_network
from sim.report import run_report
from sim.search import Compiler
from sim.work import Source


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a worker gets: all that a point's time follows from."""

    network: Network
    config: EngineConfig
    memory: MemoryTiming


def evaluate_alike(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """`evaluate` of each, which takes less time together if their engines are `compiled_for` the same."""
    programs = SharedPrograms()
    return [evaluate(task, programs) for task in tasks]


def evaluate(task: Task, compiler: Compiler = compile_cascades) -> dict[str, Any]:
    """The network's time with the best schedule for this engine and memory, as a report holds it.

    `spans` are, per unit, [layer, start, end] of the cycles each layer's commands are under way in. An engine that
    can't hold the network gives ``{"refusal": why, "memory": which, "short": bytes}``.
    """
    try:
        planned = _plan(task, compiler, proven=False)
    except DoesNotFit as error:
        return {"refusal": str(error), "memory": error.memory, "short": error.short}
    except CompileError as error:
        return {"refusal": str(error), "memory": "", "short": 0}
    report = run_report(planned.specs, planned.run, task.config, clock_mhz=1.0)
    del report["total"]["frames_per_second"]  # which is the clock's
    return {**report, "spans": _spans(planned.run)}


def check(task: Task) -> None:
    """Raises `ProofError` unless the program that was timed is safe."""
    _plan(task, compile_cascades, proven=True)


def _plan(task: Task, compiler: Compiler, *, proven: bool) -> PlannedNetwork:
    return plan_network(Source(title="", network=task.network), task.config, task.memory, proven=proven,
                        compiler=compiler)


def _spans(run: ModelRun) -> dict[str, list[list[int]]]:
    result: dict[str, list[list[int]]] = {}
    for unit, times in run.units.items():
        spans: dict[int, list[int]] = {}
        for command, start, end in zip(times.commands, times.started, times.ended, strict=True):
            first, last = spans.get(command.layer, [start, end])
            spans[command.layer] = [min(first, start), max(last, end)]
        result[unit] = [[layer, *span] for layer, span in spans.items()]
    return result
