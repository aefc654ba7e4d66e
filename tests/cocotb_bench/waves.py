"""The signal list beside a trace, for GTKWave and Surfer."""

import json
from pathlib import Path

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.verilator import verilog_directory
from tests.cocotb_bench.build import TOP

UNIT_SIGNALS = ("command__ready", "command__pop", "ended")


def signal_names(config: EngineConfig) -> dict[str, list[str]]:
    """Names by group: the ports by interface, then of each unit when it starts and ends its commands."""
    ports = json.loads((verilog_directory(config) / f"{TOP}.json").read_text())["ports"]
    groups: dict[str, list[str]] = {"run": [], "s_axi": [], "m_axi": []}
    for port in ports:
        width = f"[{port['width'] - 1}:0]" if port["width"] > 1 else ""
        prefix = port["name"].rpartition("_")[0]
        groups[prefix if prefix in groups else "run"].append(f"{TOP}.{port['name']}{width}")
    return groups | {unit: [f"{TOP}.engine.{unit}.{name}" for name in UNIT_SIGNALS] for unit in UNITS}


def leave_waves(folder: Path, config: EngineConfig) -> list[Path]:
    """Writes the signal list beside the trace; paths of both."""
    trace = folder / "dump.fst"
    lines = [f'[dumpfile] "{trace}"']
    for group, names in signal_names(config).items():
        lines += ["@200", f"-{group}", "@22", *names]
    signals = folder / "signals.gtkw"
    signals.write_text("\n".join(lines) + "\n")
    return [trace, signals]
