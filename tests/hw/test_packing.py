"""Weights and parameters land where the gateware looks for them."""

import numpy as np
import pytest

from golden.synthetic import synthesise_layer
from hw.compiler.packing import pack_depthwise, pack_pointwise
from hw.config import PARAMETER_BYTES, PRESETS, EngineConfig
from tests.support.cases import depthwise, pointwise
from tests.support.configs import SKEW, TINY, WIDE

CONFIGS = pytest.mark.parametrize(
    "config", [TINY, SKEW, WIDE, PRESETS["pe1024"]], ids=lambda config: config.name
)


def parameters(layer, channel: int) -> bytes:
    if channel >= len(layer.bias):
        return bytes(PARAMETER_BYTES)
    return (
        int(layer.bias[channel]).to_bytes(4, "little", signed=True)
        + int(layer.multiplier[channel]).to_bytes(4, "little")
        + int(layer.shift[channel]).to_bytes(1, "little", signed=True)
    )


@CONFIGS
def test_pointwise(config: EngineConfig) -> None:
    channels_in, channels_out = 2 * config.pe_rows - 3, 2 * config.pe_cols - 5
    layer = synthesise_layer(
        pointwise("pw", (1, 1, channels_in), channels_out), 0, weight_zero_point=11, corner="extremes"
    )
    packed = pack_pointwise(layer, config)
    rows, cols = config.pe_rows, config.pe_cols
    assert packed.dtype == np.int8
    assert packed.shape == (2, (2 * config.tile_words + config.parameter_words) * config.weight_word_bytes)
    for block_out, block in enumerate(packed):
        for place in range(2 * rows * cols):
            channel_in, column = divmod(place, cols)
            channel_out = block_out * cols + column
            inside = channel_in < channels_in and channel_out < channels_out
            assert block[place] == (layer.weights[channel_in, channel_out] if inside else 11), (
                block_out,
                place,
            )
        rest = block[2 * rows * cols :].tobytes()
        for column in range(cols):
            found = rest[8 * column : 8 * column + 8] + rest[8 * cols + column : 8 * cols + column + 1]
            assert found == parameters(layer, block_out * cols + column)
        assert not any(rest[PARAMETER_BYTES * cols :])


@CONFIGS
def test_depthwise(config: EngineConfig) -> None:
    channels = 2 * config.pe_rows - 3
    layer = synthesise_layer(depthwise("dw", (4, 4, channels)), 0, weight_zero_point=-11, corner="extremes")
    packed = pack_depthwise(layer, config)
    assert packed.shape == (2, config.dw_block_words * config.dw_word_bytes)
    groups = packed.reshape(2 * config.dw_groups, -1)
    for group, content in enumerate(groups):
        wanted = b""
        for channel in range(group * config.dw_channels, (group + 1) * config.dw_channels):
            taps = [
                layer.weights[y, x, channel] if channel < channels else -11
                for y in range(3)
                for x in range(3)
            ]
            wanted += np.array(taps, np.int8).tobytes()
        for channel in range(group * config.dw_channels, (group + 1) * config.dw_channels):
            wanted += parameters(layer, channel)
        assert content.tobytes() == wanted + bytes(len(content) - len(wanted))


def test_padding_adds_nothing() -> None:
    """A channel beyond the layer's has weights equal to their zero point: operand 0."""
    layer = synthesise_layer(pointwise("pw", (1, 1, 1), 1), 0, weight_zero_point=7)
    tile = pack_pointwise(layer, TINY)[0, : TINY.pe_rows * TINY.pe_cols]
    assert (tile[1:] == 7).all()
