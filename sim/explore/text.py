"""What was found, for people."""

from collections.abc import Mapping
from typing import Any

from hw.fpga.resources import NAMES
from hw.fpga.routing import WIRES
from sim.report import aligned

ROWS = 20
"""Lines of the front that are shown."""

LABELS = {"lut": "LUTs", "ff": "registers", "dsp": "multipliers", "bram": "memory blocks",
          WIRES: "wires", "activation_bytes": "bytes of activation memory", "weight_bytes": "bytes of weight memory",
          "dw_weight_bytes": "bytes of depthwise weight memory", "network": "what the network needs"}
"""Of what an engine may be short."""


def explore_text(report: Mapping[str, Any]) -> str:
    """The report as text."""
    return "\n".join([*_heading(report), "", *_front(report), "", *_choice(report), "", *_balance(report)])


def _heading(report: Mapping[str, Any]) -> list[str]:
    room, limits, space = report["limits"]["room"], report["limits"], report["space"]
    device = ", ".join(f"{report['device'][name]:,} {LABELS[name]}" for name in NAMES)
    timed = sum(point["cycles"] is not None for point in report["points"])
    refused = sum(space["refused"].values())
    short = ", ".join(f"{count:,} of {LABELS[name]}" for name, count in space["short_of"].items())
    memory = sum(not point["fits"] and point["short_by"].keys() - {*NAMES, WIRES} != set()
                 for point in report["points"])
    lines = [
        f"{report['network']} on {report['target_title']}: {device}",
        f"  {report['memory_text']}",
        f"  room for an engine, {limits['spare_percent']:g} % kept free: "
        + ", ".join(f"{room[name]:,} {LABELS[name]}" for name in NAMES),
        f"  {space['built']:,} engines; {refused:,} combinations more can't be built"
        + (f"; too large: {short}" if short else "; all fit the device"),
    ]
    if memory:
        lines.append(f"  {memory:,} fit the device, but the network does not fit their memories")
    if space["not_timed"]:
        lines.append(f"  {space['not_timed']:,} more fit and were left out, the less promising ones (--points)")
    error = report["area_model"]["relative_error"]
    lines += [
        f"  {timed:,} timed on the exact model, at {report['clock_mhz']:g} MHz ({report['clock_rule']})",
        f"  area by a fit to {report['area_model']['samples']} engines synthesised; error, each left out in turn: "
        + ", ".join(f"{LABELS[name]} {error[name]['mean']:.1%} (at most {error[name]['largest']:.1%})"
                    for name in ("lut", "ff"))
        + "; multipliers and memory blocks are counted"
        + ("" if error["dsp"]["largest"] == error["bram"]["largest"] == 0 else ", which is not exact for all"),
    ]
    if report["area_model"]["is_old"]:
        lines.append("  those engines were made from earlier gateware: --fit makes them anew")
    return lines


def _front(report: Mapping[str, Any]) -> list[str]:
    front = sorted((point for point in report["points"] if point["pareto"]),
                   key=lambda point: -point["frames_per_second"])
    if not front:
        return ["nothing fits: the front is empty"]
    table = [("engine", "frames/s", "cycles", "MHz", "clock is", "LUT", "FF", "DSP", "BRAM", "area is", "lanes used",
              "MB/s")]
    table += [(point["config"]["name"], f"{point['frames_per_second']:,.1f}", f"{point['cycles']:,}",
               f"{point['clock_mhz']:.1f}", point["clock_is"], *(f"{point[name]:,}" for name in NAMES),
               point["area_is"], f"{point['utilisation']:.1%}", f"{point['dram_mbytes_per_second']:,.0f}")
              for point in front[:ROWS]]
    more = [f"  and {len(front) - ROWS} more, in --json, --csv and --html"] if len(front) > ROWS else []
    title = (f"Pareto front, {len(front)} of them: frames a second against multipliers, LUTs, memory blocks and DRAM"
             " traffic")
    return [title, *aligned(table, left=1), *more]


def _choice(report: Mapping[str, Any]) -> list[str]:
    if report["choice"] is None:
        return nothing_fits(report)
    point = report["points"][report["choice"]]
    routed = point["clock_is"] == "routed"
    frames = ("computed, routed clock ÷ the exact model's cycles at that clock" if routed
              else "computed, an assumed clock ÷ the exact model's cycles")
    device, larger = report["device"], report["not_routed_fps"]
    not_routed = [] if larger is None else [
        (f"  larger engines were not routed, which takes long: up to {larger:,.1f} frames a second if at"
         f" {report['clock_mhz']:g} MHz (--route-lut {report['route_lut']})")]
    return [
        f"choice: {point['config']['name']} ({report['rule']})",
        f"  {point['frames_per_second']:,.1f} frames a second ({frames})",
        f"  {point['clock_mhz']:.1f} MHz ({'measured: placed and routed' if routed else 'assumed'})",
        "  fits: " + ", ".join(f"{point[name]:,} {LABELS[name]} ({point[name] / max(1, device[name]):.0%})"
                               for name in NAMES)
        + (" (measured: synthesised)" if point["area_is"] == "synthesised" else " (computed: the fit)"),
        f"  --config {point['use']}",
        *not_routed,
    ]


def nothing_fits(report: Mapping[str, Any]) -> list[str]:
    """Why nothing was chosen: what comes nearest, and what that is short of."""
    fitting = [point for point in report["points"] if point["fits"]]
    if fitting:
        best = max(fitting, key=lambda point: point["frames_per_second"])
        return [("nothing fits that meets the limits; the fastest that fits,"
                 f" {best['config']['name']}, makes {best['frames_per_second']:,.1f} frames a second with"
                 f" {best['dram_mbytes_per_second']:,.0f} MB/s")]
    nearest = min(report["points"], key=lambda point: max(_shares(point, report), default=0))
    short = ", ".join(f"{amount:,} {LABELS.get(name, name)}" for name, amount in nearest["short_by"].items())
    return [f"nothing fits {report['target']}: {nearest['config']['name']}, which comes nearest, is short of {short}"]


def _shares(point: Mapping[str, Any], report: Mapping[str, Any]) -> list[float]:
    has = {**point["config"], **report["limits"]["room"]}
    return [short / max(1, has.get(name, 1)) for name, short in point["short_by"].items()]


def _balance(report: Mapping[str, Any]) -> list[str]:
    share = report["depthwise_share"]
    lines = [f"balance: {share:.1%} of the network's multiply-accumulates are depthwise,"
             f" lanes in that ratio would be {share / (1 - share):.3f} : 1" if share else
             "balance: the network has no depthwise layers"]
    if not share or not report["balance"]:
        return lines
    table = [("  pointwise lanes", "depthwise lanes", "ratio", "frames/s", "lanes used", "")]
    table += [(f"  {row['pointwise_lanes']:,}", f"{row['dw_channels']} × 9", f"{row['lane_ratio']:.3f} : 1",
               f"{row['frames_per_second']:,.1f}", f"{row['utilisation']:.1%}",
               "most frames a second and lane" if row["best"] else "") for row in report["balance"]]
    return [*lines, *aligned(table, left=1)]
