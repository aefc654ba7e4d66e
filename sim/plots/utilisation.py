"""Bars of the stall account: of each unit over the run, of each layer in the unit that computes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw.account import KEYS
from hw.config import EngineConfig
from sim.plots.style import BLACK, BLUE, GREY, ORANGE, PALE, PURPLE, SKY, VERMILLION, YELLOW, settle
from sim.report import lanes

LOOKS = {"busy": (BLUE, ""), "fill_drain": (SKY, ""), "data": (ORANGE, "///"), "weights": (VERMILLION, r"\\\\\\"),
         "space": (PURPLE, "xxx"), "bus": (YELLOW, "..."), "idle": (PALE, "")}
"""Of each key of the account: colour, and hatching, which is left in print without colours."""

ROW, MARGIN = 0.19, 1.5
"""Inches a bar takes, and inches for all but the bars."""


def utilisation(title: str, run: Mapping[str, Any], config: EngineConfig) -> Figure:
    """Shares of the cycles of each unit, and of the cycles a layer's own unit spent on it, with the lanes it used."""
    layers = [(row, row["account"][row["unit"]]) for row in run["layers"] if row["unit"] in row.get("account", {})]
    units = run["units"]
    figure = Figure(figsize=(8.4, MARGIN + ROW * (len(units) + len(layers) + 4 * bool(layers))), layout="constrained")
    above, *below = figure.subplots(1 + bool(layers), squeeze=False,
                                    height_ratios=[len(units), len(layers)][:1 + bool(layers)])[:, 0]
    _bars(above, list(units), list(units.values()))
    above.set_title(title)
    above.set_xlabel("share of all cycles")
    figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=len(KEYS), frameon=False,
                  handlelength=1.6, columnspacing=1.2)
    for axes in below:
        _layers(axes, layers, config)
    settle(figure)
    return figure


def _layers(axes: Axes, layers: Sequence[tuple[Mapping[str, Any], Mapping[str, int]]], config: EngineConfig) -> None:
    """A bar for each layer, with a mark at the lanes it used."""
    _bars(axes, [row["name"] for row, _ in layers], [account for _, account in layers])
    for place, (row, account) in enumerate(layers):
        cycles = sum(account.values())
        if row["macs"]:
            used = row["macs"] / (lanes(config, row["unit"]) * cycles)
            axes.plot((used, used), (place - 0.46, place + 0.46), color=BLACK, linewidth=1.6, zorder=4)
            axes.text(1.05, place, f"{used:.0%}", va="center", ha="right", fontsize=7)
        axes.text(1.13, place, f"{cycles:,}", va="center", ha="right", fontsize=7)
    axes.set_title("each layer in the unit that computes it; at the right: lanes used (the black mark), cycles")
    axes.set_xlabel("share of the cycles the unit spent on the layer")


def _bars(axes: Axes, names: Sequence[str], accounts: Sequence[Mapping[str, int]]) -> None:
    """A bar for each account, stacked in the order of the keys."""
    totals = [sum(account.values()) for account in accounts]
    ends = [0.0] * len(names)
    for key, (colour, hatch) in LOOKS.items():
        shares = [account.get(key, 0) / total for account, total in zip(accounts, totals, strict=True)]
        axes.barh(range(len(names)), shares, left=ends, height=0.8, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0.0, label=key.replace("_", " and "))
        ends = [end + share for end, share in zip(ends, shares, strict=True)]
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.tick_params(left=False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.5)
    axes.set_axisbelow(True)
