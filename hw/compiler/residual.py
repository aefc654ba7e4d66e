"""Residual adds: in which stage of a cascade they happen, their identity tiles and their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer
from golden.layer import LayerSpec, QuantisedLayer
from golden.pool import AveragePoolLayer, MeanLayer
from golden.quantise import INT8_MAX, INT8_MIN
from hw.commands import RESIDUAL
from hw.compiler.errors import CompileError
from hw.compiler.layers import Layer, ResidualAdd, spec_of, unit_of
from hw.compiler.pool import PoolNumbers, pool_numbers
from hw.config import EngineConfig

Numbers = QuantisedLayer | PoolNumbers | None
"""What a stage computes with; None if only shapes are known."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What one unit does in a cascade: a layer, and the add that follows it, if one does.

    Parameters
    ----------
    spec: of the layer
    layer: its place among the layers of the cascade
    name: of the tensor it makes
    """

    spec: LayerSpec
    numbers: Numbers
    layer: int
    name: str
    add: ResidualAdd | None = None


def stages(layers: Sequence[Layer]) -> list[Stage]:
    """The stages of a cascade. An add that no layer of the systolic array precedes gets an identity of its own."""
    result: list[Stage] = []
    for index, layer in enumerate(layers):
        if not isinstance(layer, ResidualAdd):
            spec = spec_of(layer)
            result.append(Stage(spec=spec, numbers=_numbers(layer), layer=index, name=spec.name))
            continue
        if not result or result[-1].add or unit_of(result[-1].spec) != "pointwise":
            result.append(_identity(layer, index))
        result[-1] = replace(result[-1], add=layer, name=spec_of(layer).name)
    return result


def _numbers(layer: Layer) -> Numbers:
    if isinstance(layer, AveragePoolLayer | MeanLayer):
        return pool_numbers(layer)
    return layer if isinstance(layer, QuantisedLayer) else None


def _identity(add: ResidualAdd, index: int) -> Stage:
    """A pointwise layer whose output is its input: the other operand of the add."""
    shape = spec_of(add).input_shape
    name = spec_of(add).name
    spec = LayerSpec(name=name, op="pointwise", input_shape=shape, output_shape=shape)
    numbers = None
    if isinstance(add.layer, AddLayer):
        channels, zero_point = shape[2], add.layer.input_zero_points[1 - add.operand]
        numbers = QuantisedLayer(  # 2³⁰ · 2 ÷ 2³¹: a multiplier of exactly one
            spec=spec, weights=np.eye(channels, dtype=np.int8),
            bias=np.zeros(channels, np.int32), multiplier=np.full(channels, 1 << 30, np.int64),
            shift=np.ones(channels, np.int64), input_zero_point=zero_point, output_zero_point=zero_point,
            minimum=INT8_MIN, maximum=INT8_MAX)
    return Stage(spec=spec, numbers=numbers, layer=index, name=name)


def residual_passes(config: EngineConfig) -> int:
    """Blocks of `pe_rows` channels that a block of `pe_cols` output channels may lie in."""
    octets, word = config.slices_per_block, config.slices_per_word
    unit = gcd(octets, word)
    return max(-(-(first + octets) // word) for first in range(0, word, unit))


def identity_tiles(blocks: int, zero_point: int, config: EngineConfig) -> NDArray[np.int8]:
    """(blocks, residual_passes · pe_rows, pe_cols): weights that hand the residual's channels to their columns."""
    if zero_point == INT8_MAX:
        raise CompileError(f"a residual beside weights of zero point {zero_point}: there is no weight of one")
    rows, cols, passes = config.pe_rows, config.pe_cols, residual_passes(config)
    tiles = np.full((blocks, passes * rows, cols), zero_point, np.int8)
    for block in range(blocks):
        first = block * cols // rows * rows
        for column in range(cols):
            tiles[block, block * cols + column - first, column] += 1
    return tiles


def add_fields(add: ResidualAdd) -> Mapping[str, int]:
    """Numbers of the add, for the pointwise command that does it."""
    layer = add.layer
    if isinstance(layer, LayerSpec):
        return dict.fromkeys(RESIDUAL, 0)
    own = 1 - add.operand
    return {
        "residual_zero_point": layer.input_zero_points[add.operand],
        "residual_multiplier": layer.multipliers[add.operand], "residual_shift": -layer.shifts[add.operand],
        "operand_multiplier": layer.multipliers[own], "operand_shift": -layer.shifts[own],
        "sum_multiplier": layer.multipliers[2], "sum_shift": -layer.shifts[2],
        "sum_zero_point": layer.output_zero_point, "sum_minimum": layer.minimum, "sum_maximum": layer.maximum,
    }
