"""The design space: every combination of sizes that `EngineConfig` accepts."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.config import PRESETS, ConfigError, EngineConfig
from sim.explore.axes import AXES, KIB
from sim.work import RequestError

GROUPS = (8, 10, 12, 16)
"""Numbers of bank groups an activation memory may be made of; the first that gives it a size that can be built."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """Engines to look at.

    Parameters
    ----------
    configs: those that can be built, each once, in the order of the axes
    refused: how many combinations can't be built, by the field that says so
    """

    configs: tuple[EngineConfig, ...]
    refused: Mapping[str, int]


def design_space(axes: Mapping[str, Sequence[int]], base: EngineConfig) -> Space:
    """All combinations of the values of `axes`; the other sizes are those of `base`.

    Raises `RequestError` if none can be built, with what forbids the first.
    """
    configs: dict[int, EngineConfig] = {}
    refused: Counter[str] = Counter()
    first: ConfigError | None = None
    for values in itertools.product(*(axes[name] for name in AXES)):
        try:
            config = _config(dict(zip(AXES, values, strict=True)), base)
            configs.setdefault(config.hash, config)
        except ConfigError as error:
            first = first or error
            refused[str(error).partition("=")[0]] += 1
    if not configs:
        raise RequestError(f"the design space is empty: none of {sum(refused.values()):,} combinations can be built,"
                           f" the first because of {first}")
    return Space(configs=tuple(configs.values()), refused=dict(refused))


def _config(sizes: Mapping[str, int], base: EngineConfig) -> EngineConfig:
    row_bytes, bus_bytes = sizes["rows"] * sizes["pixels"], sizes["bus_bits"] // 8
    # A bus of two rows brings two a cycle anyway.
    sizes = {**sizes, "weight_rows": min(2, max(sizes["weight_rows"], bus_bytes // sizes["cols"]))}
    weight_word = max(sizes["cols"] * sizes["weight_rows"], bus_bytes)
    return dataclasses.replace(
        base, name=point_name(sizes), pe_rows=sizes["rows"], pe_cols=sizes["cols"], pe_pixels=sizes["pixels"],
        dw_channels=sizes["dw_channels"], requantise_lanes=sizes["requantise_lanes"],
        activation_bytes=sizes["activation_kib"] * KIB,
        activation_groups=activation_groups(sizes["activation_kib"] * KIB, row_bytes),
        weight_rows=sizes["weight_rows"],
        weight_bytes=sizes["weight_kib"] * KIB // weight_word * weight_word, bus_bits=sizes["bus_bits"])


def activation_groups(size: int, row_bytes: int) -> int:
    """Bank groups for an activation memory of `size` bytes: the first of `GROUPS` that divides it into groups of a
    power of two rows, `row_bytes` each; the first of all if none does."""
    for groups in GROUPS:
        rows, rest = divmod(size, groups * row_bytes)
        if not rest and rows & (rows - 1) == 0:
            return groups
    return GROUPS[0]


def point_name(sizes: Mapping[str, int]) -> str:
    """Name of a point: its sizes in short."""
    return (f"{sizes['rows']}x{sizes['cols']}x{sizes['pixels']}-d{sizes['dw_channels']}-r{sizes['requantise_lanes']}"
            f"-t{sizes['weight_rows']}-a{sizes['activation_kib']}-w{sizes['weight_kib']}-b{sizes['bus_bits']}")


def config_text(config: EngineConfig) -> str:
    """What to give to ``--config`` for it: the preset that is nearest, and the settings that differ."""
    def differences(preset: EngineConfig) -> list[str]:
        return [f"{key}={str(value).lower()}" for key, value in config.as_dict().items()
                if key != "name" and value != getattr(preset, key)]

    nearest = min(PRESETS.values(), key=lambda preset: len(differences(preset)))
    return ",".join((nearest.name, *differences(nearest)))
