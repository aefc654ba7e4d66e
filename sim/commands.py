"""Commands of `sepconv`, one function each; they return the exit status."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from golden.compare import first_mismatch
from golden.layer import LayerSpec
from golden.networks import NETWORKS
from golden.tables.compared import COMPARED
from hw.compiler.cascade import check_supported
from hw.compiler.errors import CompileError
from hw.compiler.layers import ResidualAdd
from hw.config import PRESETS, EngineConfig, load_config
from hw.memory_timing import MemoryTiming
from hw.rtl import RtlRun
from sim.arguments import check_program, open_all, open_network, title_of
from sim.cli import write_report
from sim.fpga_list import device_lines
from sim.golden_commands import save_array
from sim.model.engine import ModelRun
from sim.network_run import Comparison, NotExactError, engine_input, finish, plan_network, whole_model
from sim.progress import Progress
from sim.report import (
    aligned,
    engine_lanes,
    engine_line,
    heading,
    run_report,
    shape_text,
)
from sim.search import Planned, plan
from sim.statuses import FAILED, OK
from sim.tracer import Tracer
from sim.work import RequestError, Source, golden_output, load_picture, seeded_picture


def run_rtl(args: Namespace) -> int:
    """In the generated Verilog: layers, a network, or a compiled program."""
    from hw.rtl import EngineError
    from hw.verilator import ToolError

    if args.layers and args.output:
        raise RequestError("--output is for whole networks: give no LAYER")
    if args.layers and args.apart:
        raise RequestError("--apart is for whole networks: give no LAYER")
    try:
        if args.program:
            check_program(args)
            from sim.program_commands import rtl_program

            return rtl_program(args)
        source, config, memory = open_all(args)
        picture = load_picture(args.input)
        if not args.layers:
            return _rtl_network(args, source, config, memory, picture)
        return _rtl_layers(args, source, config, memory, picture)
    except ToolError as error:
        raise RequestError(str(error)) from None
    except EngineError as error:
        print(f"sepconv: {error}")
        return FAILED


def _rtl_layers(args: Namespace, source: Source, config: EngineConfig, memory: MemoryTiming,
                picture: np.ndarray | None) -> int:
    """Single layers: bit-exact against golden, cycles equal to the model's."""
    good, tracer = True, Tracer(args.trace)
    reports, texts = [], [f"{source.title} on {engine_line(config, memory, args.clock_mhz)}"]
    for name in args.layers:
        report: dict[str, Any] = {}
        for specs in source.cascades(name):
            part, text = _rtl_cascade(args, source, specs, (config, memory), picture, tracer)
            good &= part["total"]["bit_exact"] and part["total"]["model_cycles"] == part["total"]["rtl_cycles"]
            texts.append(text)
            if report:
                report["in_pair"] = part
            else:
                report = heading(source.title, config, memory, args.clock_mhz) | part
        reports.append(report)
    tracer.write(heading(source.title, config, memory, args.clock_mhz))
    write_report(reports[0] if len(reports) == 1 else {"schema": 1, "reports": reports}, "\n".join(texts), args.json)
    return OK if good else FAILED


def _rtl_cascade(args: Namespace, source: Source, specs: Sequence[LayerSpec],
                 engine: tuple[EngineConfig, MemoryTiming], picture: np.ndarray | None,
                 tracer: Tracer) -> tuple[dict[str, Any], str]:
    from hw.rtl import run_rtl as run_in_rtl
    from sim.check import compare, cycles_line, rtl_units

    config, memory = engine
    layers = source.numbers(specs, args.seed)
    assert not isinstance(layers[0], ResidualAdd)
    values = source.activations(layers[0], args.seed, picture, args.rounding)
    planned: Planned = plan(layers, config, memory, args.rounding, picture=source.reads_picture(specs[0].name))
    run = run_in_rtl(planned.program, values, memory)
    expected = golden_output(layers, values, args.rounding)
    actual = planned.program.output.unpack(run.memory)
    mismatch = first_mismatch(specs[-1].name, expected, actual)
    differences = compare(planned.run, run)
    report = run_report(specs, planned.run, config, args.clock_mhz) | rtl_units(run)
    found = {"bit_exact": mismatch is None, "model_cycles": planned.run.cycles, "rtl_cycles": run.cycles}
    report["total"] |= found
    _add_rtl_rows(report, planned.run, run, {specs[-1].name: mismatch is None})
    title = title_of(specs, planned.schedule.stripe_rows)
    tracer.rtl(title, planned.program, run, memory)
    return report, "\n".join([
        f"\n{title}: {shape_text(specs[-1])}",
        f"  {'bit-exact' if mismatch is None else mismatch}: {expected.size:,} elements against golden",
        cycles_line(planned.run, run, differences)])


def _add_rtl_rows(report: dict[str, Any], model: ModelRun, rtl: RtlRun, exact: dict[str, bool]) -> None:
    """What RTL says of each layer; a tensor that stays on chip is judged by the next one that does not."""
    verdicts = [exact.get(row["name"]) for row in report["layers"]]
    for index, row in enumerate(report["layers"]):
        commands = [(unit, number) for unit, times in model.units.items()
                    for number, command in enumerate(times.commands) if command.layer == index]
        if not commands:  # an add that the layer before it does
            row |= {key: report["layers"][index - 1][key] for key in ("bit_exact", "model_cycles", "rtl_cycles")}
            continue
        span = (max(rtl.ended[unit][number] for unit, number in commands)
                - min(rtl.started[unit][number] for unit, number in commands))
        verdict = next(found for found in verdicts[index:] if found is not None)
        row |= {"bit_exact": verdict, "model_cycles": row["cycles"], "rtl_cycles": span}


def _rtl_network(args: Namespace, source: Source, config: EngineConfig, memory: MemoryTiming,
                 picture: np.ndarray | None) -> int:
    """The whole network in RTL: every tensor that reaches DRAM against golden, cycles against the model."""
    from hw.rtl import run_rtl as run_in_rtl
    from sim.check import compare, cycles_line, rtl_units

    model = whole_model(source, args.seed)
    planned = plan_network(source, config, memory, seed=args.seed, rounding=args.rounding, apart=args.apart)
    picture = seeded_picture(model, args.seed) if picture is None else picture
    values = engine_input(model, picture, planned.specs, args.rounding)
    title = f"{source.title} on {engine_line(config, memory, args.clock_mhz)}"
    comparison = Comparison(model, picture, args.rounding)
    progress = Progress(planned.program, planned.run.cycles, comparison.exact)
    try:
        run = run_in_rtl(planned.program, values, memory, on_event=progress, on_tensor=comparison)
    except NotExactError as error:
        write_report(heading(source.title, config, memory, args.clock_mhz) | {
            "total": {"bit_exact": False}, "mismatch": str(error)},
            "\n".join([title, "", *_exact_lines(comparison), f"  {error}; stopped"]), args.json)
        return FAILED
    differences = compare(planned.run, run)
    report = run_report(planned.specs, planned.run, config, args.clock_mhz) | rtl_units(run)
    exact = set(comparison.exact) == planned.program.tensors.keys()
    good = exact and not differences
    report["total"] |= {"bit_exact": exact, "model_cycles": planned.run.cycles, "rtl_cycles": run.cycles}
    _add_rtl_rows(report, planned.run, run, dict.fromkeys(comparison.exact, True))
    lines = [title, "", *_exact_lines(comparison), "", cycles_line(planned.run, run, differences), (
        f"  {report['total']['utilisation']:.1%} of all {engine_lanes(config)} lanes busy with MACs,"
        f" {report['total']['frames_per_second']:,.1f} frames a second")]
    if args.output and good:
        output = finish(model, planned.specs, planned.program.output.unpack(run.memory), args.rounding)
        save_array(args.output, output)
        lines.append(f"  {args.output}: {output.dtype}{list(output.shape)}")
    about, tracer = heading(source.title, config, memory, args.clock_mhz), Tracer(args.trace)
    tracer.rtl(source.title, planned.program, run, memory)
    tracer.write(about)
    write_report(about | report, "\n".join(lines), args.json)
    return OK if good else FAILED


def _exact_lines(comparison: Comparison) -> list[str]:
    return [f"  {name}: bit-exact" for name in comparison.exact]


def run_verilog(args: Namespace) -> int:
    """Stand-alone Verilog of a configuration."""
    config = load_config(args.config)
    if args.out is None:
        from hw.verilator import verilog_directory

        directory = verilog_directory(config)
        paths = [directory / f"sepconv.{ending}" for ending in ("v", "json", "f")]
    else:
        from hw.verilog import write_verilog

        try:
            paths = write_verilog(config, Path(args.out))
        except OSError as error:
            raise RequestError(f"--out {args.out}: {error.strerror}") from None
    for path in paths:
        print(path)
    return OK


def run_list(args: Namespace) -> int:
    """Networks, the layers of one, presets, devices and boards."""
    source = open_network(args)
    table = [("layer", "kind", "shape", "MACs", "run by")]
    for spec in source.network.layers:
        try:
            check_supported(spec, picture=source.reads_picture(spec.name))
            where = "engine"
        except CompileError:
            where = "not yet" if spec.macs or spec.op in ("add", "average_pool", "mean") else "host"
        table.append((spec.name, spec.op, shape_text(spec), f"{spec.macs:,}", where))
    presets = [("preset", "pointwise lanes", "depthwise lanes", "memory", "bus")]
    for config in PRESETS.values():
        presets.append((config.name, f"{config.pe_rows} × {config.pe_cols} × {config.pe_pixels}",
                        str(config.depthwise_lanes), f"{config.memory_bytes // 1024} KiB", f"{config.bus_bits} bits"))
    others = [name for name in COMPARED if name not in NETWORKS]
    networks = f"networks: {', '.join(NETWORKS)}; for comparison, layer by layer: {', '.join(others)}"
    print("\n".join([networks, "", source.title, *aligned(table, left=3), "", *aligned(presets, left=1), "",
                     *device_lines()]))
    return OK
