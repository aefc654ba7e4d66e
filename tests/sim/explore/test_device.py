"""Device, board, and memory in cycles."""

from fractions import Fraction

import pytest

from hw.config import PRESETS
from hw.fpga.boards import BOARDS
from hw.fpga.targets import TARGETS, TargetError
from hw.memory_timing import MemoryTimingError
from sim.explore.clock import estimated_clock
from sim.explore.device import find_device
from sim.work import RequestError

CONFIG = PRESETS["pe128"]


def test_a_boards_memory_becomes_cycles_at_the_clock() -> None:
    board = BOARDS["ulx3s"]
    device = find_device(None, "ulx3s", "")
    assert device.target == board.target
    other = find_device("lfe5u-25f", "orangecrab", "").target
    assert (other.name, other.package, other.speed_grade) == ("lfe5u-25f", "CSFBGA285", "8")
    for mhz in (50.0, 123.4):
        memory = device.memory_at(mhz, CONFIG)
        assert memory.bytes_per_cycle is not None
        assert float(memory.bytes_per_cycle) * mhz * 1e6 == pytest.approx(board.bytes_per_second)
        assert 0 <= memory.read_latency / mhz * 1000 - board.latency_ns < 1000 / mhz
    # At a clock so slow that the memory is faster than the bus, the bus is the limit.
    assert device.memory_at(1.0, CONFIG).bytes_per_cycle is None


def test_without_a_board_the_memory_is_in_cycles() -> None:
    device = find_device("lfe5u-85f", None, "bytes_per_cycle=5/2,read_latency=7")
    for mhz in (10.0, 200.0):
        memory = device.memory_at(mhz, CONFIG)
        assert (memory.bytes_per_cycle, memory.read_latency) == (Fraction(5, 2), 7)
    fast = find_device("lfe5u-85f", None, "bytes_per_cycle=16")
    assert fast.memory_at(100.0, CONFIG).bytes_per_cycle is None  # faster than a bus of 8 bytes
    assert "assumed" in device.memory_text


@pytest.mark.parametrize(("arguments", "message"), [
    ((None, None, ""), "explore needs a device"),
    (("lfe5u-25f", "ulx3s", ""), "--target lfe5u-25f: Radiona ULX3S .* carries lfe5u-85f"),
    ((None, "icebreaker", ""), "iCEBreaker has no memory that can be written"),
    ((None, "ulx3s", "read_latency=4"), "--memory read_latency=4: the memory is that of --board ulx3s"),
])
def test_contradictions(arguments: tuple, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        find_device(*arguments)


def test_unknown_names() -> None:
    with pytest.raises(TargetError, match="lfe5u-85f"):
        find_device("lfe5u-84f", None, "")
    with pytest.raises(TargetError, match="ulx3s"):
        find_device(None, "ulx4s", "")
    with pytest.raises(MemoryTimingError):
        find_device("lfe5u-85f", None, "latency=4")


def test_a_clock_that_is_given() -> None:
    target = TARGETS["lfe5u-85f"]
    assert estimated_clock(target, 77.0).mhz == 77.0
    assert "given" in estimated_clock(target, 77.0).rule
    assert "assumed" in estimated_clock(target, None).rule
