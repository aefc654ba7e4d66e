"""How far a program in RTL has come."""

import sys
from collections import Counter
from collections.abc import Collection

from hw.commands import UNITS
from hw.program import Program


class Progress:
    """Prints a line on standard error as the last command of each layer ends: its cycle, the share of them all, and
    what has been found of its tensor.

    An `OnEvent` of `hw.rtl`.

    Parameters
    ----------
    program, cycles: what runs, and the model's cycles of it
    exact: names of tensors that have been found to be golden's, so far; None if nobody compares
    """

    def __init__(self, program: Program, cycles: int, exact: Collection[str] | None = None) -> None:
        self.program, self.cycles, self.exact = program, cycles, exact
        stores = [command for command in program.commands if command.unit == "store"]
        self._tensors = {stores[number].layer: tensor.name for number, tensor in program.stored.items()}
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
            print(f"  {name}  ended in cycle {cycle:>{len(f'{self.cycles:,}')},}, {cycle / self.cycles:4.0%}"
                  + self._verdict(layer), file=sys.stderr, flush=True)

    def _verdict(self, layer: int) -> str:
        if self.exact is None:
            return ""
        return ", bit-exact" if self._tensors.get(layer) in self.exact else ", on chip"
