"""How far a program in RTL has come."""

import sys
from collections import Counter

from hw.commands import UNITS
from hw.program import Program


class Progress:
    """Prints a line on standard error as the last command of each layer ends: its cycle, and the share of them all.

    An `OnEvent` of `hw.rtl`. Parameters: what runs, and the model's cycles of it.
    """

    def __init__(self, program: Program, cycles: int) -> None:
        self.program, self.cycles = program, cycles
        self._layers = {unit: iter([command.layer for command in program.commands if command.unit == unit])
                        for unit in UNITS}
        self._open = Counter(command.layer for command in program.commands)
        self._width = max(len(name) for name in program.layers)

    def __call__(self, kind: str, unit: str, cycle: int) -> None:
        if kind != "ended":
            return
        layer = next(self._layers[unit])
        self._open[layer] -= 1
        if self._open[layer] == 0:
            name = self.program.layers[layer].ljust(self._width)
            print(f"  {name}  ended in cycle {cycle:>{len(f'{self.cycles:,}')},}, {cycle / self.cycles:4.0%}",
                  file=sys.stderr, flush=True)
