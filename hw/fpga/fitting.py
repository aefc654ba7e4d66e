"""A configuration with the blocks of the device it is built for."""

import dataclasses

from hw.config import EngineConfig
from hw.fpga.targets import Target


def for_target(config: EngineConfig, target: Target) -> EngineConfig:
    """`config` with the multipliers of `target`, as many blocks as it has.

    As it is if it names its multipliers itself, or if the family has none of its own: programs run on either, in the
    same cycles. Raises `ConfigError` if the device has too few blocks for the requantisers alone.
    """
    own = target.family.multiplier
    if config.multiplier != "portable" or own is None:
        return config
    return dataclasses.replace(config, multiplier=own, dsp_multipliers=target.resources.dsp)
