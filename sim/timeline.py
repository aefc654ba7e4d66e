"""When each unit did what in a run: the same from the model and from RTL, if the runs are equal."""

from collections.abc import Iterator
from dataclasses import dataclass

from hw.commands import UNITS, Command
from hw.memory_timing import MemoryTiming
from hw.program import Program
from hw.rtl import RtlRun
from sim.model.engine import ModelRun
from sim.model.memory import Memory

USERS = ("fetch", "load", "weights", "store")
"""Units that use the bus."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A run of `program`. All times are clock cycles since the start.

    Parameters
    ----------
    cycles: from start to interrupt
    started, ended: per unit, of each of its commands in order
    beats: per user of the bus, the cycle each of its beats moved in
    """

    program: Program
    cycles: int
    started: dict[str, list[int]]
    ended: dict[str, list[int]]
    beats: dict[str, list[int]]

    def commands(self, unit: str) -> Iterator[tuple[Command, int, int]]:
        """Each command of `unit` with its start and end."""
        mine = (command for command in self.program.commands if command.unit == unit)
        return zip(mine, self.started[unit], self.ended[unit], strict=True)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A time in which a unit has nothing under way, as its next command lacks a token.

    Parameters
    ----------
    start, end: first cycle of it, and the cycle the command starts in
    key: what is lacking: data, weights or space
    unit, count: the token: that many commands of `unit` have ended
    """

    start: int
    end: int
    key: str
    unit: str
    count: int


def of_model(program: Program, run: ModelRun) -> Timeline:
    """What the model says."""
    beats = {user: [cycle for burst in run.bursts[user] for cycle in run.memory.beat_cycles(burst)] for user in USERS}
    return Timeline(program=program, cycles=run.cycles, started={unit: run.units[unit].started for unit in UNITS},
                    ended={unit: run.units[unit].ended for unit in UNITS}, beats=beats)


def of_rtl(program: Program, run: RtlRun, timing: MemoryTiming) -> Timeline:
    """What the RTL's retire port and its memory saw; when beats move follows from when bursts were accepted."""
    memory = Memory(program.config, timing)
    beats: dict[str, list[int]] = {user: [] for user in USERS}
    for write, address, count, accepted in run.bursts:
        memory.serve(write, accepted, count)
        beats[_user(program, write, address)] += memory.beat_cycles(memory.served - 1)
    return Timeline(program=program, cycles=run.cycles, started=run.started, ended=run.ended, beats=beats)


def _user(program: Program, write: bool, address: int) -> str:
    """Whose burst it is: DRAM holds the weights, which are the image, then tensors, then the program."""
    if write:
        return "store"
    if address >= program.address:
        return "fetch"
    return "weights" if address < len(program.image) else "load"


def waits(timeline: Timeline, unit: str) -> Iterator[Wait]:
    """The times `unit` had nothing under way until a token let its next command start."""
    under_way = 0
    for command, start, end in timeline.commands(unit):
        tokens = [(timeline.ended[other][count - 1], other, count) for other, count in command.waits.items()]
        # A command starts in the cycle after its last token at the earliest; later ones waited for something else.
        last = max(tokens, default=None)
        if last is not None and last[0] + 1 == start and under_way < start:
            _, other, count = last
            key = "space" if other in command.space else "weights" if other == "weights" else "data"
            yield Wait(start=under_way, end=start, key=key, unit=other, count=count)
        under_way = max(under_way, end)
