"""Runs a program on the model: units, tokens, queues and the bus, event by event."""

from dataclasses import dataclass, field
from heapq import heappop, heappush

from hw.commands import UNITS, Command
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.compute import DepthwiseTime, PointwiseTime
from sim.model.memory import Memory
from sim.model.transfers import FetchUser, ReadUser, StoreUser

LOAD_TAIL, WEIGHTS_TAIL = 3, 2
"""From the last beat on the bus to the tokens of a load and of a weights command."""


@dataclass
class UnitTimes:
    """Of each command of a unit in order: delivery to its queue, start, end, busy cycles."""

    commands: list[Command] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """What the model says of a program: the counterpart of `hw.rtl.RtlRun`.

    Parameters
    ----------
    cycles: from start to interrupt
    units: per unit the times of its commands
    read_bytes, write_bytes: DRAM traffic, the program included
    fetch_complete, fetch_delivered: cycle each command was complete in the fetch unit, and left it
    bursts: per user of the bus the numbers of its bursts in `memory`
    """

    cycles: int
    units: dict[str, UnitTimes]
    read_bytes: int
    write_bytes: int
    fetch_complete: list[int]
    fetch_delivered: list[int]
    bursts: dict[str, list[int]]
    memory: Memory


def run_model(program: Program, timing: MemoryTiming) -> ModelRun:
    """Times of all commands of `program`. Raises `MemoryTimingError` if the memory does not suit the bus."""
    return _Engine(program, timing).run()


class _Engine:
    def __init__(self, program: Program, timing: MemoryTiming) -> None:
        config = program.config
        self.program, self.config = program, config
        self.memory = Memory(config, timing)
        self.compute = {"depthwise": DepthwiseTime(config), "pointwise": PointwiseTime(config)}
        self.fetch = FetchUser(config, timing.burst_bytes, program.address, len(program.commands))
        self.transfer = {"load": ReadUser(config, timing.burst_bytes, tail=LOAD_TAIL),
                         "weights": ReadUser(config, timing.burst_bytes, tail=WEIGHTS_TAIL),
                         "store": StoreUser(config, timing.burst_bytes)}
        self._after = [[(last + step) % 4 for step in range(1, 5)] for last in range(4)]
        """Round robin: whom to ask first after each user."""
        self.users = [self.fetch, self.transfer["load"], self.transfer["weights"], self.transfer["store"]]
        self.units = {unit: UnitTimes() for unit in UNITS}
        self.next_command = -1
        self.fetch_complete: list[int] = []
        self.fetch_delivered: list[int] = []
        self.waits = [[(self.units[unit].ended, count) for unit, count in command.waits.items()]
                      for command in program.commands]
        self.pending: dict[str, list[int]] = {unit: [] for unit in UNITS}

    def run(self) -> ModelRun:
        last = 0
        bus_free = 0
        closing: list[int] = []
        moved = [0, 0]
        served: list[list[int]] = [[], [], [], []]
        users, memory, limit = self.users, self.memory, self.config.max_outstanding
        self._resolve()
        while True:
            grant = min((user.valid for user in users if user.valid is not None), default=-1)
            if grant < 0:
                break
            grant = max(grant, bus_free)
            while closing and closing[0] <= grant:
                heappop(closing)
            while len(closing) >= limit:
                grant = max(grant, heappop(closing))
            chosen = last = next(user for user in self._after[last] if users[user].asks(grant))
            user = users[chosen]
            beats = user.beats
            bus_free = memory.accept(grant + 1)
            burst, last_beat, closed = memory.serve(user.write, bus_free, beats)
            heappush(closing, closed + 2)
            served[chosen].append(burst)
            moved[user.write] += beats * self.config.bus_bytes
            end = None
            if isinstance(user, FetchUser):
                user.granted(grant, memory.beat_cycles(burst))
            elif isinstance(user, StoreUser):
                end = user.granted(grant, last_beat, closed)
            else:
                end = user.granted(grant, last_beat)
            if end is not None:
                self.units[("", "load", "weights", "store")[chosen]].ended.append(end)
            if end is not None or chosen in (0, 3) or user.valid is None:
                self._resolve()
        ends = [end for unit in self.units.values() for end in unit.ended]
        return ModelRun(cycles=max(self.fetch_delivered[-1] + 1, *ends) + 1, units=self.units, read_bytes=moved[0],
                        write_bytes=moved[1], fetch_complete=self.fetch_complete, fetch_delivered=self.fetch_delivered,
                        bursts=dict(zip(("fetch", "load", "weights", "store"), served, strict=True)), memory=memory)

    def _resolve(self) -> None:
        """Follows all that is known by now: deliveries, starts, and the ends of the datapaths."""
        moving = True
        while moving:
            moving = self._deliver()
            for unit in UNITS:
                while self.pending[unit] and self._start(unit):
                    moving = True

    def _deliver(self) -> bool:
        """Delivers commands whose beats are there and whose queue has room, as far as that is known."""
        any_delivered = False
        while (complete := self.fetch.collected()) is not None:
            if self.next_command >= 0:
                command = self.program.commands[self.next_command]
                times = self.units[command.unit]
                oldest = len(times.delivered) - self.config.queue_depth
                if oldest >= len(times.started):
                    break
                self.fetch_complete.append(complete)
                if oldest >= 0:
                    complete = max(complete, times.started[oldest] + 1)
                times.commands.append(command)
                times.delivered.append(complete)
                self.pending[command.unit].append(self.next_command)
                self.fetch_delivered.append(complete)
            self.next_command += 1
            self.fetch.delivered(complete)
            any_delivered = True
            if self.next_command == len(self.program.commands):
                break
        return any_delivered

    def _start(self, unit: str) -> bool:
        """Starts the head of `unit`'s queue if it is known when."""
        index = self.pending[unit][0]
        times = self.units[unit]
        number = len(times.started)
        start = times.delivered[number] + 2
        if number:
            start = max(start, times.started[-1] + 2)
        for ended, count in self.waits[index]:
            if len(ended) < count:
                return False
            start = max(start, ended[count - 1] + 1)
        command = self.program.commands[index]
        if unit in self.compute:
            datapath = self.compute[unit]
            start = max(start, datapath.free)
            ran = datapath.run(start, command.fields)
            times.ended.append(ran.end)
            times.busy.append(ran.busy)
        else:
            user = self.transfer[unit]
            free = user.can_start()
            if free is None:
                return False
            start = max(start, free)
            times.busy.append(user.start(start, command.fields))
        times.started.append(start)
        self.pending[unit].pop(0)
        return True
