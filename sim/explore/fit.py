"""Makes the data the area model is fitted to: synthesises a family's sample engines, one after the other."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hw.config import EngineConfig
from hw.fpga import tools
from hw.fpga.resources import Resources
from hw.fpga.synthesis import RUN, Area, area_of
from hw.fpga.targets import Target
from hw.verilator import BUILD
from sim.explore.area import AreaModel, area_model_from
from sim.explore.axes import KIB
from sim.explore.parts import by_part
from sim.explore.sources import gateware_hash
from sim.explore.space import activation_groups
from sim.work import RequestError

SIZES = ("rows", "cols", "pixels", "dw_channels", "requantise_lanes", "activation_kib", "weight_kib", "bus_bits",
         "dsp_multipliers")

SAMPLES = (
    (8, 8, 1, 1, 2, 64, 16, 64, 999),
    (8, 8, 2, 2, 4, 128, 16, 64, 80),
    (16, 8, 1, 2, 2, 128, 32, 64, 70),
    (8, 16, 1, 1, 8, 64, 32, 32, 60),
    (8, 8, 2, 1, 16, 96, 16, 128, 999),
    (8, 8, 4, 4, 8, 128, 16, 64, 140),
    (16, 8, 1, 1, 4, 192, 16, 128, 100),
    (8, 8, 1, 1, 8, 160, 64, 32, 50),
    (16, 16, 1, 2, 4, 128, 32, 64, 999),
    (8, 16, 2, 2, 8, 192, 16, 64, 100),
    (24, 8, 1, 2, 2, 96, 16, 64, 999),
    (8, 8, 4, 2, 4, 256, 64, 128, 200),
    (8, 8, 2, 2, 2, 320, 16, 32, 40),
    (16, 8, 2, 4, 4, 256, 16, 128, 156),
    (8, 24, 1, 1, 4, 64, 48, 32, 60),
    (8, 16, 1, 1, 4, 128, 64, 64, 999),
    (8, 8, 2, 1, 8, 256, 128, 64, 80),
    (16, 8, 1, 2, 8, 320, 64, 64, 90),
    (8, 8, 4, 1, 16, 192, 32, 64, 156),
    (16, 16, 1, 1, 8, 256, 32, 128, 156),
    (8, 8, 1, 1, 4, 512, 16, 64, 28),
    (8, 16, 2, 1, 2, 96, 32, 128, 100),
)
"""Sizes of the engines, in the order of `SIZES`, the small ones first: each part is large in some, small in others."""

Synthesis = Callable[[EngineConfig], Area]


def sample_configs(multiplier: str | None) -> Iterator[EngineConfig]:
    """The engines that are synthesised, with multipliers of that kind; of portable ones all are blocks."""
    for number, values in enumerate(SAMPLES):
        sizes = dict(zip(SIZES, values, strict=True))
        size = sizes["activation_kib"] * KIB
        config = EngineConfig(
            name=f"sample{number}", pe_rows=sizes["rows"], pe_cols=sizes["cols"], pe_pixels=sizes["pixels"],
            dw_channels=sizes["dw_channels"], requantise_lanes=sizes["requantise_lanes"], activation_bytes=size,
            activation_groups=activation_groups(size, sizes["rows"] * sizes["pixels"]),
            weight_bytes=sizes["weight_kib"] * KIB, bus_bits=sizes["bus_bits"])
        yield config if multiplier is None else replace(config, multiplier=multiplier,
                                                        dsp_multipliers=sizes["dsp_multipliers"])


def lut_multiplier(target: Target) -> Resources:
    """A multiplier made of lookup tables, synthesised by itself. Raises `ToolError`."""
    from hw.gateware.multiplier import LUT_MODULE, VERILOG  # Amaranth is only loaded when something has to be generated

    directory = BUILD / "fpga" / "multiplier"
    directory.mkdir(parents=True, exist_ok=True)
    source, netlist = directory / "multiplier.v", directory / "netlist.json"
    source.write_text(VERILOG)
    tools.run(RUN, [f"read_verilog {source}", f"{target.family.synthesis} -top {LUT_MODULE} -json {netlist}"],
              title="synthesis of a multiplier", log=directory / "synthesis.log", milestones={})
    cells = json.loads(netlist.read_text())["modules"][LUT_MODULE]["cells"]
    return area_of(cells, target.family).total


def fit_area(family: str, configs: Sequence[EngineConfig], synthesis: Synthesis, multiplier: Resources,
             path: Path) -> AreaModel:
    """The model of `family`, fitted to these engines and with `multiplier` for each one made of lookup tables.

    Its data are written to `path` when all are synthesised.

    Synthesis keeps what it made, so that an interrupted fit goes on where it stopped. Raises `ToolError`, or
    `RequestError` if the file can't be written.
    """
    rows = []
    for number, config in enumerate(configs, 1):
        print(f"  sample {number} of {len(configs)} ...", file=sys.stderr, flush=True)
        parts = by_part(synthesis(config).blocks)
        rows.append({"config": config.as_dict(), "gateware": gateware_hash(),
                     "parts": {part: amount.as_dict() for part, amount in parts.items()}})
    data = {"family": family, "tools": {"pyosys": tools.version("pyosys")},
            "lut_multiplier": multiplier.as_dict(), "samples": rows}
    part = path.with_suffix(".part")
    try:
        part.write_text(_text(data))
        part.replace(path)
    except OSError as error:
        raise RequestError(f"--fit: {path}: {error.strerror}") from None
    return area_model_from(data)


def _text(data: dict[str, Any]) -> str:
    """JSON with a line for each sample."""
    head = json.dumps({key: value for key, value in data.items() if key != "samples"})[:-1]
    return head + ', "samples": [\n' + ",\n".join(map(json.dumps, data["samples"])) + "\n]}\n"
