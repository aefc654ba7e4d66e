"""Traces: which format this machine can write, and the signal list for GTKWave and Surfer."""

import subprocess
from pathlib import Path

from hw.commands import UNITS
from hw.verilator import environment

SIGNALS = {
    "run": ("clk", "rst", "start", "busy", "irq", "error[2:0]", f"started[{len(UNITS) - 1}:0]",
            f"ended[{len(UNITS) - 1}:0]"),
    "bus request": ("bus_request_valid", "bus_request_ready", "bus_request_write", "bus_request_address[31:0]",
                    "bus_request_beats"),
    "bus read": ("bus_read_valid", "bus_read_data", "bus_read_last"),
    "bus write": ("bus_write_valid", "bus_write_ready", "bus_write_data", "bus_write_strobe", "bus_write_last",
                  "bus_written"),
}


def choose_format() -> str:
    """"fst" if the headers that Verilator's writer needs are installed, else "vcd", with a line that says why."""
    source = "#include <lz4.h>\n#include <zlib.h>\n"
    tools = environment()
    found = subprocess.run(["g++", "-E", "-x", "c++", "-"], input=source, text=True, env=tools, capture_output=True,
                           check=False)
    if found.returncode == 0:
        return "fst"
    print("no FST: the headers of lz4 and zlib are missing (e.g. `apt install liblz4-dev zlib1g-dev`); writing a VCD")
    return "vcd"


def leave_waves(folder: Path, tracing: str) -> list[Path]:
    """Writes the signal list beside the trace; paths of both."""
    trace = folder / f"dump.{tracing}"
    lines = [f'[dumpfile] "{trace}"']
    for group, names in SIGNALS.items():
        lines += ["@200", f"-{group}", "@22", *(f"sepconv.{name}" for name in names)]
    signals = folder / "signals.gtkw"
    signals.write_text("\n".join(lines) + "\n")
    return [trace, signals]
