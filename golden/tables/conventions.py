"""The ways in which papers count multiply-adds and parameters, each with a name."""

from collections.abc import Callable
from dataclasses import dataclass

from golden.tables.counted import CountedLayer, CountedNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """A named way of counting a network."""

    name: str
    text: str
    count: Callable[[CountedNetwork], int]


def _biases(network: CountedNetwork) -> int:
    return sum(layer.biases for layer in network.layers)


def _normalised(network: CountedNetwork) -> int:
    return sum(layer.normalised for layer in network.layers)


MACS = Convention(
    name="macs",
    text="one multiply-add per weight and output position, taps on padding included, every layer with weights",
    count=lambda network: network.macs,
)
CONVOLUTIONS = Convention(
    name="conv-macs",
    text="as macs, without fully connected layers",
    count=lambda network: sum(layer.macs for layer in network.layers if layer.op != "fully_connected"),
)
INSIDE = Convention(
    name="inside-macs",
    text="as macs, without taps that fall on padding",
    count=lambda network: sum(layer.macs_inside for layer in network.layers),
)
OPERATIONS = Convention(
    name="operations",
    text="multiplication and addition counted apart: 2 × macs",
    count=lambda network: 2 * network.macs,
)
BODY_MACS = Convention(
    name="body-macs",
    text="as macs, without the classifier",
    count=lambda network: network.macs - _classifier(network).macs,
)
AFTER_FIRST_MACS = Convention(
    name="after-first-macs",
    text="as macs, without the first convolution",
    count=lambda network: network.macs - network.layers[0].macs,
)
WEIGHTS = Convention(
    name="weights",
    text="weights only",
    count=lambda network: network.weights,
)
BIASED = Convention(
    name="weights+biases",
    text="weights and trained biases",
    count=lambda network: network.weights + _biases(network),
)
STORED = Convention(
    name="stored",
    text="weights, biases, and the four numbers of each batch normalisation: scale, offset, mean, variance",
    count=lambda network: network.weights + _biases(network) + 4 * _normalised(network),
)
THREE_NORMS = Convention(
    name="weights+3",
    text="weights, biases, and three numbers (not four) of each batch normalisation",
    count=lambda network: network.weights + _biases(network) + 3 * _normalised(network),
)
BODY_WEIGHTS = Convention(
    name="body-weights",
    text="weights only, without the classifier",
    count=lambda network: network.weights - _classifier(network).weights,
)

CONVENTIONS = (
    MACS, CONVOLUTIONS, INSIDE, BODY_MACS, AFTER_FIRST_MACS, OPERATIONS,
    WEIGHTS, BODY_WEIGHTS, BIASED, THREE_NORMS, STORED,
)  # fmt: skip


def _classifier(network: CountedNetwork) -> CountedLayer:
    return [layer for layer in network.layers if layer.weights][-1]
