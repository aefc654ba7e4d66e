"""A network piece by piece, each from DRAM to DRAM: for those the engine does not run as one program."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from golden.layer import LayerSpec
from hw.compiler.cascade import check_supported
from hw.compiler.errors import CompileError
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from sim.report import aligned, bound, engine_lanes, engine_line, heading, run_report, shape_text
from sim.search import Planned, plan
from sim.tracer import Tracer


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A layer the engine does not run, and why."""

    name: str
    macs: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """A network cut into cascades, and what is host work from the start.

    Parameters
    ----------
    reason: why it is not one program
    macs: of the whole network
    """

    title: str
    cascades: Sequence[tuple[LayerSpec, ...]]
    host: Sequence[LeftOut]
    macs: int
    reason: str


def compared_pieces(name: str) -> Pieces:
    """A network of the papers' comparison tables, each of its layers by itself."""
    from golden.tables import compared

    network = compared(name)
    engine = [layer for layer in network.layers if not layer.host and layer.groups == 1]
    host = [LeftOut(name=layer.name, macs=layer.macs, reason=layer.host or "grouped convolution")
            for layer in network.layers if layer not in engine]
    return Pieces(title=name, cascades=[(layer.spec,) for layer in engine], host=host,
                  macs=sum(layer.macs for layer in network.layers), reason="its layers are counted one by one")


def sim_pieces(args: Namespace, pieces: Pieces, config: EngineConfig,
               memory: MemoryTiming) -> tuple[dict[str, Any], str]:
    """Report and text of the pieces the engine runs; the rest is named with its share of the MACs."""
    table = [("piece", "shape", "MACs", "cycles", "lanes used", "DRAM bytes", "bound by")]
    layers: list[dict[str, Any]] = []
    left_out = list(pieces.host)
    total = {"macs": 0, "cycles": 0, "dram_read_bytes": 0, "dram_write_bytes": 0}
    tracer = Tracer(args.trace)
    for specs in pieces.cascades:
        planned = _planned(specs, config, memory, picture=not layers)
        if isinstance(planned, CompileError):
            left_out += [LeftOut(name=spec.name, macs=spec.macs, reason=str(planned)) for spec in specs]
            continue
        tracer.model(" → ".join(spec.name for spec in specs), planned.program, planned.run)
        report = run_report(specs, planned.run, config, args.clock_mhz)
        for row in report["layers"]:
            layers.append(row | {"start": row["start"] + total["cycles"], "end": row["end"] + total["cycles"]})
        part = report["total"]
        for key in total:
            total[key] += part[key]
        unit, share = bound(report, config)
        table.append((" → ".join(spec.name for spec in specs), shape_text(specs[-1]), f"{part['macs']:,}",
                      f"{part['cycles']:,}", f"{part['utilisation']:.1%}",
                      f"{part['dram_read_bytes'] + part['dram_write_bytes']:,}", f"{unit} {share:.0%}"))
    utilisation = total["macs"] / (engine_lanes(config) * max(1, total["cycles"]))
    table.append(("sum of these", "", f"{total['macs']:,}", f"{total['cycles']:,}", f"{utilisation:.1%}",
                  f"{total['dram_read_bytes'] + total['dram_write_bytes']:,}", ""))
    macs = sum(layer.macs for layer in left_out)
    reasons = [("not run", "MACs", "because"), *((layer.name, f"{layer.macs:,}", layer.reason) for layer in left_out)]
    text = "\n".join([
        f"{pieces.title} on {engine_line(config, memory, args.clock_mhz)}", "", *aligned(table, left=2), "",
        f"Not one program: {pieces.reason}. Each piece runs alone, from DRAM to DRAM.",
        f"{len(left_out)} layers are not run and not counted, {macs / max(1, pieces.macs):.1%} of the MACs:", "",
        *aligned([(name, reason, macs) for name, macs, reason in reasons], left=2)])
    rate = args.clock_mhz * 1e6 / max(1, total["cycles"])
    about = heading(pieces.title, config, memory, args.clock_mhz)
    tracer.write(about)
    report = about | {
        "layers": layers, "total": total | {"utilisation": utilisation, "frames_per_second": rate},
        "not_run": [{"name": layer.name, "macs": layer.macs, "reason": layer.reason} for layer in left_out]}
    return report, text


def _planned(specs: Sequence[LayerSpec], config: EngineConfig, memory: MemoryTiming, *,
             picture: bool) -> Planned | CompileError:
    try:
        for spec in specs:
            check_supported(spec, picture=picture and spec is specs[0])
        return plan(specs, config, memory, picture=picture)
    except CompileError as error:
        return error
