"""`sepconv fpga`: a configuration on a device; resources by block, clock, and the path that holds it back."""

from argparse import Namespace
from typing import Any

from hw.config import EngineConfig, load_config
from hw.fpga.fitting import for_target
from hw.fpga.resources import NAMES, Resources
from hw.fpga.routing import DoesNotFit, Estimated, Routed, Step, estimate, place_and_route
from hw.fpga.synthesis import Area, synthesise
from hw.fpga.targets import Target, find_target
from hw.verilator import ToolError
from sim.cli import write_report
from sim.report import aligned
from sim.statuses import FAILED, OK
from sim.work import RequestError


def run_fpga(args: Namespace) -> int:
    """Synthesis, and place and route if the device holds the engine."""
    if args.seeds < 1:
        raise RequestError(f"--seeds {args.seeds}: must be at least 1")
    config, target = load_config(args.config), find_target(args.target)
    if not args.portable:
        config = for_target(config, target)
    try:
        area = synthesise(config, target)
        short_of = area.total.short_of(target.resources)
        wanted = not short_of and not args.no_route
        runs = []
        if wanted and target.family.router:
            runs, short_of = _runs(config, target, args.seeds)
        estimated = estimate(config, target) if wanted else None
    except ToolError as error:
        raise RequestError(str(error)) from None
    report = {"schema": 1, "config": config.as_dict(), "target": target.name, "fits": not short_of,
              "short_of": short_of, "available": target.resources.as_dict(), **area.as_dict(),
              "runs": [_run_report(run) for run in runs] or _estimate_report(estimated)}
    lines = [f"{config.name} on {target.title}, speed grade {target.speed_grade}", "", *area_lines(area, target), ""]
    if short_of:
        lines.append("  does not fit: short of " + ", ".join(f"{amount:,} {name}" for name, amount in short_of.items()))
    else:
        lines.append("  fits" + "".join(f"; seed {run.seed}: {run.clock_mhz:.1f} MHz" for run in runs))
    if estimated is not None:
        lines.append(f"  clock estimated: {estimated.clock_mhz:.1f} MHz = {estimated.rule}, {estimated.levels} levels;"
                     " there is no open place and route for this device")
    if runs:
        best = max(runs, key=lambda run: run.clock_mhz)
        lines += ["", f"  critical path of seed {best.seed}, {_delay(best.critical_path):.2f} ns:",
                  *path_lines(best.critical_path)]
    write_report(report, "\n".join(lines), args.json)
    return FAILED if short_of else OK


def _runs(config: EngineConfig, target: Target, seeds: int) -> tuple[list[Routed], dict[str, int]]:
    """What was routed, and what is short if nothing was. Raises `ToolError`."""
    runs, short_of = [], {}
    for seed in range(1, seeds + 1):
        try:
            runs.append(place_and_route(config, target, seed))
        except DoesNotFit as error:
            short_of = error.short_of
    return runs, {} if runs else short_of


def area_lines(area: Area, target: Target) -> list[str]:
    """Table of resources by block, their sum, and what the device has."""
    table = [("block", "LUT", "FF", "DSP", "BRAM")]
    table += [(name, *_amounts(part)) for name, part in area.blocks.items()]
    table += [("total", *_amounts(area.total)), (target.name, *_amounts(target.resources))]
    table.append(("used", *(f"{getattr(area.total, name) / max(1, getattr(target.resources, name)):.0%}"
                            for name in NAMES)))
    return aligned(table, left=1)


def path_lines(path: tuple[Step, ...]) -> list[str]:
    """A path, a line for each register, cell or net on it: steps that end in the same signal are added up."""
    table: list[tuple[str, ...]] = []
    since, delay = 0.0, 0.0
    for index, step in enumerate(path):
        since, delay = since + step.delay, delay + step.delay
        following = path[index + 1] if index + 1 < len(path) else None
        if following is None or (following.block, following.signal) != (step.block, step.signal):
            table.append((step.block, step.signal, f"+{delay:.2f}", f"{since:.2f} ns"))
            delay = 0.0
    return aligned(table, left=2)


def _amounts(part: Resources) -> list[str]:
    return [f"{getattr(part, name):,}" for name in NAMES]


def _delay(path: tuple[Step, ...]) -> float:
    return sum(step.delay for step in path)


def _estimate_report(estimated: Estimated | None) -> list[dict[str, Any]]:
    return [] if estimated is None else [
        {"clock_mhz": estimated.clock_mhz, "clock_is": "estimated", "rule": str(estimated.rule),
         "levels": estimated.levels}]


def _run_report(run: Routed) -> dict[str, Any]:
    return {"seed": run.seed, "clock_mhz": run.clock_mhz, "clock_is": "routed",
            "critical_path": [{"kind": step.kind, "ns": step.delay, "block": step.block, "signal": step.signal}
                              for step in run.critical_path]}
