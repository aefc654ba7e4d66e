"""Makes the data the area model is fitted to: synthesises a family's sample engines, one after the other."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hw.config import EngineConfig
from hw.fpga import tools
from hw.fpga.synthesis import Area
from sim.explore.area import AreaModel, area_model_from
from sim.explore.axes import KIB
from sim.explore.parts import by_part
from sim.explore.sources import gateware_hash
from sim.explore.space import activation_groups
from sim.work import RequestError

SIZES = ("rows", "cols", "pixels", "dw_channels", "requantise_lanes", "activation_kib", "weight_kib", "bus_bits")

SAMPLES = (
    (8, 8, 1, 1, 2, 64, 16, 64),
    (8, 8, 2, 2, 4, 128, 16, 64),
    (16, 8, 1, 2, 2, 128, 32, 64),
    (8, 16, 1, 1, 8, 64, 32, 32),
    (8, 8, 2, 1, 16, 96, 16, 128),
    (8, 8, 4, 4, 8, 128, 16, 64),
    (16, 8, 1, 1, 4, 192, 16, 128),
    (8, 8, 1, 1, 8, 160, 64, 32),
    (16, 16, 1, 2, 4, 128, 32, 64),
    (8, 16, 2, 2, 8, 192, 16, 64),
    (24, 8, 1, 2, 2, 96, 16, 64),
    (8, 8, 4, 2, 4, 256, 64, 128),
    (8, 8, 2, 2, 2, 320, 16, 32),
    (16, 8, 2, 4, 4, 256, 16, 128),
    (8, 24, 1, 1, 4, 64, 48, 32),
    (8, 16, 1, 1, 4, 128, 64, 64),
    (8, 8, 2, 1, 8, 256, 128, 64),
    (16, 8, 1, 2, 8, 320, 64, 64),
    (8, 8, 4, 1, 16, 192, 32, 64),
    (16, 16, 1, 1, 8, 256, 32, 128),
    (8, 8, 1, 1, 4, 512, 16, 64),
    (8, 16, 2, 1, 2, 96, 32, 128),
)
"""Sizes of the engines, in the order of `SIZES`, the small ones first: each part is large in some, small in others."""

Synthesis = Callable[[EngineConfig], Area]


def sample_configs() -> Iterator[EngineConfig]:
    """The engines that are synthesised."""
    for number, values in enumerate(SAMPLES):
        sizes = dict(zip(SIZES, values, strict=True))
        size = sizes["activation_kib"] * KIB
        yield EngineConfig(
            name=f"sample{number}", pe_rows=sizes["rows"], pe_cols=sizes["cols"], pe_pixels=sizes["pixels"],
            dw_channels=sizes["dw_channels"], requantise_lanes=sizes["requantise_lanes"], activation_bytes=size,
            activation_groups=activation_groups(size, sizes["rows"] * sizes["pixels"]),
            weight_bytes=sizes["weight_kib"] * KIB, bus_bits=sizes["bus_bits"])


def fit_area(family: str, configs: Sequence[EngineConfig], synthesis: Synthesis, path: Path) -> AreaModel:
    """The model of `family`, fitted to these engines, its data written to `path` when all are synthesised.

    Synthesis keeps what it made, so that an interrupted fit goes on where it stopped. Raises `ToolError`, or
    `RequestError` if the file can't be written.
    """
    rows = []
    for number, config in enumerate(configs, 1):
        print(f"  sample {number} of {len(configs)} ...", file=sys.stderr, flush=True)
        parts = by_part(synthesis(config).blocks)
        rows.append({"config": config.as_dict(), "gateware": gateware_hash(),
                     "parts": {part: amount.as_dict() for part, amount in parts.items()}})
    data = {"family": family, "tools": {"pyosys": tools.version("pyosys")}, "samples": rows}
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
