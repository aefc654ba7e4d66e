"""What the tokens of a program guarantee: which commands have ended, whatever the delays, when one starts.

Three facts about the engine are taken for granted, and nothing about its speed: a command starts when each unit's
count of ended commands has reached what it waits for; a unit starts its commands in program order; it ends them in
program order.
"""

from collections.abc import Iterator, Sequence

from hw.commands import UNITS
from hw.program import Program
from hw.proof.errors import ProofError

Clock = tuple[int, ...]
"""By unit: that many of its commands have ended, at the least."""


def name_of(program: Program, unit: str, number: int) -> str:
    """The `number`-th command of a unit, for people."""
    layer = [command.layer for command in program.commands if command.unit == unit][number]
    return f"{unit} command {number} of {dict(enumerate(program.layers)).get(layer, f'layer {layer}')}"


def clocks(program: Program) -> Iterator[tuple[int, Clock]]:
    """Of each command in program order: its number among those of its unit, and what has ended when it starts.

    Raises `ProofError` for a program that may hang. One in which all waits are for commands that come earlier can not:
    take the oldest command that has not ended. All it waits for has. All that were delivered before it have left their
    queues, so no full queue holds it up, however short; it is the head of its own. It starts, and ends. Counts do not
    wrap: `hw.commands` encodes no program with that many commands.
    """
    started: list[Clock] = [(0,) * len(UNITS)] * len(UNITS)
    ended: list[list[Clock]] = [[] for _ in UNITS]
    for command in program.commands:
        unit = UNITS.index(command.unit)
        number = len(ended[unit])
        clock = started[unit]
        for other, name in enumerate(UNITS):
            wait = command.waits.get(name, 0)
            if not 0 <= wait <= len(ended[other]):
                raise ProofError(f"{name_of(program, command.unit, number)} waits for {wait} commands of {name}, of"
                                 f" which {len(ended[other])} come before it: a deadlock")
            if wait:
                clock = _later(clock, ended[other][wait - 1])
        yield number, clock
        started[unit] = clock
        end = _later(clock, ended[unit][-1]) if number else clock
        ended[unit].append((*end[:unit], number + 1, *end[unit + 1:]))


def _later(first: Sequence[int], second: Sequence[int]) -> Clock:
    return tuple(map(max, first, second))
