"""`MemoryTiming`: its limits and its text form; and the testbenches' memory, which keeps to it."""

from fractions import Fraction

import numpy as np
import pytest

from hw.config import PRESETS
from hw.memory_timing import MemoryTiming, MemoryTimingError, parse_memory
from tests.support.burst_memory import BurstMemory, EngineOutputs, ProtocolError
from tests.support.configs import TINY
from tests.support.timed_memory import TimedMemory


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"read_latency": 0}, "read_latency=0: must be 1 to 100000"),
        ({"write_latency": 100_001}, "write_latency=100001: must be 1 to 100000"),
        ({"max_outstanding": 0}, "max_outstanding=0: must be 1 to 1024"),
        ({"burst_bytes": 100}, "burst_bytes=100: must be 32, 64, 128 or 256"),
        ({"bytes_per_cycle": Fraction(0)}, "bytes_per_cycle=0: must be 1/1000 to the bytes of the bus"),
        ({"pause_period": -1}, "pause_period=-1: must be 0 to 1000000000"),
        (
            {"pause_period": 5, "pause_length": 5},
            "pause_length=5, pause_phase=0: must be less than pause_period=5",
        ),
        (
            {"pause_period": 5, "pause_phase": 5},
            "pause_length=0, pause_phase=5: must be less than pause_period=5",
        ),
        ({"pause_length": 1}, "pause_length=1, pause_phase=0: must be less than pause_period=0"),
    ],
)
def test_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(MemoryTimingError) as error:
        MemoryTiming(**fields)
    assert str(error.value) == message


def test_text() -> None:
    assert parse_memory("") == MemoryTiming()
    wanted = MemoryTiming(read_latency=7, bytes_per_cycle=Fraction(8, 3), pause_period=10, pause_length=2)
    assert parse_memory("read_latency=7,bytes_per_cycle=8/3,pause_period=10,pause_length=2") == wanted
    assert parse_memory("bytes_per_cycle=2.5").bytes_per_cycle == Fraction(5, 2)
    assert MemoryTiming(bytes_per_cycle=Fraction(5, 2)).as_dict()["bytes_per_cycle"] == 2.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency=1", "memory setting 'latency' is unknown; settings: read_latency, "),
        ("read_latency=x", "read_latency='x': must be a number"),
        ("bytes_per_cycle=1/0", "bytes_per_cycle='1/0': must be a number"),
    ],
)
def test_text_refused(text: str, message: str) -> None:
    with pytest.raises(MemoryTimingError) as error:
        parse_memory(text)
    assert str(error.value).startswith(message)


def test_spacing() -> None:
    config = PRESETS["pe256"]
    assert MemoryTiming().beat_spacing(config) == (8, 8)
    assert MemoryTiming(bytes_per_cycle=Fraction(8, 3)).beat_spacing(config) == (24, 8)
    with pytest.raises(MemoryTimingError, match="bytes_per_cycle=9: the bus of pe256 carries 8"):
        MemoryTiming(bytes_per_cycle=Fraction(9)).beat_spacing(config)


def beats_of(timing: MemoryTiming, requests: list[tuple[int, int, int]], cycles: int = 200):
    """(cycles of read beats, of write beats, of responses) for requests that are offered one after another."""
    memory = BurstMemory(config=TINY, timing=timing, data=np.zeros(4096, np.uint8), allowed=(0, 4096))
    reads, writes, responses, waiting = [], [], [], list(requests)
    left = [beats for write, _, beats in requests if write]
    accepted = []

    def beat() -> tuple[int, int, int]:
        return 0, 255, left[0] == 1

    for cycle in range(cycles):
        inputs = memory.cycle(
            cycle,
            EngineOutputs(
                request=waiting[0] if waiting else None,
                write_beat=beat if left else None,
            ),
        )
        if waiting and inputs.request_ready:
            accepted.append(cycle)
            waiting.pop(0)
        if inputs.read is not None:
            reads.append(cycle)
        if inputs.write_ready:
            writes.append(cycle)
            left[0] -= 1
            left = left if left[0] else left[1:]
        if inputs.written:
            responses.append(cycle)
    return accepted, reads, writes, responses


def test_memory_latencies() -> None:
    accepted, reads, writes, responses = beats_of(
        MemoryTiming(read_latency=10, write_latency=4), [(0, 0, 3), (1, 64, 2), (0, 128, 1)]
    )
    assert accepted == [0, 1, 2]
    assert reads == [10, 11, 12, 15]  # the second read waits behind the write
    assert writes == [13, 14]
    assert responses == [18]


def test_memory_rate() -> None:
    """8 bytes a beat at 8 ÷ 3 bytes a cycle: every third cycle; at 5: 5 beats in 8 cycles, the harness' way."""
    assert beats_of(MemoryTiming(read_latency=5, bytes_per_cycle=Fraction(8, 3)), [(0, 0, 4)])[1] == [
        5,
        8,
        11,
        14,
    ]
    assert beats_of(MemoryTiming(read_latency=5, bytes_per_cycle=Fraction(5)), [(0, 0, 6)])[1] == [
        5,
        6,
        8,
        9,
        11,
        13,
    ]


def test_memory_pauses() -> None:
    timing = MemoryTiming(read_latency=3, pause_period=10, pause_length=4, pause_phase=5)
    assert beats_of(timing, [(0, 0, 9)])[1] == [3, 4, 9, 10, 11, 12, 13, 14, 19]
    slow = MemoryTiming(
        read_latency=3, bytes_per_cycle=Fraction(4), pause_period=10, pause_length=4, pause_phase=4
    )
    assert beats_of(slow, [(0, 0, 3)])[1] == [3, 9, 11]  # the spacing stands still


def test_memory_takes_no_more_than_max_outstanding() -> None:
    accepted, reads, _, _ = beats_of(MemoryTiming(read_latency=10, max_outstanding=2), [(0, 0, 2)] * 3)
    assert accepted == [0, 1, 12]  # the cycle after the first burst's last beat
    assert reads == [10, 11, 12, 13, 22, 23]


def quiet() -> dict[str, int | None]:
    """Signals of an engine that does nothing, behind AXI."""
    return dict.fromkeys(("arvalid", "awvalid", "wvalid"), 0)


def asking(channel: str, address: int, beats: int) -> dict[str, int | None]:
    return quiet() | {f"{channel}valid": 1, f"{channel}addr": address, f"{channel}len": beats - 1}


def test_axi_memory_keeps_data() -> None:
    """Bytes whose strobe is set are written; what is read is marked at its last beat."""
    timing = MemoryTiming(read_latency=1, write_latency=2)
    memory = TimedMemory(config=TINY, timing=timing, data=np.arange(64, dtype=np.uint8))
    data = int.from_bytes(bytes(range(200, 208)), "little")
    beat = {"wvalid": 1, "wdata": data, "wstrb": 0b1010_0001, "wlast": 1}
    taken = [memory.cycle(0, asking("aw", 16, 1) | beat), memory.cycle(1, quiet() | beat)]
    assert [(shown["awready"], shown["wready"]) for shown in taken] == [(1, 0), (1, 1)]
    answers = [memory.cycle(2, asking("ar", 16, 2)), *(memory.cycle(cycle, quiet()) for cycle in (3, 4, 5))]
    assert [shown["bvalid"] for shown in answers] == [0, 1, 0, 0]
    assert [(shown["rvalid"], shown["rlast"]) for shown in answers] == [(0, 0), (1, 0), (1, 1), (0, 0)]
    assert answers[1]["rdata"].to_bytes(8, "little") == bytes([200, 17, 18, 19, 20, 205, 22, 207])
    assert answers[2]["rdata"].to_bytes(8, "little") == bytes(range(24, 32))
    assert answers[3]["rdata"] == (1 << 64) - 1


def test_axi_memory_refuses_what_no_engine_does() -> None:
    memory = TimedMemory(config=TINY, timing=MemoryTiming(), data=np.zeros(64, np.uint8))
    with pytest.raises(ProtocolError, match="a read and a write are asked for in the same cycle"):
        memory.cycle(0, asking("ar", 0, 1) | asking("aw", 0, 1) | {"arvalid": 1})
    with pytest.raises(ProtocolError, match="arlen is unknown"):
        memory.cycle(0, asking("ar", 0, 1) | {"arlen": None})
