"""The users of the bus: when each wants its next burst, and what follows from getting it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from hw.commands import BLOCK_BYTES
from hw.config import EngineConfig
from hw.latency import (
    BUFFERED,
    BURST,
    CHOICE,
    COMMAND_PARTS,
    FETCH_BYTES,
    FETCH_CHECK,
    FETCH_OFFER,
    FETCH_START,
    OPEN_TRANSFERS,
    READ_BEAT,
    STORE_BURSTS,
    STORE_READ,
)
from sim.model.bus import Bus

NEVER = 1 << 62
"""A cycle that does not come."""


def burst_beats(config: EngineConfig, burst_bytes: int, fields: Mapping[str, int]) -> list[int]:
    """Beats of each burst of a transfer, as `Bursts` cuts it."""
    bus = config.bus_bytes
    full = burst_bytes // bus
    result: list[int] = []
    for block in range(fields.get("blocks", 1)):
        address = fields["dram_address"] + block * fields.get("dram_stride", 0)
        left = fields["beats"]
        head = min(left, full - address % burst_bytes // bus)
        result.append(head)
        whole, rest = divmod(left - head, full)
        result += [full] * whole
        if rest:
            result.append(rest)
    return result


class BusUser(ABC):
    """One whose next burst may be granted from the cycle `valid` on, or `NEVER` as things stand.

    Members
    -------
    free: first cycle the next command may start in, as far as the bursts of the last one are concerned; None as long as
        that is not known
    bursts: numbers of its bursts in the memory
    """

    valid = NEVER
    free: int | None = 0

    def __init__(self) -> None:
        self.bursts: list[int] = []

    @abstractmethod
    def serve(self, bus: Bus, grant: int, until: int) -> int | None:
        """Takes its burst in cycle `grant`, and further ones before cycle `until`, in which another user asks.

        Returns the end of a command if one came to its end with that.
        """


class ReadUser(BusUser):
    """`load` or `weights`: a command's bursts are asked for one after another; its data may come much later."""

    def __init__(self, config: EngineConfig, burst_bytes: int, *, tail: int) -> None:
        super().__init__()
        self.config, self.burst_bytes, self.tail = config, burst_bytes, tail
        self._lengths: list[int] = []
        self._next = 0
        self._started: list[int] = []
        self._finished: list[int] = []

    def can_start(self) -> int | None:
        """First cycle the next command may start in, None if that is not known yet."""
        index = len(self._started) - OPEN_TRANSFERS
        if self.free is None or index < 0:
            return self.free
        if index - 1 >= len(self._finished):
            return None
        taken = max(self._started[index] + 1, self._finished[index - 1] if index else 0)
        return max(self.free, taken + 1)

    def start(self, cycle: int, fields: Mapping[str, int]) -> int:
        """Starts a command; returns its busy cycles."""
        self._lengths, self._next = burst_beats(self.config, self.burst_bytes, fields), 0
        self._started.append(cycle)
        self.valid, self.free = cycle + BURST + CHOICE, None
        return sum(self._lengths)

    def serve(self, bus: Bus, grant: int, until: int) -> int | None:
        first = self._next
        self._next, grant, last_beat = bus.read(grant, self._lengths, first, until)
        served = bus.memory.served
        self.bursts += range(served - self._next + first, served)
        if self._next < len(self._lengths):
            self.valid = grant + BURST + CHOICE
            return None
        self.valid, self.free = NEVER, grant + 1
        self._finished.append(last_beat + READ_BEAT)
        return last_beat + self.tail


class StoreUser(BusUser):
    """`store`: fills one of `STORE_BURSTS` buffers, then asks for its burst."""

    def __init__(self, config: EngineConfig, burst_bytes: int) -> None:
        super().__init__()
        self.config, self.burst_bytes = config, burst_bytes
        self._lengths: list[int] = []
        self._filled: list[int] = []
        self._fill_from = 0
        self._sent: list[int] = []
        self._finals: list[int] = []

    def can_start(self) -> int | None:
        """First cycle the next command may start in, None if that is not known yet."""
        return self.free

    def start(self, cycle: int, fields: Mapping[str, int]) -> int:
        """Starts a command; returns its busy cycles."""
        lengths = burst_beats(self.config, self.burst_bytes, fields)
        self._lengths += lengths
        self._fill_from, self.free = cycle + BURST, None
        self._finals.append(len(self._lengths))
        for _ in range(len(self._filled), len(self._sent) + STORE_BURSTS):
            self._fill()
        self._ask()
        return sum(lengths)

    def _fill(self) -> None:
        """Fills the next buffer, which is free or was sent last, if there is something to put into it."""
        index = len(self._filled)
        if index == len(self._lengths):
            return
        if index >= STORE_BURSTS:
            self._fill_from = max(self._fill_from, self._sent[index - STORE_BURSTS] + 1)
        self._fill_from += self._lengths[index]
        self._filled.append(self._fill_from - 1)
        if index + 1 == len(self._lengths):
            self.free = self._fill_from
        self._fill_from += BURST - 1

    def _ask(self) -> None:
        asked = len(self._sent)
        self.valid = self._filled[asked] + STORE_READ + 1 + CHOICE if asked < len(self._filled) else NEVER

    def serve(self, bus: Bus, grant: int, until: int) -> int | None:
        sent, free, first, end = self._sent, self.free, bus.memory.served, None
        while True:
            last_beat, closed = bus.move(True, grant, self._lengths[len(sent)])
            sent.append(last_beat)
            self._fill()
            self._ask()
            if self._finals[0] == len(sent):
                self._finals.pop(0)
                end = closed + 2
            grant = max(self.valid, bus.free)
            if end is not None or self.free != free or grant >= until:
                self.bursts += range(first, bus.memory.served)
                return end


class FetchUser(BusUser):
    """`fetch`: asks for what its buffer has room for; beats leave the buffer into commands, one a cycle.

    They leave `BUFFERED` cycles after they came from the arbiter at the earliest, and no beat of a command before the
    last part of the command ahead of it leaves for its queue.
    """

    def __init__(self, config: EngineConfig, burst_bytes: int, address: int, commands: int) -> None:
        super().__init__()
        self.beats_per_block = BLOCK_BYTES // config.bus_bytes
        self._depth = FETCH_BYTES // config.bus_bytes
        self._lengths = burst_beats(config, burst_bytes, {"dram_address": address, "beats": self.beats_per_block})
        self._body = burst_beats(config, burst_bytes, {
            "dram_address": address + BLOCK_BYTES, "beats": commands * self.beats_per_block})
        self._from = FETCH_START + BURST + FETCH_OFFER
        self._arrived: list[int] = []
        self._leave = [0]
        """Of each block that may leave the buffer, the first cycle its first beat may."""
        self._ask()

    def serve(self, bus: Bus, grant: int, until: int) -> int | None:
        number = bus.memory.served
        bus.move(False, grant, self._lengths[len(self.bursts)])
        self.bursts.append(number)
        self._arrived += bus.memory.beat_cycles(number)
        self._from = grant + BURST + FETCH_OFFER
        self._ask()

    def collected(self) -> int | None:
        """Cycle the next command is complete in, None if that is not known yet."""
        left = self._left(len(self._leave) * self.beats_per_block - 1)
        return None if left is None else left + 1 + FETCH_CHECK

    def delivered(self, cycle: int) -> None:
        """The complete command left in `cycle`."""
        if len(self._leave) == 1:
            self._lengths += self._body
            self._from = cycle + FETCH_START + BURST + FETCH_OFFER
            self._leave.append(cycle + 1)
        else:
            self._leave.append(cycle + COMMAND_PARTS - 1)
        self._ask()

    def _left(self, beat: int) -> int | None:
        """Cycle a beat leaves the buffer in, None if that is not known yet."""
        block, place = divmod(beat, self.beats_per_block)
        if block >= len(self._leave) or beat >= len(self._arrived):
            return None
        return max(self._arrived[beat] + READ_BEAT + BUFFERED, self._leave[block] + place)

    def _ask(self) -> None:
        self.valid = NEVER
        if len(self.bursts) == len(self._lengths):
            return
        missing = len(self._arrived) + self._lengths[len(self.bursts)] - self._depth
        left = self._left(missing - 1) if missing > 0 else -1
        if left is not None:
            self.valid = max(self._from, left + 1 + FETCH_OFFER) + CHOICE
