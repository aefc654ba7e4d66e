"""Engines, areas and times for tests of the sweep; no synthesis and no model behind them."""

from collections.abc import Iterator, Mapping
from typing import Any

from golden.networks import mobilenet_v1
from hw.config import EngineConfig
from hw.fpga.resources import Resources
from hw.fpga.targets import TARGETS
from hw.memory_timing import MemoryTiming
from sim.explore.area import FITTED, AreaModel, Sample
from sim.explore.axes import AXES
from sim.explore.blocks import lut_multipliers, memory_blocks, multiplier_blocks
from sim.explore.candidate import Candidate
from sim.explore.clock import Clock
from sim.explore.device import Device
from sim.explore.fit import sample_configs
from sim.explore.flow import Request, for_device
from sim.explore.limits import Limits
from sim.explore.parts import PARTS
from sim.explore.point import Task
from sim.explore.space import design_space

NETWORK = mobilenet_v1(0.25, 32)
TARGET = TARGETS["lfe5u-85f"]
DEVICE = Device(target=TARGET, board=None, memory=MemoryTiming())
LUT_MULTIPLIER = Resources(lut=200, ff=70)
PER_TERM = {"lut": 10.0, "ff": 5.0}
"""Made-up amounts of each term of each part; the first of a part takes ten times as much."""


def true_parts(config: EngineConfig) -> dict[str, Resources]:
    """Parts that take what the terms say, their multipliers, and the counted blocks in the rest."""
    result = {}
    for part, terms in PARTS.items():
        first, *others = terms(config)
        result[part] = Resources(**{what: round(amount * (10 * first + sum(others)))
                                    for what, amount in PER_TERM.items()})
    for part, count in lut_multipliers(config).items():
        result[part] = sum([LUT_MULTIPLIER] * count, result[part])
    blocks = Resources(dsp=multiplier_blocks(config), bram=memory_blocks(config, "ecp5"))
    return {**result, "": result[""] + blocks}


def true_area(config: EngineConfig) -> Resources:
    return sum(true_parts(config).values(), Resources())


def area_model() -> AreaModel:
    return AreaModel(family="ecp5", tools={"pyosys": "0"}, lut_multiplier=LUT_MULTIPLIER, samples=tuple(
        Sample(config=config, parts=true_parts(config), gateware="0") for config in sample_configs("ecp5")))


assert PER_TERM.keys() == set(FITTED)


def request(limits: Limits | None = None, *, rule: str = "fps", points: int = 1000, route: int = 0,
            **axes: tuple[int, ...]) -> Request:
    limits = limits or Limits(most={})
    values = {name: axes.get(name, axis.values[:1]) for name, axis in AXES.items()}
    return Request(network=NETWORK, device=DEVICE, area=area_model(), limits=limits, rule=rule, points=points,
                   route=route, clock=Clock(mhz=100.0, rule="made up"),
                   space=design_space(values, for_device(EngineConfig(), DEVICE, limits)))


def time_of(cycles: int, *, read: int = 1000, written: int = 0) -> dict[str, Any]:
    return {"layers": [], "units": {}, "spans": {},
            "total": {"macs": 1, "cycles": cycles, "utilisation": 0.5, "dram_read_bytes": read,
                      "dram_write_bytes": written}}


def run_made_up(tasks: Mapping[str, Task]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A runner: cycles fall with the lanes, and a little with the memories; the last comes first."""
    for key, task in reversed(tasks.items()):
        lanes = task.config.pointwise_lanes + task.config.depthwise_lanes
        yield key, time_of(10**8 // lanes - task.config.activation_bytes // 1024, read=10**6 // task.config.pe_cols)


def candidate(cycles: int | None = 1000, *, name: str = "engine", lut: int = 1, dsp: int = 1, bram: int = 1,
              ff: int = 1, read: int = 1000, short_by: dict[str, int] | None = None, mhz: float = 100.0) -> Candidate:
    return Candidate(config=EngineConfig(name=name), area=Resources(lut=lut, ff=ff, dsp=dsp, bram=bram),
                     area_is="estimated", short_by=short_by or {}, clock_mhz=mhz, clock_is="estimated",
                     time=None if cycles is None else time_of(cycles, read=read))
