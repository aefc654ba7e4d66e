"""What to change: where the busier datapath loses its cycles, and what each of a few changes would be worth.

Where is read off the stall account. What a change is worth is not guessed: the whole network is planned and timed
again, on the changed engine or memory.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hw.compiler.errors import CompileError
from hw.config import ConfigError, EngineConfig
from hw.memory_timing import MemoryTiming, MemoryTimingError
from sim.network_run import plan_network
from sim.report import aligned, engine_lanes
from sim.work import Source

MOST = 0.8
"""Share of a loss that the layers named for it hold together, at least."""

WORTH = 1.005
"""From that factor on a change is worth the word."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A changed engine or memory, what is different, and what that costs."""

    change: str
    costs: str
    config: EngineConfig
    memory: MemoryTiming


def loss(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the busier datapath loses most cycles to, and the shortest stretch of layers with `MOST` of them."""
    unit = max(("pointwise", "depthwise"), key=lambda name: report["units"][name]["busy"])
    lost = {key: cycles for key, cycles in report["units"][unit].items() if key != "busy"}
    key = max(lost, key=lambda name: lost[name])
    by_layer = [row["account"].get(unit, {}).get(key, 0) for row in report["layers"]]
    first, last = _stretch(by_layer)
    held = sum(by_layer[first:last + 1])
    return {"unit": unit, "key": key, "cycles": lost[key], "share": lost[key] / report["total"]["cycles"],
            "layers": [report["layers"][index]["name"] for index in (first, last)] if held else [],
            "share_of_layers": held / lost[key] if lost[key] else 0.0}


def _stretch(values: Sequence[int]) -> tuple[int, int]:
    """First and last of the fewest consecutive values whose sum is `MOST` of all."""
    wanted = MOST * sum(values)
    best = 0, len(values) - 1
    first = held = 0
    for last, value in enumerate(values):
        held += value
        while first < last and held - values[first] >= wanted:
            held -= values[first]
            first += 1
        if held >= wanted and last - first < best[1] - best[0]:
            best = first, last
    return best


def candidates(config: EngineConfig, memory: MemoryTiming) -> Iterator[Candidate]:
    """The changes that are tried, as far as such an engine can be built. Sizes of the array are not among them."""
    rate = memory.bytes_per_cycle
    faster = memory if rate is None else replace(memory, bytes_per_cycle=2 * rate)
    wider = rate is None or 2 * rate > config.bus_bytes
    changes: list[tuple[str, dict[str, int], MemoryTiming]] = [
        ("bandwidth", {"bus_bits": 2 * config.bus_bits} if wider else {}, faster),
        ("a faster memory", {}, replace(memory, read_latency=max(1, memory.read_latency // 2))),
        ("on-chip memory", {"activation_bytes": 2 * config.activation_bytes}, memory),
        ("on-chip memory", {"weight_bytes": 2 * config.weight_bytes}, memory),
        ("on-chip memory", {"accumulator_depth": 2 * config.accumulator_depth}, memory),
        ("multipliers", {"requantise_lanes": 2 * config.requantise_lanes}, memory),
        ("queues", {"queue_depth": 2 * config.queue_depth}, memory),
        ("buffers", {"max_outstanding": 2 * config.max_outstanding}, memory),
        ("lanes", {"dw_channels": 2 * config.dw_channels}, memory),
        ("fewer lanes", {"dw_channels": config.dw_channels // 2}, memory),
    ]
    for costs, sizes, timing in changes:
        settings = [f"{name}={value}" for name, value in sizes.items()]
        try:
            changed = replace(config, **sizes, name=",".join((config.name, *settings)))
            timing.beat_spacing(changed)
        except (ConfigError, MemoryTimingError):
            continue
        settings += [f"{name}={value:g}" for name, value in timing.as_dict().items()
                     if value is not None and value != memory.as_dict()[name]]
        yield Candidate(change=", ".join(settings), costs=costs, config=changed, memory=timing)


def tried(source: Source, config: EngineConfig, memory: MemoryTiming, cycles: int) -> list[dict[str, Any]]:
    """What each candidate is worth beside `cycles`, the fastest first; says on standard error what is being timed.

    Those on which the network does not fit are left out.
    """
    result = []
    options = list(candidates(config, memory))
    for number, candidate in enumerate(options, 1):
        print(f"  {number} of {len(options)}: {candidate.change}", file=sys.stderr, flush=True)
        try:
            run = plan_network(source, candidate.config, candidate.memory).run
        except CompileError:
            continue
        result.append({"change": candidate.change, "costs": candidate.costs, "cycles": run.cycles,
                       "speedup": cycles / run.cycles,
                       "utilisation": source.network.macs / (engine_lanes(candidate.config) * run.cycles)})
    return sorted(result, key=lambda row: row["cycles"])


def advice_text(report: Mapping[str, Any]) -> str:
    """The loss in one line, and if changes were tried the best; then the table of all."""
    advice, found = report["advice"], report["advice"]["loss"]
    where = f", {found['share_of_layers']:.0%} of that {_where(report)}" if found["layers"] else ""
    line = (f"  {found['unit']} loses most to {found['key'].replace('_', ' and ')}: {found['share']:.1%} of all"
            f" cycles{where}")
    if "tried" not in advice:
        return f"{line} (by the account; --advise tries changes)"
    best = next((row for row in advice["tried"] if row["costs"] != "lanes"), None)
    if best is None or best["speedup"] < WORTH:
        verdict = "none of the changes tried helps without more lanes"
    else:
        verdict = f"{best['change']} would give {best['speedup']:.2f}×"
    table = [("  change", "costs", "cycles", "speed", "lanes used")]
    table += [(f"  {row['change']}", row["costs"], f"{row['cycles']:,}", f"{row['speedup']:.3f}×",
               f"{row['utilisation']:.1%}") for row in advice["tried"]]
    return "\n".join([f"{line}; {verdict} (the whole network planned and timed again with each change)", "",
                      *aligned(table, left=2)])


def _where(report: Mapping[str, Any]) -> str:
    first, last = report["advice"]["loss"]["layers"]
    if first == last:
        return f"in {first}"
    return f"from {first} on" if last == report["layers"][-1]["name"] else f"from {first} to {last}"
