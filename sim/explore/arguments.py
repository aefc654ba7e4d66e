"""Flags of `sepconv explore`."""

from argparse import ArgumentParser

from hw.fpga.resources import NAMES
from sim.explore.axes import AXES
from sim.explore.choice import ROUTE_LUT, RULES


def add_arguments(parser: ArgumentParser) -> None:
    """All but those of the network."""
    device = parser.add_argument_group("device")
    device.add_argument("--target", help="device, see sepconv list; its memory is --memory at any clock")
    device.add_argument("--board", help="board, see sepconv list; stands for its device and its memory")
    device.add_argument("--memory", default="", help="without a board, e.g. read_latency=40,bytes_per_cycle=8")
    device.add_argument("--clock-mhz", type=float, help="clock of engines that are not routed (assumed by device)")

    space = parser.add_argument_group("design space", "values as 8,16 or 8..32")
    for name, axis in AXES.items():
        space.add_argument(axis.flag, dest=name, metavar="VALUES",
                           help=f"{axis.meaning} ({','.join(map(str, axis.values))})")
    space.add_argument("--config", default="pe128", help="all that is not swept: preset or JSON file (pe128)")
    space.add_argument("--points", type=int, default=200, help="at most as many are timed, the promising ones (200)")

    limits = parser.add_argument_group("limits")
    limits.add_argument("--spare", type=float, default=10, metavar="PERCENT",
                        help="share of LUTs, registers and memory blocks kept free (10)")
    for name in NAMES:
        limits.add_argument(f"--max-{name}", type=int, metavar="N", help=f"most {name.upper()} (all there are)")
    limits.add_argument("--max-mbytes", type=float, metavar="MB", help="most DRAM traffic, 10⁶ bytes a second")
    limits.add_argument("--min-fps", type=float, metavar="N", help="fewest frames a second")
    limits.add_argument("--choose", choices=tuple(RULES), default="fps",
                        help=f"what is best: {'; '.join(f'{name}: {text}' for name, (text, _) in RULES.items())} (fps)")

    run = parser.add_argument_group("run")
    run.add_argument("--route", type=int, metavar="N", help="place and route the N best (2)")
    run.add_argument("--route-lut", type=int, default=ROUTE_LUT, metavar="N",
                     help=f"most LUTs of an engine to be routed; larger ones take long ({ROUTE_LUT})")
    run.add_argument("--no-pnr", action="store_true", help="no place and route")
    run.add_argument("--seed", type=int, default=1, help="of the placement (1)")
    run.add_argument("--jobs", type=int, help="processes (one for each core)")
    run.add_argument("--cluster", metavar="ADDRESS", help="Dask scheduler to run on instead, e.g. tcp://host:8786")
    run.add_argument("--fit", action="store_true", help="synthesise the engines the area model is fitted to, anew")

    results = parser.add_argument_group("results")
    results.add_argument("--json", metavar="FILE", help="report in machine-readable form; - for standard output")
    results.add_argument("--csv", metavar="FILE", help="all points as a table")
    results.add_argument("--html", metavar="FILE", help="report to look at: front, table, timeline; one file, offline")
