"""Watches an AXI4 port and rejects traffic that breaks a rule of the protocol or one of ours."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

PAGE = 4096
"""No burst may cross a multiple of this."""
LONGEST = 256
"""Beats of a burst that increments."""
INCREMENTING = 1
EXCLUSIVE_OKAY = 1
"""An answer that only exclusive accesses get, of which the engine makes none."""

PAYLOAD: Mapping[str, tuple[str, ...]] = {
    "ar": ("addr", "len", "size", "burst"),
    "r": ("data", "resp", "last"),
    "aw": ("addr", "len", "size", "burst"),
    "w": ("data", "strb", "last"),
    "b": ("resp",),
}
"""Signals beside valid and ready, by channel; those of channels with an ID follow."""

WITH_ID = ("ar", "r", "aw", "b")

RULES: Mapping[str, str] = {
    "valid held": "valid stays up until ready",
    "payload held": "payload stays as it is until ready",
    "unknown": "valid is known, and so are ready and payload while it is up",
    "page": "no burst crosses 4 KiB",
    "length": "a burst has 1 to 256 beats, and no more bytes than the burst register allows",
    "alignment": "a burst begins at a multiple of the bus width",
    "size": "a beat is as wide as the bus",
    "burst": "addresses increment",
    "window": "reads stay in the read window, writes in the write window",
    "outstanding": "no more bursts are open than the configuration says",
    "early data": "no write beat is shown before its address is",
    "last": "the last beat of a burst is marked, and no other",
    "strobe": "strobes are of bytes of the bus",
    "no request": "nothing is answered that was not asked for",
    "response": "answers are okay or an error",
    "identifier": "one ID: that of the port, in requests and in answers",
    "reset": "nothing is valid the cycle after reset",
    "open": "at the end nothing is shown, and no burst is open",
}
"""What is checked, by the name a message begins with."""


class AxiRuleError(AssertionError):
    """A broken rule: ``RULE: CHANNEL, cycle N: what was seen``."""

    def __init__(self, rule: str, channel: str, cycle: int, seen: str) -> None:
        super().__init__(f"{rule}: {channel}, cycle {cycle}: {seen} ({RULES[rule]})")
        self.rule, self.channel, self.cycle = rule, channel, cycle


@dataclass(frozen=True, kw_only=True)
class AxiLimits:
    """What is legal on a port.

    Parameters
    ----------
    bus_bytes: width of the data
    max_outstanding: bursts open at once, reads and writes together
    burst_bytes: of the longest burst
    reads, writes: (first, end) of the bytes that may be touched
    identifier: the only ID; None for a port without
    data_may_lead: write beats may be shown before their address is (a rule of ours, not of AXI)
    """

    bus_bytes: int
    max_outstanding: int
    burst_bytes: int
    reads: tuple[int, int]
    writes: tuple[int, int]
    identifier: int | None = None
    data_may_lead: bool = False


@dataclass(slots=True)
class AxiRules:
    """Takes one sample of all five channels a cycle; raises `AxiRuleError` at the first rule that is broken.

    A sample maps signal names (``arvalid``, ``wdata``) to numbers, None for unknown.
    Payload is only asked for while it is valid.

    Members
    -------
    cycle: samples taken
    bursts, beats: finished so far, by ``"read"`` and ``"write"``
    errors: answers so far that were errors
    """

    limits: AxiLimits
    cycle: int = 0
    errors: int = 0
    bursts: dict[str, int] = field(default_factory=lambda: {"read": 0, "write": 0})
    beats: dict[str, int] = field(default_factory=lambda: {"read": 0, "write": 0})
    _held: dict[str, dict[str, int]] = field(default_factory=dict)
    _reads: deque[int] = field(default_factory=deque)
    """Beats left of each open read burst."""
    _writes: deque[int] = field(default_factory=deque)
    """Beats left of each write burst that was shown and still gets data."""
    _leading: deque[int] = field(default_factory=deque)
    """Marks of the beats taken before their address was shown."""
    _unanswered: int = 0
    """Write bursts whose address was taken."""
    _written: int = 0
    """Write bursts with all their data and no answer."""
    _was_reset: bool = False

    def sample(self, signals: Mapping[str, int | None]) -> None:
        """Checks one cycle."""
        before = set(self._held)
        shown = {channel: self._shown(channel, signals) for channel in PAYLOAD}
        taken = {channel: payload for channel, payload in shown.items() if channel not in self._held}
        # Answers first: they belong to requests of earlier cycles.
        if (payload := taken.get("b")) is not None:
            self._take_response(payload)
        if (payload := taken.get("r")) is not None:
            self._take_read(payload)
        for channel, window in (("ar", self.limits.reads), ("aw", self.limits.writes)):
            if (payload := shown[channel]) is not None and channel not in before:
                self._check_request(channel, payload, window)
        if (payload := shown["w"]) is not None:
            self._check_write(payload)
            if "w" in taken:
                self._take_write(payload)
        for channel in ("ar", "aw"):
            if (payload := taken.get(channel)) is not None:
                self._take_request(channel, payload)
        self._was_reset = False
        self.cycle += 1

    def reset(self) -> None:
        """A cycle of reset: what was open is forgotten."""
        for queue in (self._held, self._reads, self._writes, self._leading):
            queue.clear()
        self._unanswered = self._written = 0
        self._was_reset = True
        self.cycle += 1

    def finish(self) -> None:
        """Checks that nothing is left over."""
        for channel in self._held:
            self._reject("open", channel, "shown and not taken")
        for channel, queue in (("ar", self._reads), ("aw", self._writes), ("w", self._leading)):
            if queue:
                self._reject("open", channel, f"{len(queue)} without all their beats")
        if self._unanswered:
            self._reject("open", "aw", f"{self._unanswered} without an answer")

    @property
    def open(self) -> int:
        """Bursts accepted and not finished."""
        return len(self._reads) + self._unanswered

    def _reject(self, rule: str, channel: str, seen: str) -> None:
        raise AxiRuleError(rule, channel, self.cycle, seen)

    def _shown(self, channel: str, signals: Mapping[str, int | None]) -> dict[str, int] | None:
        """Payload of a channel while it is valid; kept in `_held` if it is not taken in this cycle."""
        valid = self._known(channel, "valid", signals)
        held = self._held.pop(channel, None)
        if not valid:
            if held is not None:
                self._reject("valid held", channel, "valid fell before ready")
            return None
        if self._was_reset:
            self._reject("reset", channel, "valid right after reset")
        names = PAYLOAD[channel]
        if self.limits.identifier is not None and channel in WITH_ID:
            names = (*names, "id")
        payload = {name: self._known(channel, name, signals) for name in names}
        if held is not None and held != payload:
            name = next(name for name in payload if payload[name] != held[name])
            self._reject("payload held", channel, f"{name} {held[name]:#x} became {payload[name]:#x} before ready")
        if not self._known(channel, "ready", signals):
            self._held[channel] = payload
        return payload

    def _known(self, channel: str, name: str, signals: Mapping[str, int | None]) -> int:
        value = signals[channel + name]
        if value is None:
            raise AxiRuleError("unknown", channel, self.cycle, f"{name} is unknown")
        return value

    def _check_request(self, channel: str, payload: Mapping[str, int], window: tuple[int, int]) -> None:
        limits, address, beats = self.limits, payload["addr"], payload["len"] + 1
        size, seen = beats * limits.bus_bytes, f"{beats} beats at {address:#x}"
        if beats > LONGEST or size > limits.burst_bytes:
            self._reject("length", channel, f"{seen}, longest is {limits.burst_bytes} bytes")
        if 1 << payload["size"] != limits.bus_bytes:
            self._reject("size", channel, f"{1 << payload['size']} bytes a beat on a bus of {limits.bus_bytes}")
        if payload["burst"] != INCREMENTING:
            self._reject("burst", channel, f"burst type {payload['burst']}")
        if address % limits.bus_bytes:
            self._reject("alignment", channel, seen)
        if address // PAGE != (address + size - 1) // PAGE:
            self._reject("page", channel, seen)
        if not window[0] <= address <= address + size <= window[1]:
            self._reject("window", channel, f"{seen} outside of {window[0]:#x} to {window[1]:#x}")
        self._check_identifier(channel, payload)
        if channel == "aw":
            self._writes.append(beats)
            while self._leading and self._writes:
                self._finish_beat("w", self._writes, self._leading.popleft())

    def _take_request(self, channel: str, payload: Mapping[str, int]) -> None:
        if channel == "ar":
            self._reads.append(payload["len"] + 1)
        else:
            self._unanswered += 1
        if self.open > self.limits.max_outstanding:
            self._reject("outstanding", channel, f"{self.open} bursts open, not {self.limits.max_outstanding}")

    def _take_read(self, payload: Mapping[str, int]) -> None:
        if not self._reads:
            self._reject("no request", "r", "a beat without an open burst")
        self._check_identifier("r", payload)
        self._check_response("r", payload)
        self._finish_beat("r", self._reads, payload["last"])

    def _check_write(self, payload: Mapping[str, int]) -> None:
        if payload["strb"] >> self.limits.bus_bytes:
            self._reject("strobe", "w", f"strobe {payload['strb']:#x} on a bus of {self.limits.bus_bytes} bytes")
        if not self._writes and not self.limits.data_may_lead:
            self._reject("early data", "w", "a beat without an address")

    def _take_write(self, payload: Mapping[str, int]) -> None:
        if self._writes:
            self._finish_beat("w", self._writes, payload["last"])
        else:
            self._leading.append(payload["last"])

    def _take_response(self, payload: Mapping[str, int]) -> None:
        if not (self._unanswered and self._written):
            self._reject("no request", "b", "an answer without a burst that is written")
        self._check_identifier("b", payload)
        self._check_response("b", payload)
        self._unanswered -= 1
        self._written -= 1
        self.bursts["write"] += 1

    def _finish_beat(self, channel: str, open_bursts: deque[int], marked: int) -> None:
        """Counts a beat of the oldest burst."""
        kind = "read" if channel == "r" else "write"
        open_bursts[0] -= 1
        left = open_bursts[0]
        if bool(marked) != (left == 0):
            self._reject("last", channel, f"last is {marked} with {left} beats to come")
        self.beats[kind] += 1
        if left == 0:
            open_bursts.popleft()
            if channel == "r":
                self.bursts[kind] += 1
            else:
                self._written += 1

    def _check_identifier(self, channel: str, payload: Mapping[str, int]) -> None:
        wanted = self.limits.identifier
        if wanted is not None and payload["id"] != wanted:
            self._reject("identifier", channel, f"ID {payload['id']}, not {wanted}")

    def _check_response(self, channel: str, payload: Mapping[str, int]) -> None:
        if payload["resp"] == EXCLUSIVE_OKAY:
            self._reject("response", channel, "EXOKAY, which nothing asked for")
        self.errors += payload["resp"] != 0
