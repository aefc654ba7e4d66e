"""Which layers of a chain run as one cascade."""

from collections.abc import Sequence

from golden.layer import LayerSpec
from hw.compiler.cascade import channel_rings
from hw.compiler.layers import Layer, ResidualAdd, as_convolution, is_cropped, spec_of, unit_of
from hw.config import EngineConfig

FUSED = (("depthwise", "pointwise"), ("conv", "depthwise"), ("conv", "depthwise", "pointwise"),
         ("pointwise", "depthwise"), ("pointwise", "depthwise", "pointwise"))
"""Layers that run as one cascade when they follow one another."""

Chain = Sequence[tuple[Layer, ...]]
"""Cascades that follow one another."""


def fuses(specs: Sequence[LayerSpec]) -> bool:
    """Whether the layers run as one cascade; an add is the end of the one it follows."""
    *ops, last = (as_convolution(spec).op for spec in specs)
    if is_cropped(specs[0]) or "add" in ops:
        return False
    return last == "add" or (*ops, last) in FUSED


def cascades(layers: Sequence[Layer]) -> list[tuple[Layer, ...]]:
    """A chain cut into cascades: separable pairs, and inverted bottlenecks."""
    result: list[tuple[Layer, ...]] = []
    for layer in layers:
        if result and fuses([spec_of(other) for other in (*result[-1], layer)]):
            result[-1] = (*result[-1], layer)
        else:
            result.append((layer,))
    return result


def regrouped(chain: Chain, config: EngineConfig) -> list[tuple[Layer, ...]]:
    """The chain with its last separable pairs the other way round, from where whole tensors fit on chip.

    There a depthwise layer follows the pointwise one before it channel by channel, so each weight is read once.
    """
    layers = [layer for cascade in chain for layer in cascade]
    for first in range(2, len(layers)):
        tail = layers[first:]
        if _unit(layers[first - 1]) == "depthwise" and _reversible(tail):
            pairs = _reversed(tail)
            if all(channel_rings(pair, config) for pair in pairs if len(pair) == 2):
                *head, last = cascades(layers[:first - 1])
                return [*head, (*last, layers[first - 1]), *pairs]
    return list(chain)


def _unit(layer: Layer) -> str:
    return unit_of(as_convolution(spec_of(layer)))


def _reversible(layers: Sequence[Layer]) -> bool:
    """Whether pointwise layers and those of the depthwise unit take turns, from a pointwise one on."""
    units = [_unit(layer) for layer in layers]
    turns = ["pointwise", "depthwise"] * len(units)
    plain = all(as_convolution(spec_of(layer)).op != "conv" and not isinstance(layer, ResidualAdd) for layer in layers)
    return plain and len(units) > 1 and units == turns[:len(units)]


def _reversed(layers: Sequence[Layer]) -> list[tuple[Layer, ...]]:
    return [tuple(layers[index:index + 2]) for index in range(0, len(layers), 2)]
