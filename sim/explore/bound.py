"""Which points to time if there are too many."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import zip_longest
from math import prod

from golden.layer import LayerSpec
from golden.network import Network
from hw.config import EngineConfig
from sim.explore.candidate import Candidate
from sim.explore.choice import smaller_ones


def least_cycles(network: Network, config: EngineConfig) -> int:
    """Cycles that no schedule can go below: those of the busiest of array, requantiser, depthwise lanes and bus, if
    nothing ever waited."""
    array = windows = 0
    moved = prod(network.layers[0].input_shape) + prod(network.layers[-1].output_shape)
    for spec in network.layers:
        moved += spec.weights
        if spec.op == "depthwise":
            windows += spec.output_shape[0] * spec.output_shape[1] * -(-spec.output_shape[2] // config.dw_channels)
        elif spec.weights:
            array += _array_cycles(spec, config)
    return max(array, windows, moved // config.bus_bytes)


def _array_cycles(spec: LayerSpec, config: EngineConfig) -> int:
    height, width, channels = spec.output_shape
    taps = spec.weights // channels
    passes = -(-taps // config.pe_rows) * -(-channels // config.pe_cols)
    return max(-(-height * width // config.pe_pixels) * passes,
               height * width * channels // config.requantise_lanes)


def datapath(config: EngineConfig) -> Hashable:
    """What points that differ in nothing but their memories have in common."""
    return (config.pe_rows, config.pe_cols, config.pe_pixels, config.dw_channels, config.requantise_lanes,
            config.weight_rows_per_word, config.bus_bits)


def most_promising(points: Sequence[Candidate], network: Network, limit: int) -> list[Candidate]:
    """At most `limit` of them: each datapath with its largest memories first, then each with its next smaller ones, and
    so on. One in three of the datapaths ahead has fewest `least_cycles`, which are no more than a bound; two are the
    fastest of their size, so that there are engines of all sizes. In the order given."""
    variants: dict[Hashable, list[Candidate]] = defaultdict(list)
    for point in points:
        variants[datapath(point.config)].append(point)
    for group in variants.values():
        group.sort(key=lambda point: -point.config.memory_bytes)
    costs = {name: (least_cycles(network, group[0].config), group[0].area.lut) for name, group in variants.items()}
    fastest, of_their_size = sorted(costs, key=costs.__getitem__), _front_first(costs)
    datapaths = dict.fromkeys(name for three in zip_longest(fastest, of_their_size[::2], of_their_size[1::2])
                              for name in three if name is not None)
    rounds = [point for row in zip_longest(*(variants[name] for name in datapaths)) for point in row
              if point is not None]
    chosen = {point.config.hash for point in rounds[:limit]}
    return [point for point in points if point.config.hash in chosen]


def _front_first(costs: Mapping[Hashable, tuple[int, int]]) -> list[Hashable]:
    """Names of cycles and LUTs each: the Pareto front ahead, then the front of the others, and so on."""
    left, result = sorted(costs, key=costs.__getitem__), []
    while left:
        front, left = smaller_ones(left, lambda name: costs[name][1])
        result += front
    return result
