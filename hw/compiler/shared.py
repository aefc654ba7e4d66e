"""Programs that are compiled once for all engines they are the same for."""

import dataclasses
from collections.abc import Hashable, Sequence

from golden.quantise import Rounding
from hw.compiler.cascade import compile_cascades
from hw.compiler.layers import Layer
from hw.compiler.rings import Ring
from hw.compiler.stripes import Schedule
from hw.config import NOT_OF_A_PROGRAM, EngineConfig
from hw.program import Program

UNREAD = (*NOT_OF_A_PROGRAM, "requantise_lanes", "max_outstanding")
"""Fields of a configuration that the compiler does not look at."""


def compiled_for(config: EngineConfig) -> Hashable:
    """What engines with the same programs have in common: all that the compiler looks at."""
    return tuple(value for name, value in config.as_dict().items() if name not in UNREAD)


class SharedPrograms:
    """`compile_cascades` of layers without numbers, which does not compile again what it has compiled.

    It keeps all programs, so it is for a few engines that have them in common.
    """

    def __init__(self) -> None:
        self._programs: dict[Hashable, Program] = {}

    def __call__(self, cascades: Sequence[tuple[Sequence[Layer], Schedule]], config: EngineConfig,
                 rounding: Rounding = "double", held: Ring | None = None) -> Program:
        place = held and (held.shape, held.rows, held.kept, held.base, held.stride)
        key = (compiled_for(config), tuple((tuple(layers), schedule) for layers, schedule in cascades), rounding, place)
        if key not in self._programs:
            self._programs[key] = compile_cascades(cascades, config, rounding, held)
        return dataclasses.replace(self._programs[key], config=config)
