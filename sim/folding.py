"""Reshapes that change nothing for the engine: a map flattened for a fully connected layer is read as it lies."""

from dataclasses import replace
from math import prod

from golden.layer import LayerSpec
from golden.network import Network


def folded(network: Network) -> Network:
    """`network` without the reshapes that only flatten a map for fully connected layers, which then read the map.

    Rows, columns, channels is the order of both.
    """
    gone = {spec.name: network.inputs_of(spec.name)[0] for spec in network.layers if _flattens(network, spec)}
    sources = {name: network.layer(name).input_shape for name in gone}
    layers, inputs = [], []
    for spec, names in zip(network.layers, network.inputs, strict=True):
        if spec.name not in gone:
            layers.append(replace(spec, input_shape=sources[names[0]]) if names[0] in gone else spec)
            inputs.append(tuple(gone.get(name, name) for name in names))
    return replace(network, layers=tuple(layers), inputs=tuple(inputs))


def _flattens(network: Network, spec: LayerSpec) -> bool:
    readers = network.consumers(spec.name)
    return (spec.op == "reshape" and spec.output_shape == (1, 1, prod(spec.input_shape)) and bool(readers)
            and spec.name != network.layers[0].name
            and all(network.layer(name).op == "fully_connected" for name in readers))
