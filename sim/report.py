"""Reports of a cascade's run: the machine-readable form (schema 1) and the same as text."""

from collections.abc import Sequence
from typing import Any

from golden.layer import LayerSpec
from hw.account import KEYS
from hw.compiler.layers import as_convolution, unit_of
from hw.config import KERNEL, EngineConfig
from hw.memory_timing import MemoryTiming
from sim.account import StallAccount
from sim.model.engine import ModelRun

SCHEMA = 1

BOUNDS = {"pointwise": "the systolic array", "depthwise": "the depthwise lanes", "bus": "the bus"}


def lanes(config: EngineConfig, unit: str) -> int:
    return config.depthwise_lanes if unit == "depthwise" else config.pointwise_lanes


def engine_lanes(config: EngineConfig) -> int:
    return config.pointwise_lanes + config.depthwise_lanes


def layer_rows(specs: Sequence[LayerSpec], run: ModelRun, config: EngineConfig,
               spent: StallAccount) -> list[dict[str, Any]]:
    """A row per layer: what its commands did, and what their units' cycles were `spent` on.

    DRAM bytes are those of its tensors and weights.
    An add that happens in the commands of the layer before it has that layer's times, and nothing of its own.
    """
    done: list[list[tuple[str, int, int, int]]] = [[] for _ in specs]
    for name, times in run.units.items():
        for command, start, end, work in zip(times.commands, times.started, times.ended, times.busy, strict=True):
            done[command.layer].append((name, start, end, work))
    rows: list[dict[str, Any]] = []
    for spec, account, commands in zip(specs, spent.layers(len(specs)), done, strict=True):
        unit = unit_of(as_convolution(spec))
        started, ended = [start for _, start, _, _ in commands], [end for _, _, end, _ in commands]
        busy = sum(work for name, _, _, work in commands if name == unit)
        moved = {mover: config.bus_bytes * sum(work for name, _, _, work in commands if name == mover)
                 for mover in ("load", "weights", "store")}
        if not started:
            started, ended = [rows[-1]["start"]], [rows[-1]["end"]]
        rows.append({
            "name": spec.name, "op": spec.op, "unit": unit, "macs": spec.macs, "start": min(started), "end": max(ended),
            "cycles": max(ended) - min(started), "busy": busy,
            "utilisation": spec.macs / (lanes(config, unit) * busy) if spec.macs else 0.0,
            "dram_read_bytes": moved["load"] + moved["weights"], "dram_write_bytes": moved["store"], "account": account,
        })
    return rows


def run_report(specs: Sequence[LayerSpec], run: ModelRun, config: EngineConfig, clock_mhz: float) -> dict[str, Any]:
    """Layers, units and total of one program's run."""
    macs, spent = sum(spec.macs for spec in specs), StallAccount(run)
    return {
        "layers": layer_rows(specs, run, config, spent),
        "units": spent.units(),
        "total": {"macs": macs, "cycles": run.cycles, "utilisation": macs / (engine_lanes(config) * run.cycles),
                  "dram_read_bytes": run.read_bytes, "dram_write_bytes": run.write_bytes,
                  "frames_per_second": clock_mhz * 1e6 / run.cycles},
    }


def heading(network: str, config: EngineConfig, memory: MemoryTiming, clock_mhz: float) -> dict[str, Any]:
    return {"schema": SCHEMA, "network": network, "config": config.as_dict(), "memory": memory.as_dict(),
            "clock_mhz": clock_mhz}


def bound(report: dict[str, Any], config: EngineConfig) -> tuple[str, float]:
    """What would still take longest if nothing ever waited, and its share of the cycles."""
    total = report["total"]["cycles"]
    moved = report["total"]["dram_read_bytes"] + report["total"]["dram_write_bytes"]
    loads = {unit: report["units"][unit]["busy"] for unit in ("pointwise", "depthwise")}
    loads["bus"] = -(-moved // config.bus_bytes)
    unit = max(loads, key=lambda name: loads[name])
    return unit, loads[unit] / total


def engine_line(config: EngineConfig, memory: MemoryTiming, clock_mhz: float) -> str:
    rate = float(memory.bytes_per_cycle) if memory.bytes_per_cycle is not None else config.bus_bytes
    return (f"{config.name}: {config.pe_rows} × {config.pe_cols} × {config.pe_pixels} pointwise"
            f" + {config.dw_channels} × {KERNEL * KERNEL} depthwise lanes, {config.memory_bytes // 1024} KiB;"
            f" memory {rate:g} bytes a cycle, read latency {memory.read_latency}; {clock_mhz:g} MHz")


def shape_text(spec: LayerSpec) -> str:
    return " → ".join("×".join(map(str, shape)) for shape in (spec.input_shape, spec.output_shape))


def run_text(title: str, specs: Sequence[LayerSpec], report: dict[str, Any], config: EngineConfig) -> str:
    """One program's run as text: a table of its layers, then where the cycles went."""
    total = report["total"]
    moved = total["dram_read_bytes"] + total["dram_write_bytes"]
    unit, share = bound(report, config)
    lines = [title, ""]
    table = [("layer", "shape", "MACs", "start", "end", "busy", "lanes used", "most lost to", "DRAM read", "written")]
    for spec, row in zip(specs, report["layers"], strict=True):
        table.append((row["name"], shape_text(spec), f"{row['macs']:,}", f"{row['start']:,}", f"{row['end']:,}",
                      f"{row['busy']:,}", f"{row['utilisation']:.1%}", _loss(row),
                      f"{row['dram_read_bytes']:,}", f"{row['dram_write_bytes']:,}"))
    lines += aligned(table, left=2)
    lines += [
        "",
        (f"  {total['cycles']:,} cycles ({total['frames_per_second']:,.0f} a second); {total['utilisation']:.1%} of all"
        f" {engine_lanes(config)} lanes busy with MACs"),
        (f"  {moved:,} bytes moved, {total['macs'] / moved:.1f} MACs a byte; bound by {BOUNDS[unit]},"
        f" busy {share:.1%} of the time"),
        "",
    ]
    account_table: list[tuple[str, ...]] = [("  cycles of", *KEYS)]
    for name, cycles in report["units"].items():
        account_table.append((f"  {name}", *(f"{cycles[key] / total['cycles']:.1%}" if cycles[key] else "·"
                                             for key in KEYS)))
    return "\n".join([*lines, *aligned(account_table, left=1)])


def _loss(row: dict[str, Any]) -> str:
    """What most of the cycles went to that the layer's own unit had it and was not busy."""
    lost = {key: cycles for key, cycles in row["account"].get(row["unit"], {}).items() if key != "busy"}
    key = max(lost, key=lambda name: lost[name], default="")
    return f"{key} {lost[key]:,}" if key and lost[key] else "·"


def aligned(table: Sequence[tuple[str, ...]], *, left: int) -> list[str]:
    """Rows with their columns lined up; the first `left` columns on the left."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) if column < left else cell.rjust(width)
                      for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in table]
