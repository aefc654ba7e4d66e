"""How many depthwise lanes for how many pointwise ones: what the network asks for, and what the sweep found."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from golden.network import Network
from hw.config import KERNEL
from sim.explore.candidate import Candidate


def depthwise_share(network: Network) -> float:
    """Share of the network's multiply-accumulates that is depthwise."""
    return sum(spec.macs for spec in network.layers if spec.op == "depthwise") / network.macs


def balance(network: Network, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """For each number of pointwise lanes: the fastest engine of each number of depthwise channels, fewest first.

    `best` marks the number of channels with most frames a second per lane of both kinds.
    """
    fastest: dict[int, dict[int, Candidate]] = defaultdict(dict)
    for point in candidates:
        known = fastest[point.config.pointwise_lanes].get(point.config.dw_channels)
        if known is None or point.frames_per_second > known.frames_per_second:
            fastest[point.config.pointwise_lanes][point.config.dw_channels] = point
    rows = []
    for lanes, by_channels in sorted(fastest.items()):
        merit = {channels: point.frames_per_second / (lanes + KERNEL * KERNEL * channels)
                 for channels, point in by_channels.items()}
        best = max(merit, key=lambda channels: merit[channels])
        rows += [{"pointwise_lanes": lanes, "dw_channels": channels, "depthwise_lanes": KERNEL * KERNEL * channels,
                  "lane_ratio": KERNEL * KERNEL * channels / lanes, "frames_per_second": point.frames_per_second,
                  "utilisation": point.utilisation, "best": channels == best}
                 for channels, point in sorted(by_channels.items())]
    return rows
