"""Each network's best engine within the row of `pe256`: `python -m tests.bench.best`, by the model."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from hw.compiler.errors import CompileError
from hw.config import PRESETS, ConfigError, load_config
from hw.memory_timing import MemoryTiming
from sim.network_run import plan_network
from sim.report import engine_lanes
from sim.work import Source
from tests.bench.networks import NETWORKS

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


def engines() -> Iterator[str]:
    """The engines of the row that can be built, as settings on top of `pe256`."""
    base = PRESETS["pe256"].as_dict()
    for (rows, columns, pixels), channels, lanes in product(SHAPES, (2, 4), (16, 32)):
        fields = {"pe_rows": rows, "pe_cols": columns, "pe_pixels": pixels, "dw_channels": channels,
                  "requantise_lanes": lanes}
        settings = ",".join(["pe256", *(f"{name}={value}" for name, value in fields.items() if value != base[name])])
        with suppress(ConfigError):
            config = load_config(settings)
            if config.pointwise_lanes == MACS and config.memory_bytes <= LARGEST_MEMORY:
                yield settings


def timed(title: str, settings: str) -> Found:
    """A network on one engine, by the model. Raises `CompileError` if it does not fit."""
    config, network = load_config(settings), NETWORKS[title]
    run = plan_network(Source(title=title, network=network), config, MemoryTiming()).run
    return Found(title=title, settings=settings, cycles=run.cycles,
                 utilisation=network.macs / (engine_lanes(config) * run.cycles))


def best(title: str) -> Found:
    """The engine with the highest utilisation, the first of equal ones."""
    found = []
    for settings in engines():
        with suppress(CompileError):
            found.append(timed(title, settings))
    return max(found, key=lambda item: item.utilisation)


if __name__ == "__main__":
    for item in map(best, NETWORKS):
        print(f"{item.title}: {item.utilisation:.1%}, {item.cycles:,} cycles, --config {item.settings}")
