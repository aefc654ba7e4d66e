"""Weights ahead of time: where in the program the commands stand that fetch them.

`fetch` delivers commands in program order, and one whose queue is full holds up all behind it. So a `weights` command
belongs where its words on chip are free and the bus has time for it: later the datapaths would wait for it, earlier it
would wait in front of their commands. It never comes before what it waits for, nor behind what waits for it.

Times are estimates, which only the order of commands depends on; what a program costs is the cycle model's to say.
"""

from collections.abc import Sequence

from hw.commands import UNITS, Command
from hw.config import EngineConfig

LATENCY = 60
"""Cycles from the last step of a command to its end, in a datapath or in a memory: about."""


def prefetched(commands: Sequence[Command], config: EngineConfig) -> list[Command]:
    """The program with its `weights` commands moved ahead; the order of each unit's commands stays."""
    result: list[Command] = []
    waiting = [index for index, command in enumerate(commands) if command.unit == "weights"][::-1]
    times = _Times(config)
    for index, command in enumerate(commands):
        if command.unit == "weights":
            continue
        delivered = times.delivered(command)
        while waiting and (waiting[-1] < index or times.in_time(commands[waiting[-1]], delivered)):
            result.append(commands[waiting.pop()])
            times.run(result[-1])
        times.now = delivered
        times.run(command)
        result.append(command)
    return result


class _Times:
    """About when commands run, if they come in this order: `now` is when `fetch` has come as far."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.now = self._bus = 0
        self._starts: dict[str, list[int]] = {unit: [] for unit in UNITS}
        self._ends: dict[str, list[int]] = {unit: [] for unit in UNITS}
        self._free: dict[str, int] = dict.fromkeys(UNITS, 0)

    def delivered(self, command: Command) -> int:
        """When there is a place for the command in its queue."""
        before, depth = self._starts[command.unit], self.config.queue_depth
        return max(self.now, before[-depth]) if len(before) >= depth else self.now

    def in_time(self, fetch: Command, before: int) -> bool:
        """Whether a `weights` command would start by then if it came now."""
        placed = all(len(self._ends[unit]) >= count for unit, count in fetch.waits.items())
        return placed and max(self._bus, self._tokens(fetch)) <= before

    def run(self, command: Command) -> None:
        """Takes the command as delivered; what it waits for must have been."""
        unit, cycles = command.unit, _cycles(command, self.config)
        start = max(self.now, self._free[unit], self._tokens(command))
        if unit in ("load", "weights", "store"):
            start = max(start, self._bus)
            self._bus = start + cycles
        self._free[unit] = start + cycles
        self._starts[unit].append(start)
        self._ends[unit].append(start + cycles + LATENCY)

    def _tokens(self, command: Command) -> int:
        return max((self._ends[unit][count - 1] for unit, count in command.waits.items()), default=0)


def _cycles(command: Command, config: EngineConfig) -> int:
    """About how long a datapath, or the bus, is busy with a command."""
    fields = command.fields
    if command.unit == "pointwise":
        full, last = (max(fields[name], config.tile_words) for name in ("tile_vectors", "last_vectors"))
        return ((fields["tiles"] - 1) * full + last) * fields["passes"] * fields["out_blocks"]
    if command.unit == "depthwise":
        return fields["blocks"] * fields["out_rows"] * fields["out_width"] * config.dw_groups
    return fields.get("blocks", 1) * fields["beats"]
