"""Runs a program on the model: units, tokens, queues and the bus, event by event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hw.commands import UNITS, Command
from hw.latency import FINISHED, HEAD, READ_BEAT
from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.bus import Bus
from sim.model.compute import DepthwiseTime, PointwiseTime
from sim.model.memory import Memory
from sim.model.transfers import NEVER, FetchUser, ReadUser, StoreUser

USERS = ("fetch", "load", "weights", "store")
"""Units that use the bus, in the order of the round robin."""

LOAD_TAIL, WEIGHTS_TAIL = READ_BEAT + 2, READ_BEAT + 1
"""From the last beat on the bus to the tokens of a load and of a weights command."""


@dataclass
class UnitTimes:
    """Of each command of a unit in order: delivery to its queue, start, end, busy cycles; in a datapath also the last
    cycle of its walk."""

    commands: list[Command] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)


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


class _Unit:
    """A unit behind its queue: starts its commands in order, each as soon as all it waits for is known."""

    def __init__(self, times: UnitTimes, units: Mapping[str, UnitTimes]) -> None:
        self.times = times
        self._ended = {unit: other.ended for unit, other in units.items()}
        self._missing: list[tuple[list[int], int]] | None = None
        """Tokens the head of the queue waits for that are not known yet; None of a head not looked at yet."""
        self._earliest = 0

    def head(self) -> tuple[Command, int] | None:
        """The command to start next and the first cycle its tokens allow, None if that is not known yet."""
        missing, times = self._missing, self.times
        if missing is None:
            number = len(times.started)
            if number == len(times.commands):
                return None
            missing = self._missing = [(self._ended[unit], count)
                                       for unit, count in times.commands[number].waits.items()]
            self._earliest = max(times.delivered[number], times.started[-1] if number else 0) + HEAD + 1
        while missing:
            ended, count = missing[-1]
            if len(ended) < count:
                return None
            self._earliest = max(self._earliest, ended[count - 1] + 1)
            missing.pop()
        return times.commands[len(times.started)], self._earliest

    def started(self, cycle: int, busy: int) -> None:
        self.times.started.append(cycle)
        self.times.busy.append(busy)
        self._missing = None


class _Engine:
    def __init__(self, program: Program, timing: MemoryTiming) -> None:
        config = program.config
        self.program, self.config = program, config
        self.bus = Bus(config, timing)
        self.fetch = FetchUser(config, timing.burst_bytes, program.address, len(program.commands))
        self.load = ReadUser(config, timing.burst_bytes, tail=LOAD_TAIL)
        self.weights = ReadUser(config, timing.burst_bytes, tail=WEIGHTS_TAIL)
        self.store = StoreUser(config, timing.burst_bytes)
        self.times = {unit: UnitTimes() for unit in UNITS}
        units = {unit: _Unit(times, self.times) for unit, times in self.times.items()}
        self.datapaths = ((units["depthwise"], DepthwiseTime(config)), (units["pointwise"], PointwiseTime(config)))
        self.transfers = ((units["load"], self.load), (units["weights"], self.weights), (units["store"], self.store))
        self.fetch_complete: list[int] = []
        self.fetch_delivered: list[int] = []
        self._header = True

    def run(self) -> ModelRun:
        bus, fetch = self.bus, self.fetch
        users = (fetch, self.load, self.weights, self.store)
        ended = ([], *(self.times[unit].ended for unit in USERS[1:]))
        # Round robin: whom to ask first after each user.
        after = [[(last + step) % 4 for step in range(1, 5)] for last in range(4)]
        last = 0
        self._resolve()
        while True:
            valid = [fetch.valid, self.load.valid, self.weights.valid, self.store.valid]
            grant = min(valid)
            if grant == NEVER:
                return self._result()
            grant = max(grant, bus.free)
            for chosen in after[last]:
                if valid[chosen] <= grant:
                    last = chosen
                    break
            user = users[last]
            valid[last] = NEVER
            free = user.free
            end = user.serve(bus, grant, min(valid))
            if end is not None:
                ended[last].append(end)
            if self._deliver() if user is fetch else end is not None or user.free != free:
                self._resolve()

    def _result(self) -> ModelRun:
        ends = [end for times in self.times.values() for end in times.ended]
        fetched = self.fetch.beats_per_block * (1 + len(self.fetch_delivered))
        beats = {unit: sum(self.times[unit].busy) for unit in USERS[1:]}
        bursts = (self.fetch.bursts, self.load.bursts, self.weights.bursts, self.store.bursts)
        return ModelRun(cycles=max(self.fetch_delivered[-1] + 1, *ends) + FINISHED, units=self.times,
                        read_bytes=(fetched + beats["load"] + beats["weights"]) * self.config.bus_bytes,
                        write_bytes=beats["store"] * self.config.bus_bytes, fetch_complete=self.fetch_complete,
                        fetch_delivered=self.fetch_delivered, bursts=dict(zip(USERS, bursts, strict=True)),
                        memory=self.bus.memory)

    def _resolve(self) -> None:
        """Follows all that is known by now: deliveries, starts, and the ends of the datapaths."""
        while self._start() | self._deliver():
            pass

    def _start(self) -> bool:
        """Starts commands as far as it is known when; says whether any."""
        any_started = False
        for unit, user in self.transfers:
            while user.free is not None and (head := unit.head()) and (free := user.can_start()) is not None:
                start = max(head[1], free)
                unit.started(start, user.start(start, head[0].fields))
                any_started = True
        for unit, datapath in self.datapaths:
            while head := unit.head():
                start = max(head[1], datapath.free)
                ran = datapath.run(start, head[0].fields)
                unit.times.done.append(ran.done)
                unit.times.ended.append(ran.end)
                unit.started(start, ran.busy)
                any_started = True
        return any_started

    def _deliver(self) -> bool:
        """Delivers commands that are complete and whose queue has room, as far as that is known; says whether any."""
        any_delivered = False
        commands = self.program.commands
        while len(self.fetch_delivered) < len(commands) and (complete := self.fetch.collected()) is not None:
            if self._header:
                self._header = False
            else:
                command = commands[len(self.fetch_delivered)]
                times = self.times[command.unit]
                oldest = len(times.delivered) - self.config.queue_depth
                if oldest >= len(times.started):
                    break
                self.fetch_complete.append(complete)
                if oldest >= 0:
                    complete = max(complete, times.started[oldest] + 1)
                times.commands.append(command)
                times.delivered.append(complete)
                self.fetch_delivered.append(complete)
            self.fetch.delivered(complete)
            any_delivered = True
        return any_delivered
