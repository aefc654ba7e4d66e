"""Stand-alone Verilog of an engine: source, a description of its ports and parameters, a file list."""
import json
import re
from pathlib import Path

from amaranth.back import verilog
from amaranth.hdl import Value
from amaranth.hdl._ir import PortDirection
from amaranth.lib.wiring import Flow

from hw.config import EngineConfig
from hw.gateware import multiplier, ram
from hw.gateware.ram import VerilogPlatform
from hw.gateware.top import Sepconv

TOP = "sepconv"

_ESCAPED = re.compile(r"(?<=\\)\S+(?=\s)")
"""A name that is no plain identifier."""


def generate(config: EngineConfig) -> tuple[str, dict]:
    """Verilog text of the engine, and its description: top, clock, reset, ports, parameters."""
    engine = Sepconv(config)
    signals, ports = {}, []
    for path, member, value in engine.signature.flatten(engine):
        signal, inward = Value.cast(value), member.flow is Flow.In
        name = "_".join(map(str, path))
        signals[name] = (signal, PortDirection.Input if inward else PortDirection.Output)
        ports.append({"name": name, "width": len(signal), "direction": "in" if inward else "out"})
    text = verilog.convert(engine, name=TOP, ports=signals, platform=VerilogPlatform(), emit_src=False,
                           strip_internal_attrs=True)
    # Yosys takes an array's element by that name for a bit of the array, and fails.
    text = _ESCAPED.sub(lambda name: re.sub(r"\[(\d+)\]", r"__\1", name[0]), text)
    text += ram.VERILOG + (multiplier.VERILOG if config.multiplier != "portable" else "")
    clocking = [{"name": name, "width": 1, "direction": "in"} for name in ("clk", "rst")]
    description = {"schema": 1, "top": TOP, "clock": "clk",
                   "reset": {"name": "rst", "active": "high", "kind": "synchronous"},
                   "ports": clocking + ports, "parameters": config.as_dict(), "config_hash": config.hash}
    return text, description


def write_verilog(config: EngineConfig, directory: Path) -> list[Path]:
    """Writes ``sepconv.v``, ``sepconv.json`` and ``sepconv.f`` into `directory`, all or none; returns their paths."""
    text, description = generate(config)
    directory.mkdir(parents=True, exist_ok=True)
    contents = {f"{TOP}.v": text, f"{TOP}.json": json.dumps(description, indent=2) + "\n", f"{TOP}.f": f"{TOP}.v\n"}
    for name, content in contents.items():
        (directory / f"{name}.part").write_text(content)
    for name in contents:
        (directory / f"{name}.part").replace(directory / name)
    return [directory / name for name in contents]
