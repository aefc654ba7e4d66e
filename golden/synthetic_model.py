"""A whole network with seeded weights: each layer's scales fit what the layers before it make."""

from golden.host import Softmax
from golden.layer import LayerSpec, Shape
from golden.model import Model, Node, Port
from golden.network import INPUT, Network
from golden.ops import Layer
from golden.softmax import softmax_constants
from golden.synthetic import output_zero_point, synthesise

INPUT_ZERO_POINT = -1
"""A picture scaled to −1 … 1, as Keras' MobileNets take it."""

_SCORE_SCALE = 0.1


def synthesise_model(network: Network, seed: int) -> Model:
    """`network` with seeded int8 weights, by `golden.synthetic`; int8 at both ends.

    The zero point of every tensor is a function of (seed, layer name), so that a layer is the same alone, in
    its network, and in every process.

    Raises
    ------
    ValueError
        When the network has a layer that is neither the engine's nor a softmax.
    """
    zero_points = {INPUT: INPUT_ZERO_POINT}
    nodes: list[Node] = []
    for spec, sources in zip(network.layers, network.inputs, strict=True):
        inputs = tuple(zero_points[source] for source in sources)
        nodes.append(_node(spec, seed, inputs))
        # A pool has its input's zero point, and so has what only looks at it.
        keeps = spec.op in ("average_pool", "softmax")
        zero_points[spec.name] = inputs[0] if keeps else output_zero_point(spec, seed)
    ports = tuple(_port(spec.name, spec.output_shape) for spec in network.layers)
    return Model(
        network=network, nodes=tuple(nodes), ports=ports,
        input=_port(INPUT, network.input_shape), output=ports[-1],
    )  # fmt: skip


def synthesised_layer(network: Network, name: str, seed: int) -> Layer:
    """The layer of that name as it is in `synthesise_model(network, seed)`, without making the others.

    Raises
    ------
    UnknownLayer
        When the network has no such layer.
    ValueError
        When the layer stays on the host.
    """
    spec = network.layer(name)
    return synthesise(spec, seed, *(_zero_point(network, source, seed) for source in network.inputs_of(name)))


def _zero_point(network: Network, source: str, seed: int) -> int:
    if source == INPUT:
        return INPUT_ZERO_POINT
    spec = network.layer(source)
    if spec.op in ("average_pool", "softmax"):
        return _zero_point(network, network.inputs_of(source)[0], seed)
    return output_zero_point(spec, seed)


def _node(spec: LayerSpec, seed: int, input_zero_points: tuple[int, ...]) -> Node:
    if spec.op == "softmax":
        multiplier, shift = softmax_constants(_SCORE_SCALE)
        return Softmax(spec=spec, multiplier=multiplier, shift=shift)
    return synthesise(spec, seed, *input_zero_points)


def _port(name: str, shape: Shape) -> Port:
    return Port(name=name, dtype="int8", shape=(1, *shape))
