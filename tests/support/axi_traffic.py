"""Legal AXI4 traffic as a list of samples, with random handshakes: material for tests of the rules."""

import random
from collections import deque

from tests.cocotb_bench.axi_rules import INCREMENTING, PAGE, PAYLOAD, WITH_ID, AxiLimits

Trace = list[dict[str, int | None]]

RESET_CYCLES = 3


def legal_trace(
    limits: AxiLimits, seed: int, bursts: int = 40, requests: tuple[str, ...] = ("ar", "aw")
) -> Trace:
    """Reads and writes from reset until all are answered; some answers are errors."""
    return _Traffic(limits, random.Random(seed)).trace(bursts, requests)


class _Traffic:
    """Both sides of a port: what each channel has yet to show, and what it shows."""

    def __init__(self, limits: AxiLimits, rng: random.Random) -> None:
        self.limits, self.rng = limits, rng
        self.waiting: dict[str, deque[dict[str, int | None]]] = {channel: deque() for channel in PAYLOAD}
        self.shown: dict[str, dict[str, int | None]] = {}
        self.open = 0
        self.unanswered = {"aw": 0, "w": 0}
        """Write bursts without an answer whose address, whose data were taken."""

    def trace(self, bursts: int, requests: tuple[str, ...]) -> Trace:
        idle = self._sample(dict.fromkeys(PAYLOAD, False))
        samples = [idle | {"reset": 1} for _ in range(RESET_CYCLES)] + [idle | {"reset": 0}]
        while bursts or self.open:
            if bursts and self.open < self.limits.max_outstanding and self.rng.random() < 0.5:
                self._request(self.rng.choice(requests))
                bursts -= 1
            for channel, waiting in self.waiting.items():
                if channel not in self.shown and waiting and self.rng.random() < 0.7:
                    self.shown[channel] = waiting.popleft()
                    if channel == "aw":
                        self._data("w", self.shown[channel])
            ready = {channel: self.rng.random() < 0.5 for channel in PAYLOAD}
            samples.append(self._sample(ready) | {"reset": 0})
            for channel in [channel for channel in self.shown if ready[channel]]:
                self._taken(channel, self.shown.pop(channel))
        return samples

    def _sample(self, ready: dict[str, bool]) -> dict[str, int | None]:
        """Signals of a cycle; payload is unknown while it is not valid."""
        sample: dict[str, int | None] = {}
        for channel, names in PAYLOAD.items():
            payload = self.shown.get(channel)
            sample[channel + "valid"] = int(payload is not None)
            sample[channel + "ready"] = int(ready[channel])
            for name in (*names, "id"):
                sample[channel + name] = None if payload is None else payload.get(name)
        return sample

    def _request(self, channel: str) -> None:
        limits, rng = self.limits, self.rng
        first, end = limits.reads if channel == "ar" else limits.writes
        address = rng.randrange(first, end, limits.bus_bytes)
        page_end = (address // PAGE + 1) * PAGE
        longest = min(limits.burst_bytes, page_end - address, end - address) // limits.bus_bytes
        beats = rng.choice((1, longest, rng.randint(1, longest)))
        self.open += 1
        size = limits.bus_bytes.bit_length() - 1
        self._show(channel, addr=address, len=beats - 1, size=size, burst=INCREMENTING)

    def _data(self, channel: str, request: dict[str, int | None]) -> None:
        """Beats of a burst."""
        limits, rng, length = self.limits, self.rng, request["len"]
        assert length is not None
        for left in range(length, -1, -1):
            beat = {"data": rng.getrandbits(8 * limits.bus_bytes), "last": int(left == 0)}
            if channel == "r":
                self._show("r", **beat, resp=rng.choice((0, 0, 0, 2)))
            else:
                self._show("w", **beat, strb=rng.getrandbits(limits.bus_bytes))

    def _taken(self, channel: str, payload: dict[str, int | None]) -> None:
        if channel == "ar":
            self._data("r", payload)
        elif channel == "b" or (channel == "r" and payload["last"]):
            self.open -= 1
        elif channel == "aw" or (channel == "w" and payload["last"]):
            self.unanswered[channel] += 1
            if all(self.unanswered.values()):
                self.unanswered = {name: count - 1 for name, count in self.unanswered.items()}
                self._show("b", resp=self.rng.choice((0, 0, 0, 3)))

    def _show(self, channel: str, **payload: int | None) -> None:
        identifier = {"id": self.limits.identifier} if channel in WITH_ID else {}
        self.waiting[channel].append(payload | identifier)
