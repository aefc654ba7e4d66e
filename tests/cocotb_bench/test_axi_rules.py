"""The rules pass legal traffic, and each is broken by a trace that only it rejects."""

import copy
import dataclasses
from collections.abc import Callable, Mapping

import pytest

from tests.cocotb_bench.axi_rules import PAYLOAD, RULES, AxiLimits, AxiRuleError, AxiRules
from tests.support.axi_traffic import Trace, legal_trace

NARROW = AxiLimits(
    bus_bytes=4, max_outstanding=2, burst_bytes=64, reads=(0, 3 * 4096), writes=(4096, 2 * 4096), identifier=0
)
WIDE = AxiLimits(
    bus_bytes=16, max_outstanding=8, burst_bytes=4096, reads=(64, 4096 + 256), writes=(8192, 3 * 4096 + 64)
)
LIMITS = {"narrow": NARROW, "wide": WIDE}


SEEN_WHEN_TAKEN = [("w", "last"), *((channel, name) for channel in "rb" for name in ("last", "resp", "id"))]
"""Payload that is looked at in the cycle of its transfer, not as soon as it is shown."""


def check(trace: Trace, limits: AxiLimits) -> AxiRules:
    rules = AxiRules(limits)
    for sample in trace:
        if sample["reset"]:
            rules.reset()
        else:
            rules.sample(sample)
    rules.finish()
    return rules


def where(trace: Trace, wanted: Callable[[Mapping[str, int | None]], object]) -> int:
    """First cycle whose sample is `wanted`."""
    return next(cycle for cycle, sample in enumerate(trace) if wanted(sample))


def taken(channel: str, **payload: int) -> Callable[[Mapping[str, int | None]], bool]:
    wanted = {channel + "valid": 1, channel + "ready": 1} | {channel + k: v for k, v in payload.items()}
    return lambda sample: all(sample[name] == value for name, value in wanted.items())


def waits(channel: str) -> Callable[[Mapping[str, int | None]], object]:
    return lambda sample: sample[channel + "valid"] and not sample[channel + "ready"]


def shown_with(channel: str, name: str, change: Callable[[int], int | None]) -> Callable[[Trace], int]:
    """Payload that is changed from the first cycle of the first transfer on until it is taken."""

    def edit(trace: Trace) -> int:
        first = where(trace, lambda sample: sample[channel + "valid"])
        end = where(trace, taken(channel))
        value = trace[first][channel + name]
        assert value is not None
        for sample in trace[first : end + 1]:
            sample[channel + name] = change(value)
        return end if (channel, name) in SEEN_WHEN_TAKEN else first

    return edit


def _valid_falls(channel: str) -> Callable[[Trace], int]:
    def edit(trace: Trace) -> int:
        cycle = where(trace, waits(channel)) + 1
        trace[cycle][channel + "valid"] = 0
        return cycle

    return edit


def _payload_changes(channel: str, name: str) -> Callable[[Trace], int]:
    def edit(trace: Trace) -> int:
        cycle = where(trace, waits(channel)) + 1
        value = trace[cycle][channel + name]
        assert value is not None
        trace[cycle][channel + name] = value ^ 1
        return cycle

    return edit


def _unknown(channel: str, name: str) -> Callable[[Trace], int]:
    def edit(trace: Trace) -> int:
        cycle = where(trace, lambda sample: sample[channel + "valid"])
        trace[cycle][channel + name] = None
        return cycle

    return edit


def _request_at(channel: str, address: int, beats: int) -> Callable[[Trace], int]:
    """The first request becomes another one."""

    def edit(trace: Trace) -> int:
        shown_with(channel, "addr", lambda _: address)(trace)
        return shown_with(channel, "len", lambda _: beats - 1)(trace)

    return edit


def _again(channel: str) -> Callable[[Trace], int]:
    """The last transfer of a channel is seen once more."""

    def edit(trace: Trace) -> int:
        last = max(cycle for cycle, sample in enumerate(trace) if taken(channel)(sample))
        extra = copy.deepcopy(trace[last])
        for other in PAYLOAD:
            extra[other + "valid"] = int(other == channel)
        trace.append(extra)
        return len(trace) - 1

    return edit


def _early_data(trace: Trace) -> int:
    """The first write beat is taken before its address is shown."""
    first, shown, end = (where(trace, what) for what in (lambda s: s["awvalid"], lambda s: s["wvalid"], taken("w")))
    early = dict.fromkeys(trace[first], 0) | {name: value for name, value in trace[end].items() if name[0] == "w"}
    for sample in trace[shown : end + 1]:
        sample["wvalid"] = 0
    idle = next(cycle for cycle in range(first, 0, -1) if not any(trace[cycle - 1][c + "valid"] for c in PAYLOAD))
    trace.insert(idle, early)
    return idle


def _crowd(trace: Trace) -> int:
    """Reads whose answers never come."""
    request = copy.deepcopy(trace[where(trace, taken("ar"))])
    for channel in PAYLOAD:
        request[channel + "valid"] = int(channel == "ar")
    del trace[5:]
    trace += [copy.deepcopy(request) for _ in range(9)]
    return -1


def _cut(request: str, condition: Callable[[Mapping[str, int | None]], object]) -> Callable[[Trace], int]:
    """Only reads, or only writes, that end behind the first cycle of that kind."""

    def edit(trace: Trace) -> int:
        trace[:] = legal_trace(NARROW, 3, requests=(request,))
        del trace[where(trace, condition) + 1 :]
        return len(trace)

    return edit


def _valid_in_reset(channel: str) -> Callable[[Trace], int]:
    def edit(trace: Trace) -> int:
        cycle = where(trace, lambda sample: not sample["reset"])
        trace[cycle][channel + "valid"] = 1
        return cycle

    return edit


Mutation = tuple[str, str, Callable[[Trace], int]]

BROKEN: list[Mutation] = [
    *(("valid held", channel, _valid_falls(channel)) for channel in PAYLOAD),
    *(("payload held", channel, _payload_changes(channel, name)) for channel in PAYLOAD for name in PAYLOAD[channel]),
    *(("unknown", channel, _unknown(channel, name)) for channel in PAYLOAD
      for name in ("valid", "ready", *PAYLOAD[channel])),
    *(("reset", channel, _valid_in_reset(channel)) for channel in PAYLOAD),
    ("page", "ar", _request_at("ar", 2 * 4096 - 32, 16)),
    ("page", "aw", _request_at("aw", 4096 - 4, 2)),
    ("length", "ar", _request_at("ar", 4096, 17)),
    ("length", "aw", _request_at("aw", 4096, 257)),
    ("alignment", "ar", shown_with("ar", "addr", lambda address: address + 1)),
    ("alignment", "aw", shown_with("aw", "addr", lambda address: address | 2)),
    ("size", "ar", shown_with("ar", "size", lambda size: size - 1)),
    ("size", "aw", shown_with("aw", "size", lambda size: size + 1)),
    ("burst", "ar", shown_with("ar", "burst", lambda _: 0)),
    ("burst", "aw", shown_with("aw", "burst", lambda _: 2)),
    ("window", "ar", _request_at("ar", 3 * 4096, 1)),
    ("window", "aw", _request_at("aw", 4096 - 4, 1)),
    ("window", "aw", _request_at("aw", 2 * 4096, 4)),
    ("outstanding", "ar", _crowd),
    ("early data", "w", _early_data),
    ("last", "w", shown_with("w", "last", lambda last: 1 - last)),
    ("last", "r", shown_with("r", "last", lambda last: 1 - last)),
    ("strobe", "w", shown_with("w", "strb", lambda strobe: strobe | 0x10)),
    ("no request", "r", _again("r")),
    ("no request", "b", _again("b")),
    ("early data", "w", _again("w")),
    ("response", "r", shown_with("r", "resp", lambda _: 1)),
    ("response", "b", shown_with("b", "resp", lambda _: 1)),
    *(("identifier", channel, shown_with(channel, "id", lambda _: 1)) for channel in ("ar", "r", "aw", "b")),
    ("open", "ar", _cut("ar", taken("ar"))),
    ("open", "aw", _cut("aw", taken("aw"))),
    ("open", "aw", _cut("aw", taken("w", last=1))),
    ("open", "ar", _cut("ar", waits("ar"))),
    ("open", "r", _cut("ar", waits("r"))),
    ("open", "w", _cut("aw", lambda sample: waits("w")(sample) and not sample["awvalid"])),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", LIMITS)
def test_legal_traffic_passes(name: str, seed: int) -> None:
    limits = LIMITS[name]
    trace = legal_trace(limits, seed)
    rules = check(trace, limits)
    assert rules.cycle == len(trace)
    assert rules.open == 0
    assert sum(rules.bursts.values()) == 40
    for channel, kind in (("r", "read"), ("w", "write")):
        assert rules.beats[kind] == sum(map(taken(channel), trace))
    answers = [sample[c + "resp"] for sample in trace for c in ("r", "b") if taken(c)(sample)]
    assert rules.errors == sum(answer in (2, 3) for answer in answers) > 0


@pytest.mark.parametrize(("rule", "channel", "edit"), BROKEN)
def test_broken_trace_is_rejected(rule: str, channel: str, edit: Callable[[Trace], int]) -> None:
    """A legal trace with one thing wrong; the message says rule, channel and cycle."""
    trace = legal_trace(NARROW, 3)
    check(trace, NARROW)
    cycle = edit(trace)
    with pytest.raises(AxiRuleError, match=rule) as error:
        check(trace, NARROW)
    assert (error.value.rule, error.value.channel) == (rule, channel)
    assert error.value.cycle == cycle or cycle == -1
    assert str(error.value).startswith(f"{rule}: {channel}, cycle {error.value.cycle}: ")


def test_every_rule_is_broken_by_some_trace() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


def test_data_may_lead_where_that_is_legal() -> None:
    """Write data ahead of its address: an error on the engine's port, legal on its registers'."""
    trace = legal_trace(NARROW, 3)
    _early_data(trace)
    assert check(trace, dataclasses.replace(NARROW, data_may_lead=True)).open == 0
