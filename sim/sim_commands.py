"""`sepconv sim`: the cycle model of layers, networks and compiled programs."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from golden.networks import NETWORKS
from hw.compiler.errors import CompileError
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from sim.account import StallAccount
from sim.advice import advice_text, loss, tried
from sim.arguments import check_program, open_all, open_engine, title_of
from sim.cli import write_report
from sim.network_run import plan_network
from sim.report import engine_line, heading, layer_rows, run_report, run_text
from sim.search import plan
from sim.statuses import OK
from sim.tracer import Tracer
from sim.work import RequestError, Source


def run_sim(args: Namespace) -> int:
    """Cycle model of single layers, of a whole network, or of a compiled program."""
    write_report(*sim_report(args), args.json)
    return OK


def sim_report(args: Namespace) -> tuple[dict[str, Any], str]:
    """What the cycle model says, in machine-readable form and as text; writes the timeline if one is asked for."""
    if args.advise and (args.layers or args.program):
        raise RequestError("--advise is for whole networks: give no LAYER and no --program")
    if args.program:
        from sim.program_commands import sim_program

        check_program(args)
        return sim_program(args)
    if args.model is None and args.network not in NETWORKS and not args.layers:
        from golden.tables.compared import COMPARED
        from sim.pieces import compared_pieces, sim_pieces

        if args.network in COMPARED:
            _check_advise(args, "its layers are counted one by one")
            return sim_pieces(args, compared_pieces(args.network), *open_engine(args))
    source, config, memory = open_all(args)
    if not args.layers:
        return _sim_network(args, source, config, memory)
    tracer = Tracer(args.trace)
    reports, texts = [], [f"{source.title} on {engine_line(config, memory, args.clock_mhz)}"]
    for name in args.layers:
        report: dict[str, Any] = {}
        for specs in source.cascades(name):
            planned = plan(specs, config, memory, picture=source.reads_picture(specs[0].name))
            part = run_report(specs, planned.run, config, args.clock_mhz)
            title = title_of(specs, planned.schedule.stripe_rows)
            texts.append("\n" + run_text(title, specs, part, config))
            tracer.model(title, planned.program, planned.run)
            if report:
                report["in_pair"] = part
            else:
                report = heading(source.title, config, memory, args.clock_mhz) | part
        reports.append(report)
    if args.json:
        _add_network_rows(reports, source, config, memory)
    tracer.write(heading(source.title, config, memory, args.clock_mhz))
    return reports[0] if len(reports) == 1 else {"schema": 1, "reports": reports}, "\n".join(texts)


def _add_network_rows(reports: Sequence[dict[str, Any]], source: Source, config: EngineConfig,
                      memory: MemoryTiming) -> None:
    """Each layer's row in the whole network, if the engine runs that as one program."""
    try:
        planned = plan_network(source, config, memory)
    except CompileError:
        return
    rows = {row["name"]: row for row in layer_rows(planned.specs, planned.run, config, StallAccount(planned.run))}
    for report in reports:
        report["in_network"] = rows[report["layers"][0]["name"]]


def _sim_network(args: Namespace, source: Source, config: EngineConfig,
                 memory: MemoryTiming) -> tuple[dict[str, Any], str]:
    """The network as one program; or, if the engine does not run all of it, the pieces it does run."""
    try:
        source.whole()
    except CompileError as error:
        from sim.pieces import Pieces, sim_pieces

        pieces = Pieces(title=source.title, cascades=source.steps(), host=(), macs=source.network.macs,
                        reason=str(error))
        _check_advise(args, pieces.reason)
        return sim_pieces(args, pieces, config, memory)
    planned = plan_network(source, config, memory)
    about = heading(source.title, config, memory, args.clock_mhz)
    report = about | run_report(planned.specs, planned.run, config, args.clock_mhz)
    trials = {"tried": tried(source, config, memory, planned.run.cycles)} if args.advise else {}
    report["advice"] = {"loss": loss(report)} | trials
    tracer = Tracer(args.trace)
    tracer.model(source.title, planned.program, planned.run)
    tracer.write(about)
    title = f"{source.title} on {engine_line(config, memory, args.clock_mhz)}"
    return report, "\n".join([run_text(title, planned.specs, report, config), "", advice_text(report)])


def _check_advise(args: Namespace, reason: str) -> None:
    if args.advise:
        raise RequestError(f"--advise is for networks that run as one program: {reason}")
