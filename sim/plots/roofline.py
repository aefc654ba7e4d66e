"""Roofline: what each layer makes of the lanes and of the bus (Williams, Waterman, Patterson 2009)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hw.config import EngineConfig
from sim.plots.labels import Box, Point, clustered, placed
from sim.plots.style import BLACK, DARK, GREY, UNIT_COLOURS, settle
from sim.report import engine_lanes, lanes

MARKERS = {"pointwise": "s", "depthwise": "o"}

STEPS = 64
"""Pieces a slope is cut into to keep labels off it."""


def roofline(title: str, run: Mapping[str, Any], config: EngineConfig, bytes_per_cycle: float) -> Figure:
    """MACs a cycle over MACs per byte of DRAM traffic: a point for each layer, from its first start to its last end.

    Layers without MACs have no point, and neither have those that move nothing, which are named below.
    """
    figure = Figure(figsize=(8.4, 5.4), layout="constrained")
    axes = figure.add_subplot()
    rows = [(row, row["dram_read_bytes"] + row["dram_write_bytes"]) for row in run["layers"] if row["macs"]]
    points = [(row["macs"] / moved, row["macs"] / row["cycles"], row) for row, moved in rows if moved]
    total = run["total"]
    whole = (total["macs"] / (total["dram_read_bytes"] + total["dram_write_bytes"]), total["macs"] / total["cycles"])

    xs, ys = ([value, *(point[axis] for point in points)] for axis, value in enumerate(whole))
    left, right = min(xs) / 2, max(*xs, 2 * engine_lanes(config) / bytes_per_cycle) * 2
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(min(ys) / 2, engine_lanes(config) * 2),
             xlabel="MACs per byte of DRAM traffic", ylabel="MACs per cycle", title=title)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,g}")
    axes.grid(which="major", color=GREY, alpha=0.25, linewidth=0.5)
    _roofs(axes, config, bytes_per_cycle, left, right)
    for unit, marker in MARKERS.items():
        mine = [(x, y) for x, y, row in points if row["unit"] == unit]
        axes.scatter(*zip(*mine, strict=True) if mine else ((), ()), marker=marker, s=22, zorder=3,
                     color=UNIT_COLOURS[unit], edgecolors="white", linewidths=0.5, label=f"a layer, {unit}")
    axes.scatter(*whole, marker="*", s=170, zorder=4, color=BLACK, edgecolors="white", linewidths=0.7,
                 label="all layers together")
    axes.legend(loc="lower right", frameon=True, framealpha=1.0, edgecolor="white")
    unmoved = [row["name"] for row, moved in rows if not moved]
    note = "Cycles of a layer: from the start of its first command to the end of its last; layers overlap in time."
    figure.supxlabel("\n".join([note, *([f"No DRAM traffic: {', '.join(unmoved)}"] if unmoved else [])]), fontsize=7,
                     color=DARK, x=0.01, ha="left")
    _label(figure, axes, [(x, y, row["name"]) for x, y, row in points], whole)
    return figure


def _roofs(axes: Axes, config: EngineConfig, bytes_per_cycle: float, left: float, right: float) -> None:
    """The peak of each datapath and of both, under the slope of the bus."""
    peaks = [(f"{lanes(config, unit)} {unit} lanes", lanes(config, unit), UNIT_COLOURS[unit], "-", "top")
             for unit in MARKERS]
    every = engine_lanes(config)
    for text, peak, colour, line, side in [*peaks, (f"all {every} lanes", every, DARK, "--", "bottom")]:
        axes.plot((peak / bytes_per_cycle, right), (peak, peak), line, color=colour, linewidth=1.2, zorder=1)
        axes.annotate(text, (right, peak), (-2, 2 if side == "bottom" else -3), textcoords="offset points", ha="right",
                      va=side, color=colour, fontsize=7.5)
    top = every / bytes_per_cycle
    axes.plot((left, top), (left * bytes_per_cycle, every), color=BLACK, linewidth=1.2, zorder=1)
    axes.annotate(f"bus, {bytes_per_cycle:g} bytes a cycle", (top, every), (-4, 4), textcoords="offset points",
                  ha="right", va="bottom", fontsize=7.5)


def _label(figure: Figure, axes: Axes, points: Sequence[tuple[float, float, str]],
           whole: tuple[float, float]) -> None:
    """Names beside the points, where they cover nothing."""
    settle(figure)
    to_pixels = axes.transData.transform
    found = clustered([Point(*_pair(to_pixels((x, y))), name) for x, y, name in points])
    sizes = []
    for point in found:
        text = axes.text(0, 0, point.name, fontsize=6.5)
        extent = text.get_window_extent()
        text.remove()
        sizes.append((extent.width, extent.height))
    taken = [_box(item.get_window_extent().padded(5)) for item in (axes.get_legend(), *axes.texts) if item is not None]
    taken.append(_box(np.add([[-13, -13], [13, 13]], to_pixels(whole))))
    roofs = [box for line in axes.lines for box in _along(to_pixels(line.get_xydata()))]
    frame = _box(axes.get_window_extent())
    from_pixels = axes.transData.inverted().transform
    for label in placed(found, sizes, frame, taken, roofs):
        axes.annotate(label.text, _pair(from_pixels((label.x, label.y))),
                      _pair(from_pixels((label.left, label.bottom))), fontsize=6.5, va="bottom", ha="left",
                      arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 2})


def _along(ends: NDArray[np.float64]) -> list[Box]:
    """Boxes that cover a straight line between two points in pixels."""
    steps = 1 if ends[0, 1] == ends[1, 1] else STEPS
    corners = [ends[0] + (ends[1] - ends[0]) * step / steps for step in range(steps + 1)]
    return [_box((np.minimum(one, other) - 1, np.maximum(one, other) + 1)) for one, other in pairwise(corners)]


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)


def _box(extent: Any) -> Box:
    (left, bottom), (right, top) = np.asarray(extent)
    return float(left), float(bottom), float(right), float(top)
