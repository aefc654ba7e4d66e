"""The users of the bus: when each wants its next burst, and what follows from getting it."""

from collections.abc import Mapping, Sequence

from hw.commands import BLOCK_BYTES
from hw.config import EngineConfig
from hw.latency import FETCH_BYTES, OPEN_TRANSFERS, STORE_BURSTS, STORE_READ

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


class BusUser:
    """One that asks for bursts from the cycle `valid` on, or `NEVER` as things stand.

    Members
    -------
    upcoming: beats of the bursts it can be granted one after another, from that of `valid` on
    """

    write = False
    valid: int
    upcoming: list[int]


class ReadUser(BusUser):
    """`load` or `weights`: a command's bursts are asked for one after another; its data may come much later."""

    def __init__(self, config: EngineConfig, burst_bytes: int, *, tail: int) -> None:
        self.config, self.burst_bytes, self.tail = config, burst_bytes, tail
        self.valid = NEVER
        self.free: int | None = 0
        self.upcoming = []
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
        self.upcoming = burst_beats(self.config, self.burst_bytes, fields)
        self._started.append(cycle)
        self.valid, self.free = cycle + 1, None
        return sum(self.upcoming)

    def granted(self, count: int, cycle: int, last_beat: int) -> int | None:
        """Takes note of `count` bursts, the last granted in `cycle`; returns the end of the command if that was all."""
        if count < len(self.upcoming):
            self.valid, self.upcoming = cycle + 1, self.upcoming[count:]
            return None
        self.valid, self.free = NEVER, cycle + 1
        self._finished.append(last_beat + 1)
        return last_beat + self.tail


class StoreUser(BusUser):
    """`store`: fills one of `STORE_BURSTS` buffers, then asks for its burst."""

    write = True

    def __init__(self, config: EngineConfig, burst_bytes: int) -> None:
        self.config, self.burst_bytes = config, burst_bytes
        self.valid = NEVER
        self.free: int | None = 0
        self.upcoming = []
        self._bursts: list[int] = []
        self._filled: list[int] = []
        self._fill_from = 0
        self._sent: list[int] = []
        self._granted_at = -1
        self._finals: list[int] = []

    def can_start(self) -> int | None:
        """First cycle the next command may start in, None if that is not known yet."""
        return self.free

    def start(self, cycle: int, fields: Mapping[str, int]) -> int:
        """Starts a command; returns its busy cycles."""
        bursts = burst_beats(self.config, self.burst_bytes, fields)
        self._bursts += bursts
        self._fill_from, self.free = cycle + 1, None
        self._finals.append(len(self._bursts) - 1)
        self._fill()
        return sum(bursts)

    def _fill(self) -> None:
        """Fills buffers as far as it is known when they become free."""
        filled, sent, asked = self._filled, self._sent, len(self._sent)
        known = min(len(self._bursts), asked + STORE_BURSTS)
        for index in range(len(filled), known):
            empty = sent[index - STORE_BURSTS] + 1 if index >= STORE_BURSTS else 0
            self._fill_from = max(self._fill_from, empty) + self._bursts[index]
            filled.append(self._fill_from - 1)
        if known == len(self._bursts):
            self.free = self._fill_from
        if self.valid == NEVER and asked < known:
            self.valid = max(filled[asked] + STORE_READ + 1, self._granted_at + 1)
            self.upcoming = self._bursts[asked:asked + 1]

    def granted(self, cycle: int, last_beat: int, answered: int) -> int | None:
        """Takes note of a burst; returns the end of the command if it was its last."""
        index = len(self._sent)
        self._sent.append(last_beat)
        self._granted_at, self.valid = cycle, NEVER
        self._fill()
        if self._finals[0] == index:
            self._finals.pop(0)
            return answered + 2
        return None


class FetchUser(BusUser):
    """`fetch`: asks for what its buffer has room for; beats leave the buffer into commands, one a cycle.

    They leave two cycles after they arrived at the earliest, and no beat of a command before the command ahead of it
    has left for its queue.
    """

    def __init__(self, config: EngineConfig, burst_bytes: int, address: int, commands: int) -> None:
        self.beats_per_block = BLOCK_BYTES // config.bus_bytes
        self._depth = FETCH_BYTES // config.bus_bytes
        self._bursts = burst_beats(config, burst_bytes, {"dram_address": address, "beats": self.beats_per_block})
        self._body = burst_beats(config, burst_bytes, {
            "dram_address": address + BLOCK_BYTES, "beats": commands * self.beats_per_block})
        self._next = self._granted = 0
        self._from = 1
        self._arrived: list[int] = []
        self._leave = [0]
        """Of each block that may leave the buffer, the first cycle its first beat may."""
        self.upcoming = []
        self._ask()

    def granted(self, cycle: int, arrivals: Sequence[int]) -> None:
        """Takes note of a burst, whose beats come in these cycles."""
        self._arrived += arrivals
        self._granted += len(arrivals)
        self._next += 1
        self._from = cycle + 1
        self._ask()

    def collected(self) -> int | None:
        """Cycle the next command is complete in, None if that is not known yet."""
        left = self._left(len(self._leave) * self.beats_per_block - 1)
        return None if left is None else left + 1

    def delivered(self, cycle: int) -> None:
        """The complete command left in `cycle`."""
        if len(self._leave) == 1:
            self._bursts += self._body
            self._from = cycle + 1
        self._leave.append(cycle + 1)
        self._ask()

    def _left(self, beat: int) -> int | None:
        """Cycle a beat leaves the buffer in, None if that is not known yet."""
        block, place = divmod(beat, self.beats_per_block)
        if block >= len(self._leave) or beat >= len(self._arrived):
            return None
        return max(self._arrived[beat] + 2, self._leave[block] + place)

    def _ask(self) -> None:
        self.valid = NEVER
        if self._next == len(self._bursts):
            return
        beats = self._bursts[self._next]
        missing = self._granted + beats - self._depth
        left = self._left(missing - 1) if missing > 0 else -1
        if left is not None:
            self.valid, self.upcoming = max(self._from, left + 1), [beats]
