"""Which points to time if there are too many."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import zip_longest
from math import prod

from golden.layer import LayerSpec
from golden.network import Network
from hw.config import EngineConfig


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


def most_promising(configs: Sequence[EngineConfig], network: Network, limit: int) -> list[EngineConfig]:
    """At most `limit` of them: each datapath with its largest memories first, those with fewest `least_cycles` ahead;
    then each with its next smaller ones, and so on. In the order given."""
    variants: dict[Hashable, list[EngineConfig]] = defaultdict(list)
    for config in configs:
        variants[datapath(config)].append(config)
    for group in variants.values():
        group.sort(key=lambda config: -config.memory_bytes)
    groups = sorted(variants.values(), key=lambda group: least_cycles(network, group[0]))
    rounds = [config for row in zip_longest(*groups) for config in row if config is not None]
    chosen = {config.hash for config in rounds[:limit]}
    return [config for config in configs if config.hash in chosen]
