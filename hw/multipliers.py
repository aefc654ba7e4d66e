"""Which multipliers of an engine take a device's blocks, and which lookup tables."""

from dataclasses import dataclass
from typing import Literal

from hw.config import EngineConfig

Kind = Literal["portable", "ecp5", "lut"]

BLOCKS_PER_REQUANTISER = 4
"""Blocks for the product of a 32-bit value and a 31-bit multiplier."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many multipliers take blocks, the first ones of each kind.

    Parameters
    ----------
    array, depthwise: of the systolic array and of the depthwise lanes; the requantisers always take blocks.
    block: what these are; rest: what the others are
    """

    array: int
    depthwise: int
    block: Kind
    rest: Kind

    def in_array(self, number: int) -> Kind:
        """Of the array's multiplier `number`."""
        return self.block if number < self.array else self.rest

    def in_depthwise(self, number: int) -> Kind:
        """Of the depthwise lanes' multiplier `number`."""
        return self.block if number < self.depthwise else self.rest


def share(config: EngineConfig) -> Share:
    """The requantisers come first, since wide products cost most in lookup tables; then the array, then depthwise."""
    if config.multiplier == "portable":
        return Share(array=0, depthwise=0, block="portable", rest="portable")
    left = config.dsp_multipliers - requantiser_blocks(config)
    array = min(left, config.pointwise_lanes)
    return Share(array=array, depthwise=min(left - array, config.depthwise_lanes), block="ecp5", rest="lut")


def requantiser_blocks(config: EngineConfig) -> int:
    """Blocks of the requantisers of both datapaths."""
    return BLOCKS_PER_REQUANTISER * (config.requantise_lanes + config.dw_channels)
