"""`sepconv compile`, `sepconv disasm`, and `--program` of `sepconv sim` and `sepconv rtl`: programs as files."""

import hashlib
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.files import read_bytes
from golden.model import Model
from hw.commands import BLOCK_BYTES, PROGRAM_HEADER, CommandError
from hw.config import load_config
from hw.disassembly import as_json, decode_file, rows
from hw.memory_timing import MemoryTiming, parse_memory
from hw.program import Program
from hw.program_files import (
    MAP,
    PROGRAM,
    ProgramFileError,
    layer_names,
    load_map,
    load_program,
    program_map,
    save_program,
)
from hw.proof.proof import prove
from hw.rtl import RtlRun
from sim.account import StallAccount
from sim.cli import write_report
from sim.decisions import decisions, decisions_text
from sim.golden_commands import save_array
from sim.model.engine import ModelRun, run_model
from sim.network_run import PlannedNetwork, plan_network, whole_model
from sim.progress import Progress
from sim.report import aligned, engine_line, heading, run_report, run_text
from sim.statuses import FAILED, OK
from sim.tracer import Tracer
from sim.work import RequestError, load_picture, open_source

LARGEST = BLOCK_BYTES << next(field.bits for field in PROGRAM_HEADER if field.name == "commands")
"""Bytes of the longest program."""


def run_compile(args: Namespace) -> int:
    """A network as files a host can use, and a report of what was decided."""
    config, memory = load_config(args.config), parse_memory(args.memory)
    memory.beat_spacing(config)
    source = open_source(name=args.network, alpha=args.alpha, resolution=args.resolution, model=args.model,
                         calibration=args.calibrate or ())
    planned = plan_network(source, config, memory, seed=args.seed, rounding=args.rounding)
    model = whole_model(source, args.seed)
    title = f"{source.title} on {engine_line(config, memory, args.clock_mhz)}"
    report = heading(source.title, config, memory, args.clock_mhz) | run_report(
        planned.specs, planned.run, config, args.clock_mhz)
    table = run_text("all layers", planned.specs, report, config)
    description = program_map(planned.program) | {
        "network": source.title, "rounding": args.rounding, "cycles": planned.run.cycles}
    _describe_layers(description, planned, model)
    directory = _directory(args.out, planned.program)
    text = "\n".join([title, "", _dram_text(planned.program), "", decisions_text(planned), "", table, ""])
    try:
        paths = save_program(planned.program, directory, description=description, report=text)
    except OSError as error:
        raise RequestError(f"{directory}: {error.strerror}") from None
    write_report(report | {"cascades": decisions(planned), "files": [str(path) for path in paths]}, "\n".join([
        title, f"  {planned.run.cycles:,} cycles by the model, {planned.program.memory_bytes:,} bytes of DRAM",
        *(f"  {path}" for path in paths)]), args.json)
    return OK


def _directory(out: str | None, program: Program) -> Path:
    if out is not None:
        return Path(out)
    digest = hashlib.sha256(program.image + program.encoded).hexdigest()[:16]
    return Path("build") / "program" / digest


def _describe_layers(description: dict[str, Any], planned: PlannedNetwork, model: Model) -> None:
    """Adds what the network knows of the program's layers, input and output; a scale that is not known is null."""
    specs = {spec.name: spec for spec in planned.specs}
    for layer in description["layers"]:
        spec = specs[layer["name"]]
        layer |= {"op": spec.op, "input_shape": spec.input_shape, "output_shape": spec.output_shape}
    first, last = planned.specs[0].name, planned.specs[-1].name
    (source,) = model.network.inputs_of(first)
    for end, name in (("input", source), ("output", last)):
        port = model.port(name)
        zero_point = port.zero_point
        if zero_point is None:
            zero_point = getattr(model.layer(first if end == "input" else last), f"{end}_zero_point", None)
        elif port.dtype == "uint8":
            zero_point -= 128  # the engine's values are those of the file minus 128
        description[end] |= {"scale": port.scale, "zero_point": zero_point}


def _dram_text(program: Program) -> str:
    table = [("DRAM", "from", "bytes"), ("  weights", "0x0", f"{len(program.image):,}")]
    for name, tensor in {"input": program.input, **program.tensors}.items():
        table.append((f"  {name}", f"{tensor.address:#x}", f"{tensor.size:,}"))
    table += [("  program", f"{program.address:#x}", f"{program.encoded_bytes:,}"),
              ("  together", "", f"{program.memory_bytes:,}")]
    return "\n".join(aligned(table, left=1))


def run_disasm(args: Namespace) -> int:
    """The commands of a program's file, one a line."""
    path = Path(args.file)
    if path.is_dir():
        path /= PROGRAM
    try:
        header, commands = decode_file(read_bytes(path, LARGEST))
    except CommandError as error:
        raise CommandError(f"{path}: {error}") from None
    beside = path.parent / MAP
    names: list[str] = []
    if args.map:
        names = layer_names(Path(args.map), header["tag"])
    elif beside.exists():
        try:
            names = layer_names(beside, header["tag"])
        except ProgramFileError as error:
            print(f"sepconv: layers have no names: {error}", file=sys.stderr)
    title = (f"{path}: {header['commands']} commands for configuration {header['config']:#010x}, format"
             f" {header['version']}, tag {header['tag']:#06x}")
    write_report(as_json(header, commands, names), "\n".join([title, "", *aligned(rows(commands, names), left=5)]),
                 args.json)
    return OK


def sim_program(args: Namespace) -> tuple[dict[str, Any], str]:
    """The model's times of a compiled program, in machine-readable form and as text."""
    title, program, memory = _compiled(args)
    run = run_model(program, memory)
    tracer = Tracer(args.trace)
    tracer.model(title, program, run)
    about = heading(title, program.config, memory, args.clock_mhz)
    tracer.write(about)
    report = about | {"units": StallAccount(run).units(), "total": _total(run, args.clock_mhz)}
    return report, "\n".join([f"{title} on {engine_line(program.config, memory, args.clock_mhz)}", "", (
        f"  {run.cycles:,} cycles ({report['total']['frames_per_second']:,.0f} a second);"
        f" {run.read_bytes + run.write_bytes:,} bytes moved")])


def _compiled(args: Namespace) -> tuple[str, Program, MemoryTiming]:
    """The program in the folder `--program` names: its title, itself, and a memory it can run on.

    Raises `ProofError` for a program that is not safe.
    """
    program, memory = load_program(Path(args.program)), parse_memory(args.memory)
    memory.beat_spacing(program.config)
    prove(program)
    return str(load_map(Path(args.program) / MAP).get("network", args.program)), program, memory


def _total(run: ModelRun | RtlRun, clock_mhz: float) -> dict[str, Any]:
    return {"cycles": run.cycles, "dram_read_bytes": run.read_bytes, "dram_write_bytes": run.write_bytes,
            "frames_per_second": clock_mhz * 1e6 / run.cycles}


def rtl_program(args: Namespace) -> int:
    """A compiled program in the generated Verilog: its input and output are the engine's own, its cycles the model's.

    Raises what `hw.rtl.run_rtl` does, and `ProofError` for a program that is not safe.
    """
    from hw.rtl import run_rtl
    from sim.check import compare, cycles_line, rtl_units

    title, program, memory = _compiled(args)
    values = _input(program, args.input, args.seed)
    model = run_model(program, memory)
    run = run_rtl(program, values, memory, on_event=Progress(program, model.cycles))
    differences = compare(model, run)
    output = program.output.unpack(run.memory)
    lines = [f"{title} on {engine_line(program.config, memory, args.clock_mhz)}", "",
             cycles_line(model, run, differences)]
    if args.output:
        save_array(args.output, output)
        lines.append(f"  {args.output}: {output.dtype}{list(output.shape)}")
    about, tracer = heading(title, program.config, memory, args.clock_mhz), Tracer(args.trace)
    tracer.rtl(title, program, run, memory)
    tracer.write(about)
    total = _total(run, args.clock_mhz) | {"model_cycles": model.cycles, "rtl_cycles": run.cycles}
    write_report(about | rtl_units(run) | {"total": total}, "\n".join(lines), args.json)
    return FAILED if differences else OK


def _input(program: Program, path: str | None, seed: int) -> NDArray[np.int8]:
    """The engine's input (height, width, channels) int8, with or without a batch of 1; seeded without a file."""
    shape = program.input.given_shape
    if path is None:
        return np.random.default_rng(seed).integers(-128, 128, shape, np.int8)
    values = load_picture(path)
    assert values is not None
    if values.dtype != np.int8 or values.shape not in (shape, (1, *shape)):
        raise RequestError(f"{path}: {values.dtype}{list(values.shape)}; the engine's own input is int8{list(shape)}")
    return values.reshape(shape)
