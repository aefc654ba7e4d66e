"""From a request to a choice: area of all points, time of those that fit, place and route of the best few."""

import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from golden.network import Network
from hw.config import EngineConfig
from hw.fpga.resources import Resources
from hw.fpga.routing import DoesNotFit, Routed
from sim.explore.area import AreaModel
from sim.explore.bound import datapath, most_promising
from sim.explore.cache import Cache
from sim.explore.candidate import Candidate
from sim.explore.choice import ROUTE_LUT, pareto, ranked, smaller_ones
from sim.explore.clock import Clock
from sim.explore.device import Device
from sim.explore.limits import Limits
from sim.explore.point import Task
from sim.explore.space import Space
from sim.explore.sweep import Runner, sweep

Router = Callable[[Sequence[EngineConfig]], Iterable[Routed | DoesNotFit]]
"""Places and routes engines on the device: what came of each, in their order."""

NEAR = 100
"""As many of the engines that do not fit are reported: those that are short of least."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be explored.

    Parameters
    ----------
    network, device, space: for what, on what, which engines
    area: model of the device's family; clock: of engines that are not routed
    limits, rule: what is asked, and what is best
    points: at most as many are timed; route: as many of the best are placed and routed
    route_lut: LUTs that an engine to be routed may take, if there is one so small
    """

    network: Network
    device: Device
    space: Space
    area: AreaModel
    clock: Clock
    limits: Limits
    rule: str
    points: int
    route: int
    route_lut: int = ROUTE_LUT


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What was found.

    Parameters
    ----------
    request: what was asked
    candidates: those that were timed, then those that come nearest to fitting
    front: which of them are on the Pareto front; choice: index of the best that meets the limits, None: there is none
    short_of: how many engines do not fit, by the resource they are short of; not_timed: how many fit beyond `points`
    """

    request: Request
    candidates: list[Candidate]
    front: list[bool]
    choice: int | None
    short_of: dict[str, int]
    not_timed: int

    @property
    def not_routed(self) -> float | None:
        """Most frames a second of those that were too large to be routed; None if none was, or nothing was routed, or
        all were as large."""
        most = self.request.route_lut
        usable = [self.candidates[index] for index in _usable(self.request, self.candidates)]
        routed = [point for point in usable if point.clock_is == "routed"]
        if not routed or all(point.area.lut > most for point in usable):
            return None
        return max((point.frames_per_second for point in usable if point.area.lut > most), default=None)


def for_device(config: EngineConfig, device: Device, limits: Limits) -> EngineConfig:
    """The engine with the device's own multipliers, as many as it may take; the rest is made of lookup tables."""
    own = device.target.family.multiplier
    if config.multiplier != "portable" or own is None:
        return config
    return replace(config, multiplier=own, dsp_multipliers=limits.room(device.target).dsp)


def explore(request: Request, runner: Runner, cache: Cache, router: Router | None) -> Exploration:
    """The sweep. Without a `router` nothing is placed and routed."""
    room = request.limits.room(request.device.target)
    all_of_them = [_estimated(request, config, room) for config in request.space.configs]
    holding = [point for point in all_of_them if point.fits]
    promising = most_promising(holding, request.network, request.points)
    timed = _timed(request, promising, runner, cache)
    if router is not None:
        timed = _routed(request, timed, runner, cache, router, room)
    too_large = sorted((point for point in all_of_them if not point.fits),
                       key=lambda point: max(short / max(1, getattr(room, name))
                                             for name, short in point.short_by.items()))
    candidates = [*timed, *too_large[:NEAR]]
    return Exploration(request=request, candidates=candidates, front=_front(candidates),
                       choice=_choice(request, candidates), not_timed=len(holding) - len(promising),
                       short_of=dict(Counter(name for point in too_large for name in point.short_by)))


def _estimated(request: Request, config: EngineConfig, room: Resources) -> Candidate:
    area = request.area.estimate(config)
    return Candidate(config=config, area=area, area_is="estimated", short_by=area.short_of(room),
                     clock_mhz=request.clock.mhz, clock_is="estimated")


def _timed(request: Request, candidates: Sequence[Candidate], runner: Runner, cache: Cache) -> list[Candidate]:
    """The candidates with their times at their clocks."""
    tasks = [task_of(request, point) for point in candidates]
    return [replace(point, time=time) for point, time in zip(candidates, sweep(tasks, runner, cache), strict=True)]


def task_of(request: Request, point: Candidate) -> Task:
    """The network on that engine, with the memory at its clock."""
    return Task(network=request.network, config=point.config,
                memory=request.device.memory_at(point.clock_mhz, point.config))


def _usable(request: Request, candidates: Sequence[Candidate]) -> list[int]:
    return [index for index, point in enumerate(candidates)
            if point.fits and point.runs and request.limits.met_by(point)]


def _routed(request: Request, timed: Sequence[Candidate], runner: Runner, cache: Cache, router: Router,
            room: Resources) -> list[Candidate]:
    """The candidates, those of them that are worth it placed and routed, and timed again at the clocks they reach."""
    result = list(timed)
    waiting = _worth_routing(request, timed)[:2 * request.route]
    done: list[int] = []
    while waiting and len(done) < request.route:
        tried = [waiting.pop(0) for _ in range(min(request.route - len(done), len(waiting)))]
        for index in tried:
            point = timed[index]
            print(f"  place and route of {point.config.name}: {point.frames_per_second:,.1f} frames a second, if at"
                  f" {point.clock_mhz:g} MHz ...", file=sys.stderr, flush=True)
        for index, found in zip(tried, router([timed[index].config for index in tried]), strict=True):
            if isinstance(found, DoesNotFit):
                print(f"  {found}", file=sys.stderr)
                result[index] = replace(timed[index], short_by=found.short_of)
                continue
            area = found.area.total
            result[index] = replace(timed[index], area=area, area_is="synthesised", short_by=area.short_of(room),
                                    clock_mhz=found.clock_mhz, clock_is="routed")
            if result[index].fits:
                done.append(index)
    for index, point in zip(done, _timed(request, [result[index] for index in done], runner, cache), strict=True):
        result[index] = point
    return result


def _worth_routing(request: Request, timed: Sequence[Candidate]) -> list[int]:
    """Which to route, in order: of those that are not too large, if there are such, the best, then always the best of
    those with fewer LUTs, since one that is slower and no smaller is hardly worth it; then the others.

    Their datapaths differ: engines that differ in nothing but memory reach much the same clock.
    """
    usable = _usable(request, timed)
    usable = [index for index in usable if timed[index].area.lut <= request.route_lut] or usable
    best: dict[Hashable, int] = {}
    for rank in ranked([timed[index] for index in usable], request.rule):
        best.setdefault(datapath(timed[usable[rank]].config), usable[rank])
    smaller, others = smaller_ones(list(best.values()), lambda index: timed[index].area.lut)
    return smaller + others


def _front(candidates: Sequence[Candidate]) -> list[bool]:
    indices = [index for index, point in enumerate(candidates) if point.fits and point.runs]
    on_it = dict(zip(indices, pareto([candidates[index] for index in indices]), strict=True))
    return [on_it.get(index, False) for index in range(len(candidates))]


def _choice(request: Request, candidates: Sequence[Candidate]) -> int | None:
    """Of the routed ones, if any meets the limits; else of all."""
    usable = _usable(request, candidates)
    routed = [index for index in usable if candidates[index].clock_is == "routed"]
    among = routed or usable
    order = ranked([candidates[index] for index in among], request.rule)
    return among[order[0]] if order else None
