"""The users of the bus: when each wants its next burst, and what follows from getting it."""

from collections.abc import Mapping

from hw.commands import BLOCK_BYTES
from hw.config import EngineConfig
from hw.latency import FETCH_BYTES, OPEN_TRANSFERS, STORE_BURSTS, STORE_READ


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
    """One that asks for bursts: `beats` long, from the cycle `valid` on; `valid` is None without a burst to ask for."""

    write = False
    valid: int | None
    beats: int

    def asks(self, cycle: int) -> bool:
        return self.valid is not None and self.valid <= cycle


class ReadUser(BusUser):
    """`load` or `weights`: a command's bursts are asked for one after another; its data may come much later."""

    def __init__(self, config: EngineConfig, burst_bytes: int, *, tail: int) -> None:
        self.config, self.burst_bytes, self.tail = config, burst_bytes, tail
        self.valid: int | None = None
        self.free: int | None = 0
        self.beats = 0
        self._bursts: list[int] = []
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
        self._bursts, self._next = burst_beats(self.config, self.burst_bytes, fields), 0
        self._started.append(cycle)
        self.valid, self.free = cycle + 1, None
        self.beats = self._bursts[0]
        return sum(self._bursts)

    def granted(self, cycle: int, last_beat: int) -> int | None:
        """Takes note of a burst; returns the end of the command if it was its last."""
        self._next += 1
        if self._next < len(self._bursts):
            self.valid, self.beats = cycle + 1, self._bursts[self._next]
            return None
        self.valid, self.free = None, cycle + 1
        self._finished.append(last_beat + 1)
        return last_beat + self.tail


class StoreUser(BusUser):
    """`store`: fills one of `STORE_BURSTS` buffers, then asks for its burst."""

    write = True

    def __init__(self, config: EngineConfig, burst_bytes: int) -> None:
        self.config, self.burst_bytes = config, burst_bytes
        self.valid: int | None = None
        self.free: int | None = 0
        self.beats = 0
        self._bursts: list[int] = []
        self._filled: list[int] = []
        self._fill_from = 0
        self._asked = 0
        self._sent: list[int] = []
        self._granted_at = -1
        self._finals: list[int] = []

    def can_start(self) -> int | None:
        return self.free

    def start(self, cycle: int, fields: Mapping[str, int]) -> int:
        bursts = burst_beats(self.config, self.burst_bytes, fields)
        self._bursts += bursts
        self._fill_from, self.free = cycle + 1, None
        self._finals.append(len(self._bursts) - 1)
        self._fill()
        return sum(bursts)

    def _fill(self) -> None:
        """Fills buffers as far as it is known when they become free."""
        while len(self._filled) < len(self._bursts):
            index = len(self._filled)
            if index >= STORE_BURSTS and index - STORE_BURSTS >= len(self._sent):
                break
            sent = self._sent[index - STORE_BURSTS] + 1 if index >= STORE_BURSTS else 0
            first = max(self._fill_from, sent)
            self._fill_from = first + self._bursts[index]
            self._filled.append(self._fill_from - 1)
        else:
            self.free = self._fill_from
        if self.valid is None and self._asked < len(self._filled):
            self.valid = max(self._filled[self._asked] + STORE_READ + 1, self._granted_at + 1)
            self.beats = self._bursts[self._asked]

    def granted(self, cycle: int, last_beat: int, answered: int) -> int | None:
        """Takes note of a burst; returns the end of the command if it was its last."""
        self._sent.append(last_beat)
        self._granted_at, self.valid = cycle, None
        index, self._asked = self._asked, self._asked + 1
        self._fill()
        if self._finals[0] == index:
            self._finals.pop(0)
            return answered + 2
        return None


class FetchUser(BusUser):
    """`fetch`: asks for what its buffer has room for; beats leave the buffer into commands."""

    def __init__(self, config: EngineConfig, burst_bytes: int, address: int, commands: int) -> None:
        self.beats_per_block = BLOCK_BYTES // config.bus_bytes
        self._depth = FETCH_BYTES // config.bus_bytes
        self._bursts = burst_beats(config, burst_bytes, {"dram_address": address, "beats": self.beats_per_block})
        self._body = burst_beats(config, burst_bytes, {
            "dram_address": address + BLOCK_BYTES, "beats": commands * self.beats_per_block})
        self._next = self._granted = 0
        self._from: int | None = 1
        self._arrived: list[int] = []
        self._popped: list[int] = []
        self._resume = 0
        """First cycle a beat of the next command may leave the buffer; −1 while a complete one is in the way."""
        self.beats = self._bursts[0]
        self.valid: int | None = 1

    def granted(self, cycle: int, arrivals: list[int]) -> None:
        self._arrived += arrivals
        self._granted += len(arrivals)
        self._next += 1
        self._from = cycle + 1
        self._pop()

    def collected(self) -> int | None:
        """Cycle the next command is complete in, None if that is not known yet."""
        return self._popped[-1] + 1 if self._resume < 0 else None

    def _pop(self) -> None:
        """Moves beats out of the buffer until a command is complete."""
        while self._resume >= 0 and len(self._popped) < len(self._arrived):
            beat = len(self._popped)
            earliest = self._arrived[beat] + 2
            if beat % self.beats_per_block == 0:
                earliest = max(earliest, self._resume)
            if beat:
                earliest = max(earliest, self._popped[-1] + 1)
            self._popped.append(earliest)
            if (beat + 1) % self.beats_per_block == 0:
                self._resume = -1
        self._ask()

    def delivered(self, cycle: int) -> None:
        """The complete command left in `cycle`."""
        if len(self._popped) == self.beats_per_block:
            self._bursts += self._body
            self._from = cycle + 1
        self._resume = cycle + 1
        self._pop()

    def _ask(self) -> None:
        self.valid = None
        if self._next >= len(self._bursts) or self._from is None:
            return
        self.beats = self._bursts[self._next]
        missing = self._granted + self.beats - self._depth
        if missing > len(self._popped):
            return
        self.valid = max(self._from, self._popped[missing - 1] + 1 if missing > 0 else 0)
