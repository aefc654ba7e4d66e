"""Each network's best engine within the row of `pe256`: `python -m tests.bench.best`, by the model."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from hw.compiler.errors import CompileError
from hw.config import PRESETS, ConfigError, EngineConfig
from hw.memory_timing import MemoryTiming
from sim.network_run import plan_network
from sim.report import engine_lanes
from sim.work import Source
from tests.bench.networks import NETWORKS
from tests.bench.page import table

MACS, LARGEST_MEMORY = 256, 512 * 1024
"""The row: pointwise MACs a cycle, all on-chip memory; with 2 or 4 depthwise channels and a bus of 64 bits."""

SHAPES = ((8, 8, 4), (8, 16, 2), (16, 8, 2), (8, 32, 1), (16, 16, 1), (32, 8, 1))
"""`pe_rows`, `pe_cols`, `pe_pixels`."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best engine for a network."""

    title: str
    settings: str
    cycles: int
    utilisation: float


def engines() -> Iterator[tuple[str, EngineConfig]]:
    """The engines of the row that can be built, with their settings on top of `pe256`."""
    base = PRESETS["pe256"]
    for rows, columns, pixels in SHAPES:
        for channels in (2, 4):
            for lanes in (16, 32):
                changes = {"pe_rows": rows, "pe_cols": columns, "pe_pixels": pixels, "dw_channels": channels,
                           "requantise_lanes": lanes}
                try:
                    config = dataclasses.replace(base, **changes)
                except ConfigError:
                    continue
                if config.pointwise_lanes == MACS and config.memory_bytes <= LARGEST_MEMORY:
                    yield ",".join(["pe256", *(f"{name}={value}" for name, value in changes.items()
                                               if value != getattr(base, name))]), config


def best(title: str) -> Found:
    """The engine with the highest utilisation, the first of equal ones."""
    found = []
    for settings, config in engines():
        try:
            run = plan_network(Source(title=title, network=NETWORKS[title]), config, MemoryTiming()).run
        except CompileError:
            continue
        found.append(Found(title=title, settings=settings, cycles=run.cycles,
                           utilisation=NETWORKS[title].macs / (engine_lanes(config) * run.cycles)))
    return max(found, key=lambda item: item.utilisation)


def rows() -> str:
    """As a table."""
    return table(("network", "its best engine", "cycles", "utilisation"), [
        (item.title, f"`{item.settings}`", f"{item.cycles:,}", f"{item.utilisation:.1%}")
        for item in map(best, NETWORKS)], left=2)


if __name__ == "__main__":
    print(rows())
