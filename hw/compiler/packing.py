"""Weights and parameters as the weight memories hold them."""

from math import prod

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec, QuantisedLayer
from hw.compiler.layers import input_blocks, passes_of, unit_of
from hw.compiler.pool import PoolNumbers
from hw.compiler.residual import Stage, identity_tiles, residual_passes
from hw.config import KERNEL, PARAMETER_BYTES, EngineConfig


def _parameters(layer: QuantisedLayer | PoolNumbers, channels: int) -> NDArray[np.int8]:
    """(channels, PARAMETER_BYTES): bias, multiplier, shift, little-endian; zero beyond the layer's channels."""
    rows = np.zeros((channels, PARAMETER_BYTES), np.int8)
    count = len(layer.bias)
    rows[:count, 0:4] = layer.bias.astype("<i4").view(np.int8).reshape(-1, 4)
    rows[:count, 4:8] = layer.multiplier.astype("<u4").view(np.int8).reshape(-1, 4)
    rows[:count, 8] = layer.shift.astype(np.int8)
    return rows


def pointwise_shape(spec: LayerSpec, config: EngineConfig, *, residual: bool = False) -> tuple[int, int]:
    """(output blocks, bytes of a block) of a pointwise layer in the weight memory."""
    passes = passes_of(spec, config) + (residual_passes(config) if residual else 0)
    words = passes * config.tile_words + config.parameter_words
    return -(-spec.output_shape[2] // config.pe_cols), words * config.weight_word_bytes


def depthwise_shape(spec: LayerSpec, config: EngineConfig) -> tuple[int, int]:
    """(channel blocks, bytes of a block) of a depthwise layer in its weight memory."""
    return -(-spec.output_shape[2] // config.pe_rows), config.dw_block_words * config.dw_word_bytes


def pack_pointwise(layer: QuantisedLayer, config: EngineConfig, *, residual: bool = False) -> NDArray[np.int8]:
    """`pointwise_shape` bytes: per block its weight tiles in order of input blocks, then its parameters.

    A tile is `pe_rows` rows of `pe_cols` bytes. Of a convolution each tap, top to bottom, left to right, is such a run
    of tiles. Identity tiles for a residual follow. Parameters are those of `parameter_bytes`. Channels beyond the
    layer's have weights equal to the zero point, so they add nothing. Blocks of input channels that a block of output
    channels does not take have no tiles.
    """
    channels_in, channels_out = layer.spec.input_shape[2], len(layer.bias)
    rows, cols = config.pe_rows, config.pe_cols
    taps = layer.weights.reshape(-1, channels_in, channels_out)
    ins, outs = -(-channels_in // rows), -(-channels_out // cols)
    weights = np.full((len(taps), ins * rows, outs * cols), layer.weight_zero_point, np.int8)
    weights[:, :channels_in, :channels_out] = taps
    by_block = weights.reshape(len(taps), ins, rows, outs, cols).transpose(3, 0, 1, 2, 4)
    tiles = np.stack([by_block[out][:, input_blocks(layer.spec, config, out)].reshape(-1) for out in range(outs)])
    identity = identity_tiles(outs, layer.weight_zero_point, config).reshape(outs, -1) if residual else tiles[:, :0]
    return np.concatenate([tiles, identity, parameter_bytes(layer, outs, config)], axis=1)


def parameter_bytes(layer: QuantisedLayer, blocks: int, config: EngineConfig) -> NDArray[np.int8]:
    """(blocks, bytes): of each block the biases and multipliers channel by channel, then the shifts, whole words."""
    rows = _parameters(layer, blocks * config.pe_cols).reshape(blocks, config.pe_cols, PARAMETER_BYTES)
    words = np.zeros((blocks, config.parameter_words * config.weight_word_bytes), np.int8)
    words[:, :PARAMETER_BYTES * config.pe_cols] = np.concatenate(
        [rows[:, :, :-1].reshape(blocks, -1), rows[:, :, -1]], axis=1)
    return words


def stage_shape(stage: Stage, config: EngineConfig) -> tuple[int, int]:
    """(blocks, bytes of a block) of a stage in the weight memory of its unit."""
    if unit_of(stage.spec) == "depthwise":
        return depthwise_shape(stage.spec, config)
    return pointwise_shape(stage.spec, config, residual=stage.add is not None)


def pack_stage(stage: Stage, config: EngineConfig) -> bytes:
    """`stage_shape` bytes; zeros for a stage without numbers."""
    numbers = stage.numbers
    if numbers is None:
        return bytes(prod(stage_shape(stage, config)))
    if isinstance(numbers, PoolNumbers) or unit_of(stage.spec) == "depthwise":
        return pack_depthwise(numbers, config).tobytes()
    return pack_pointwise(numbers, config, residual=stage.add is not None).tobytes()


def pack_depthwise(layer: QuantisedLayer | PoolNumbers, config: EngineConfig) -> NDArray[np.int8]:
    """`depthwise_shape` bytes: per group of `dw_channels` its taps, then its parameters, padded to words."""
    channels = layer.weights.shape[2]
    blocks = -(-channels // config.pe_rows)
    count = blocks * config.pe_rows
    taps = np.full((count, KERNEL * KERNEL), layer.weight_zero_point, np.int8)
    taps[:channels] = layer.weights.reshape(-1, channels).T
    groups = (blocks, config.dw_groups, -1)
    packed = np.concatenate([taps.reshape(groups), _parameters(layer, count).reshape(groups)], axis=2)
    words = np.zeros((blocks, config.dw_groups, config.dw_group_words * config.dw_word_bytes), np.int8)
    words[:, :, :packed.shape[2]] = packed
    return words.reshape(blocks, -1)
