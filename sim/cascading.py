"""Which layers of a chain run as one cascade."""

from collections.abc import Sequence
from dataclasses import replace

from golden.layer import LayerSpec
from golden.network import INPUT
from hw.compiler.cascade import Schedule, placement_of, schedules
from hw.compiler.channels import channel_rings
from hw.compiler.errors import CompileError
from hw.compiler.layers import (
    Layer,
    ResidualAdd,
    as_convolution,
    is_cropped,
    over_patches,
    passes_of,
    spec_of,
    takes_patches,
    unit_of,
)
from hw.compiler.rings import Ring
from hw.compiler.squares import over_squares, takes_squares
from hw.config import EngineConfig

FUSED = (("depthwise", "pointwise"), ("conv", "depthwise"), ("conv", "depthwise", "pointwise"),
         ("pointwise", "depthwise"), ("pointwise", "depthwise", "pointwise"))
"""Layers that run as one cascade when they follow one another."""

WORTH = 0.03
"""Share of the cycles that makes two cascades worth being one."""

PLAIN = Schedule(stripe_rows=1)
"""What a cascade in mid-network wants; the rows are the search's to choose."""

Chain = Sequence[tuple[Layer, ...]]
"""Cascades that follow one another."""


def fuses(specs: Sequence[LayerSpec]) -> bool:
    """Whether the layers run as one cascade; an add is the end of the one it follows."""
    *ops, last = (as_convolution(spec).op for spec in specs)
    if is_cropped(specs[0]) or "add" in ops:
        return False
    return last == "add" or (*ops, last) in FUSED


def cascades(layers: Sequence[Layer]) -> list[tuple[Layer, ...]]:
    """A chain cut into cascades: separable pairs, and inverted bottlenecks; what is added later on ends one."""
    result: list[tuple[Layer, ...]] = []
    added = added_by([layers])
    for layer in layers:
        before = result[-1] if result else ()
        if before and spec_of(before[-1]).name not in added and fuses([spec_of(other) for other in (*before, layer)]):
            result[-1] = (*before, layer)
        else:
            result.append((layer,))
    return result


def alone(chain: Chain) -> list[tuple[Layer, ...]]:
    """Each layer of the chain by itself; an add stays with the layer before it."""
    result: list[tuple[Layer, ...]] = []
    for layer in (layer for cascade in chain for layer in cascade):
        if result and isinstance(layer, ResidualAdd) and not is_cropped(spec_of(result[-1][0])):
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
                bridge = (*last, layers[first - 1])
                if fits(bridge, config, PLAIN):
                    tail = joined([bridge, *pairs], config, picture=not head, kept=True)
                    return [*joined(head, config), *tail]
    return joined(chain, config)


def joined(chain: Chain, config: EngineConfig, *, picture: bool = True,
           kept: bool = False) -> list[tuple[Layer, ...]]:
    """The chain with neighbours made one cascade where that takes load off what holds them up, and fits.

    That is the bus, if a tensor between them is spared, or one of the datapaths that has less to do in the other. The
    first may read the network's input, the `picture`; with `kept`, tensors between cascades are on chip anyway.
    """
    result: list[tuple[Layer, ...]] = []
    for index, layers in enumerate(chain):
        before = result[-1] if result else ()
        inner = not before or spec_of(before[-1]).name not in added_by(chain[index + 1:])
        both = (*before, *layers)
        wanted = over_picture(both, config) if picture and len(result) == 1 else PLAIN
        if before and inner and _gains(before, layers, config, kept=kept) and fits(both, config, wanted):
            result[-1] = both
        else:
            result.append(layers)
    return result


def divided(chain: Chain, config: EngineConfig) -> list[tuple[Layer, ...]]:
    """The chain with cascades that fit in no way cut in two, and again, into the longest beginnings that do fit.

    An add stays with the layer before it. A layer that does not fit by itself is left for the search to refuse.
    """
    result: list[tuple[Layer, ...]] = []
    for layers in chain:
        rest = layers
        while rest:
            wanted = PLAIN if result else over_picture(rest, config)
            ends = [end for end in range(len(rest), 0, -1)
                    if end == len(rest) or not isinstance(rest[end], ResidualAdd)]
            end = next((end for end in ends if fits_in_rows(rest[:end], config, wanted)), ends[-1])
            result.append(rest[:end])
            rest = rest[end:]
    return result


def fits_in_rows(layers: Sequence[Layer], config: EngineConfig, wanted: Schedule) -> bool:
    """Whether a cascade fits with any schedule that is `wanted` in all but its rows and whether it is tight."""
    return any(fits(layers, config, replace(wanted, stripe_rows=schedule.stripe_rows, tight=tight))
               for tight in (False, True) for schedule in schedules(layers))


def added_by(cascades: Sequence[Sequence[Layer]]) -> set[str]:
    """Tensors that layers of these cascades add to their own."""
    return {layer.residual for layers in cascades for layer in layers if isinstance(layer, ResidualAdd)}


def _gains(before: tuple[Layer, ...], behind: tuple[Layer, ...], config: EngineConfig, *, kept: bool) -> bool:
    """Whether the two would be shorter by `WORTH` as one, if the longest of datapaths and bus were all there is."""
    last, first = spec_of(before[-1]), spec_of(behind[0])
    plain = last.output_shape == first.input_shape and as_convolution(first).op != "conv"
    if last.name in added_by([behind]):  # by the reader that has it anyway, and no other
        plain = plain and unit_of(as_convolution(first)) == "pointwise"
    apart = max(_loads(before, config, kept=kept)) + max(_loads(behind, config, kept=kept))
    return plain and max(_loads((*before, *behind), config, kept=kept)) < (1 - WORTH) * apart


def _loads(layers: Sequence[Layer], config: EngineConfig, *, kept: bool = False) -> tuple[int, int, int]:
    """Least cycles of the systolic array, the depthwise unit and the bus for a cascade.

    It runs from DRAM to DRAM, unless both ends are `kept` on chip.
    """
    array = windows = 0
    ends = () if kept else (spec_of(layers[0]).input_shape, spec_of(layers[-1]).output_shape)
    moved = sum(height * width * -(-channels // config.pe_rows) * config.pe_rows for height, width, channels in ends)
    for layer in layers:
        spec = as_convolution(spec_of(layer))
        height, width, channels = spec.output_shape
        if unit_of(spec) == "depthwise":
            windows += height * width * -(-channels // config.dw_channels)
        elif spec.op != "add":
            blocks = -(-channels // config.pe_cols)
            array += -(-height * width // config.pe_pixels) * passes_of(spec, config) * blocks
            moved += passes_of(spec, config) * config.pe_rows * config.pe_cols * blocks
    return array, windows, moved // config.bus_bytes


def shapes(layers: Sequence[Layer], source: str = INPUT) -> tuple[Layer, ...]:
    """The layers without numbers, and the tensor `source` called as the input of a network."""
    return tuple(ResidualAdd(layer=layer.spec, operand=layer.operand,
                             residual=INPUT if layer.residual == source else layer.residual)
                 if isinstance(layer, ResidualAdd) else spec_of(layer) for layer in layers)


def over_picture(layers: Sequence[Layer], config: EngineConfig) -> Schedule:
    """What the network's first cascade wants; patches can't be added later on.

    Windows take the systolic array fewer passes, squares fewer bytes: whichever is less than all else there is to do.
    """
    first, *others = shapes(layers)
    if INPUT in added_by([layers]) or not takes_patches(spec_of(first), config):
        return PLAIN
    windows, squares = replace(PLAIN, patches="windows"), replace(PLAIN, patches="squares")
    if not takes_squares(as_convolution(spec_of(first))) or not fits(layers, config, squares):
        return windows
    fewer_passes, fewer_bytes = (max(_loads((over(first), *others), config)) for over in (over_patches, over_squares))
    return squares if fewer_bytes < fewer_passes else windows


def fits(layers: Sequence[Layer], config: EngineConfig, schedule: Schedule, held: Ring | None = None) -> bool:
    """Whether a cascade fits by itself, from DRAM, or from the ring `held`, to DRAM."""
    try:
        placement_of(shapes(layers), config, schedule, held)
    except CompileError:
        return False
    return True


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
