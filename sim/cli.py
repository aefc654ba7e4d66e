"""The console program `sepconv`."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from golden.refusal import Refusal
from hw.proof.errors import ProofError
from sim.explore.arguments import add_arguments
from sim.statuses import FAILED, OK, WRONG
from sim.work import RequestError

MODULES = {"golden": "sim.golden_commands", "tables": "sim.golden_commands", "compile": "sim.program_commands",
           "disasm": "sim.program_commands", "ratio": "sim.ratio", "diff": "sim.diff",
           "fpga": "sim.fpga_commands", "plot": "sim.plot", "explore": "sim.explore_commands",
           "sim": "sim.sim_commands"}
"""Where a command's function is, if not in `sim.commands`."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: {message}; see {self.prog} --help\n")


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", default="mobilenet_v1", help="network by name (mobilenet_v1)")
    _add_size(parser)
    parser.add_argument("--model", metavar="FILE", help="a model's file instead: .tflite, .onnx, .pth, .whl")
    _add_calibration(parser)


def _add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--alpha", type=float, default=1.0, help="width multiplier (1.0)")
    parser.add_argument("--resolution", type=int, default=224, help="pixels of the input's side (224)")


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calibrate", metavar="PICTURE", action="append",
                        help="picture to quantise a float model on; give several")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("layers", nargs="*", metavar="LAYER", help="Keras' layer name; see sepconv list")
    _add_engine(parser)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    _add_network(parser)
    _add_hardware(parser)
    parser.add_argument("--rounding", choices=("double", "single"), default="double", help="requantisation (double)")
    parser.add_argument("--seed", type=int, default=0, help="of made-up weights and inputs (0)")


def _add_watched(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--program", metavar="DIR",
                        help="a compiled program instead; input and output are the engine's")
    parser.add_argument("--trace", metavar="FILE", help="timeline of all units for ui.perfetto.dev, 1 cycle as 1 µs")


def _add_hardware(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="pe256", help="preset, JSON file, or either with settings (pe256)")
    parser.add_argument("--memory", default="", help="e.g. read_latency=40,bytes_per_cycle=8")
    parser.add_argument("--clock-mhz", type=float, default=100.0, help="clock for frames a second (100)")
    parser.add_argument("--json", metavar="FILE", help="report in machine-readable form; - for standard output")


def make_parser() -> argparse.ArgumentParser:
    """The command line, DESIGN's words."""
    parser = _Parser(prog="sepconv", description="Accelerator for depthwise-separable convolution: model and RTL.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    simulate = commands.add_parser("sim", help="cycle model: cycles, utilisation, bytes, why each lost cycle was lost")
    _add_run(simulate)
    _add_watched(simulate)
    simulate.add_argument("--advise", action="store_true",
                          help="times the network again on changed engines and memories, and says what each is worth")

    rtl = commands.add_parser("rtl", help="the same in the generated Verilog, bit-exact against golden")
    _add_run(rtl)
    rtl.add_argument("--input", metavar="X.npy", help="input of the model, its own type and NHWC shape")
    rtl.add_argument("--output", metavar="Y.npy", help="where the output of a whole network goes")
    rtl.add_argument("--apart", action="store_true",
                     help="each layer of a network from DRAM to DRAM, so that each tensor is compared with golden")
    _add_watched(rtl)

    ratio = commands.add_parser("ratio", help="cycles of MobileNetV1 against the same network of full convolutions")
    _add_size(ratio)
    _add_hardware(ratio)

    diff = commands.add_parser("diff", help="what two reports of sim or rtl say differently; 1 if they do")
    diff.add_argument("a", metavar="A.json", help="report saved with --json")
    diff.add_argument("b", metavar="B.json", help="the one to compare it with")
    diff.add_argument("--json", metavar="FILE", help="in machine-readable form; - for standard output")

    plot = commands.add_parser("plot", help="roofline and stall account as pictures, PNG and SVG")
    plot.add_argument("layers", nargs="*", metavar="LAYER",
                      help="a layer instead of the network; or reports of sim and rtl, as saved with --json (*.json)")
    _add_engine(plot)
    plot.add_argument("--out", metavar="DIR", help="folder to write (build/plot/<hash>)")
    plot.set_defaults(program=None, trace=None, advise=False)

    compiler = commands.add_parser("compile", help="a network as program, DRAM image and map, with a report of why")
    _add_engine(compiler)
    compiler.add_argument("--out", metavar="DIR", help="folder to write (build/program/<hash>)")

    disasm = commands.add_parser("disasm", help="the commands of a compiled program, one a line")
    disasm.add_argument("file", metavar="FILE", help="program.bin, or the folder it is in")
    disasm.add_argument("--map", metavar="FILE", help="map.json with the layers' names (the one beside FILE)")
    disasm.add_argument("--json", metavar="FILE", help="all fields in machine-readable form; - for standard output")

    golden = commands.add_parser("golden", help="runs a model in NumPy, bit-exact with TFLite's reference kernels")
    golden.add_argument("--model", metavar="FILE", required=True, help=".tflite, .onnx, .pth or .whl")
    _add_calibration(golden)
    source = golden.add_mutually_exclusive_group(required=True)
    source.add_argument("--input", metavar="X.npy", help="input, the model's own type and NHWC shape")
    source.add_argument("--image", metavar="PICTURE", help="a picture, fitted to the model; its five best classes")
    golden.add_argument("--normalise", choices=("raw", "unit", "signed", "imagenet"),
                        help="how the model takes pictures (nearest to its input's range)")
    golden.add_argument("--labels", metavar="FILE", help="names of the classes (those in the model's file)")
    golden.add_argument("--output", metavar="Y.npy", help="where the output goes")
    golden.add_argument("--dump", metavar="DIR", help="folder for every tensor in between")
    golden.add_argument("--rounding", choices=("double", "single"), default="double", help="requantisation (double)")

    verilog = commands.add_parser("verilog", help="stand-alone Verilog, its ports and parameters, a file list")
    verilog.add_argument("--config", default="pe256", help="preset, JSON file, or either with settings (pe256)")
    verilog.add_argument("--out", metavar="DIR", help="folder to write (build/verilog/<hash>)")

    fpga = commands.add_parser("fpga", help="a configuration on a device: resources by block, clock, critical path")
    fpga.add_argument("--config", default="pe128", help="preset, JSON file, or either with settings (pe128)")
    fpga.add_argument("--target", default="lfe5u-85f", help="device, see sepconv list (lfe5u-85f)")
    fpga.add_argument("--seeds", type=int, default=1, help="placements to try, seeds 1 to N (1)")
    fpga.add_argument("--portable", action="store_true", help="plain Verilog, not the device's own multipliers")
    fpga.add_argument("--no-route", action="store_true", help="synthesis only")
    fpga.add_argument("--json", metavar="FILE", help="report in machine-readable form; - for standard output")

    exploring = commands.add_parser("explore", help="which engine for a network and a device: what fits, how fast")
    _add_network(exploring)
    add_arguments(exploring)

    tables = commands.add_parser("tables", help="the papers' tables, computed from the networks' definitions")
    tables.add_argument("--layers", metavar="NETWORK", help="every layer of one of the compared networks instead")
    tables.add_argument("--json", metavar="FILE", help="in machine-readable form; - for standard output")

    listing = commands.add_parser("list", help="networks, layers, presets, targets, boards")
    _add_network(listing)
    return parser


def write_report(report: dict[str, Any], text: str, destination: str | None) -> None:
    """Text on standard output; JSON in the file, or instead of the text if that is ``-``. Raises `RequestError`."""
    if destination == "-":
        print(json.dumps(report, indent=1))
        return
    if destination is not None:
        try:
            with open(destination, "w", encoding="utf-8") as file:
                json.dump(report, file, indent=1)
        except OSError as error:
            raise RequestError(f"--json {destination}: {error.strerror}") from None
    print(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    args = make_parser().parse_args(arguments)
    clock = getattr(args, "clock_mhz", None)
    if clock is not None and not clock > 0:
        print(f"sepconv: --clock-mhz {clock:g}: must be more than 0", file=sys.stderr)
        return WRONG
    try:
        # Each command loads what it needs, once it is known which.
        module = importlib.import_module(MODULES.get(args.command, "sim.commands"))
        return getattr(module, f"run_{args.command}")(args)
    except Refusal as error:
        print(f"sepconv: {error}", file=sys.stderr)
        return WRONG
    except ProofError as error:
        print(f"sepconv: the program is not safe: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        return OK
    except KeyboardInterrupt:
        print("sepconv: interrupted", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
