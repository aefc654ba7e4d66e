"""The Pareto front, and the rule that chooses from it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sim.explore.candidate import Candidate

Item = TypeVar("Item")

CLOSE = 0.01
"""Share of a figure of merit within which two engines are as good as each other."""

ROUTE_LUT = 26_000
"""LUTs of the largest engine to be routed. Two side by side on two cores take 22 minutes of synthesis, place and route
at 26,000 LUTs, 26 at 32,000, and more than 30 at 46,000."""

RULES: dict[str, tuple[str, Callable[[Candidate], float]]] = {
    "fps": ("most frames a second", lambda point: point.frames_per_second),
    "fps-per-dsp": ("most frames a second and multiplier", lambda point: point.frames_per_second / point.area.dsp),
    "fps-per-lut": ("most frames a second and LUT", lambda point: point.frames_per_second / point.area.lut),
    "lut": ("fewest LUTs", lambda point: 1 / point.area.lut),
    "bram": ("fewest memory blocks", lambda point: 1 / point.area.bram),
    "mbytes": ("least DRAM traffic a frame", lambda point: 1 / point.frame_bytes),
}
"""What is to be largest, by the rule's name."""


def ranked(candidates: Sequence[Candidate], rule: str) -> list[int]:
    """Indices of the candidates, best first. Of those within `CLOSE` of the best, the one with fewest LUTs leads."""
    merit = [RULES[rule][1](candidate) for candidate in candidates]
    order = sorted(range(len(candidates)), key=lambda index: (-merit[index], candidates[index].area.lut))
    if not order:
        return []
    close = [index for index in order if merit[index] >= (1 - CLOSE) * merit[order[0]]]
    best = min(close, key=lambda index: (candidates[index].area.lut, candidates[index].area.bram, -merit[index]))
    return [best, *(index for index in order if index != best)]


def rule_text(rule: str) -> str:
    """The rule in words."""
    return f"{RULES[rule][0]}; of those within {CLOSE:.0%} of it, fewest LUTs"


def smaller_ones(order: Sequence[Item], lut: Callable[[Item], int]) -> tuple[list[Item], list[Item]]:
    """Of items, best first: those with fewer LUTs than all before them, and the others."""
    smaller: list[Item] = []
    others: list[Item] = []
    for item in order:
        (smaller if not smaller or lut(item) < lut(smaller[-1]) else others).append(item)
    return smaller, others


def pareto(candidates: Sequence[Candidate]) -> list[bool]:
    """Whether each is on the front: none is at least as good in all of frames a second, multipliers, LUTs, memory
    blocks and DRAM bytes a second, and better in one. Of equals the first is."""
    costs = [_costs(candidate) for candidate in candidates]
    order = sorted(range(len(costs)), key=lambda index: (costs[index], index))
    front: list[int] = []
    for index in order:  # what dominates a point comes before it in this order
        if not any(all(mine <= its for mine, its in zip(costs[other], costs[index], strict=True)) for other in front):
            front.append(index)
    return [index in set(front) for index in range(len(costs))]


def _costs(candidate: Candidate) -> tuple[float, ...]:
    area = candidate.area
    return -candidate.frames_per_second, area.dsp, area.lut, area.bram, candidate.mbytes_per_second
