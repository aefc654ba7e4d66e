"""`sepconv explore`: which engine for a network and a device."""

import functools
import os
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hw.config import EngineConfig, load_config
from hw.fpga.routing import DoesNotFit, Routed, place_and_route
from hw.fpga.synthesis import synthesise
from hw.fpga.targets import Target
from hw.fpga.tools import stop_all
from hw.verilator import ToolError
from sim.cli import write_report
from sim.explore.area import DATA, AreaModel, load_area_model
from sim.explore.axes import AXES
from sim.explore.cache import Cache
from sim.explore.clock import estimated_clock
from sim.explore.cluster import run_on_cluster
from sim.explore.device import find_device
from sim.explore.fit import fit_area, lut_multiplier, sample_configs
from sim.explore.flow import Request, Router, explore, for_device, task_of
from sim.explore.html import explore_html
from sim.explore.limits import Limits
from sim.explore.local import run_locally
from sim.explore.point import check
from sim.explore.report import explore_csv, explore_report
from sim.explore.space import design_space
from sim.explore.sweep import Runner
from sim.explore.text import explore_text
from sim.statuses import FAILED, OK
from sim.work import RequestError, open_source


def run_explore(args: Namespace) -> int:
    """Sweep, front, choice; status 1 if nothing fits that meets the limits."""
    try:
        return _explore(args)
    except ToolError as error:
        raise RequestError(str(error)) from None


def _explore(args: Namespace) -> int:
    if args.no_pnr and args.route:
        raise RequestError(f"--route {args.route}: contradicts --no-pnr; leave one of the two out")
    if args.route is not None and args.route < 0:
        raise RequestError(f"--route {args.route}: must be at least 0")
    for flag in ("points", "jobs", "route-lut"):
        value = getattr(args, flag.replace("-", "_"))
        if value is not None and value < 1:
            raise RequestError(f"--{flag} {value}: must be at least 1")
    _check_writable(args.json, args.csv, args.html)
    device = find_device(args.target, args.board, args.memory)
    limits = _limits(args)
    source = open_source(name=args.network, alpha=args.alpha, resolution=args.resolution, model=args.model,
                         calibration=args.calibrate or ())
    source.whole()  # says at once what no engine runs
    values = {name: axis.values if (text := getattr(args, name)) is None else axis.parse(text)
              for name, axis in AXES.items()}
    base = for_device(load_config(args.config), device, limits)
    request = Request(
        network=source.network, device=device, area=_area_model(device.target, fit=args.fit),
        space=design_space(values, base), limits=limits,
        clock=estimated_clock(device.target, args.clock_mhz), rule=args.choose, points=args.points,
        route=0 if args.no_pnr else 2 if args.route is None else args.route, route_lut=args.route_lut)
    found = explore(request, _runner(args), Cache(), _router(args, request))
    if found.choice is not None:
        check(task_of(request, found.candidates[found.choice]))
    report = explore_report(found, source.title)
    if args.csv:
        _write(args.csv, explore_csv(report))
    if args.html:
        _write(args.html, explore_html(found, report))
    write_report(report, explore_text(report), args.json)
    return OK if found.choice is not None else FAILED


def _area_model(target: Target, *, fit: bool) -> AreaModel:
    family = target.family.name
    if not fit:
        return load_area_model(family)
    samples = list(sample_configs(target.family.multiplier))
    return fit_area(family, samples, functools.partial(synthesise, target=target), lut_multiplier(target),
                    DATA / f"{family}.json")


def _limits(args: Namespace) -> Limits:
    most = {name: getattr(args, f"max_{name}") for name in ("lut", "ff", "dsp", "bram")}
    return Limits(most={name: value for name, value in most.items() if value is not None}, spare_percent=args.spare,
                  max_mbytes=args.max_mbytes, min_frames=args.min_fps)


def _runner(args: Namespace) -> Runner:
    if args.cluster:
        return functools.partial(run_on_cluster, address=args.cluster)
    return functools.partial(run_locally, jobs=args.jobs)


def _router(args: Namespace, request: Request) -> Router | None:
    target = request.device.target
    if request.route == 0 or target.family.router is None:
        return None
    return functools.partial(_route_all, target=target, seed=args.seed, jobs=args.jobs or os.cpu_count() or 1)


def _route_all(configs: Sequence[EngineConfig], *, target: Target, seed: int, jobs: int) -> list[Routed | DoesNotFit]:
    """Places and routes `jobs` engines at a time; each is a process of its own. Raises `ToolError`."""
    def route(config: EngineConfig) -> Routed | DoesNotFit:
        try:
            return place_and_route(config, target, seed)
        except DoesNotFit as error:
            return error

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(route, configs))
        except BaseException:
            stop_all()  # else the pool would wait for the others
            raise


def _check_writable(*paths: str | None) -> None:
    """Says at once, not after minutes, where no file can be. Raises `RequestError`."""
    for path in paths:
        if path and path != "-" and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
            raise RequestError(f"{path}: no file can be written there: {Path(path).absolute().parent} must be a folder,"
                               " and the name that of a file")


def _write(path: str, text: str) -> None:
    """A file, whole or not at all."""
    part = Path(f"{path}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from None

