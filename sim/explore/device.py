"""What the engine is to run on: a device, the memory beside it, and a clock."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from hw.config import EngineConfig
from hw.fpga.boards import Board, find_board
from hw.fpga.targets import Target, find_target
from hw.memory_timing import MemoryTiming, parse_memory
from sim.work import RequestError


@dataclass(frozen=True, kw_only=True)
class Device:
    """A target, and the DRAM of the board it is on.

    Parameters
    ----------
    target: the device
    board: None: no board is meant, and the memory is as `memory` says in cycles, whatever the clock
    memory: timing in cycles; with a board its rate and latency are the board's instead
    """

    target: Target
    board: Board | None
    memory: MemoryTiming

    def memory_at(self, clock_mhz: float, config: EngineConfig) -> MemoryTiming:
        """The memory in cycles of that clock, as `config`'s bus can take it: bytes a second and nanoseconds become
        bytes and cycles, latency rounded up."""
        if self.board is None:
            rate = self.memory.bytes_per_cycle
            return replace(self.memory, bytes_per_cycle=None if rate is None or rate >= config.bus_bytes else rate)
        clock = Fraction(round(clock_mhz * 10), 10)
        rate = Fraction(self.board.bytes_per_second, 1_000_000) / clock
        return replace(self.memory, bytes_per_cycle=None if rate >= config.bus_bytes else rate,
                       read_latency=max(1, -(-self.board.latency_ns * clock.numerator // (1000 * clock.denominator))))

    @property
    def memory_text(self) -> str:
        """In words, with what is assumed of it."""
        if self.board is None:
            rate = self.memory.bytes_per_cycle
            speed = "the bus' full rate" if rate is None else f"{float(rate):g} bytes a cycle"
            return f"memory: {speed}, read latency {self.memory.read_latency} cycles (assumed: no board is given)"
        return (f"memory of {self.board.title}: {self.board.memory}, {self.board.bytes_per_second / 1e6:,.0f} MB/s (its"
                f" peak), latency {self.board.latency_ns} ns (assumed)")

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        board = self.board
        return {"target": self.target.name, "target_title": self.target.title, "memory_text": self.memory_text,
                "board": board and board.name, "device": self.target.resources.as_dict(),
                "memory_bytes_per_second": board and board.bytes_per_second,
                "memory_latency_ns": board and board.latency_ns, "memory": self.memory.as_dict()}


def find_device(target: str | None, board: str | None, memory: str) -> Device:
    """From the command line. Raises `TargetError`, `MemoryTimingError`, or `RequestError` if they contradict."""
    if board is None:
        if target is None:
            raise RequestError("explore needs a device: give --target (e.g. lfe5u-85f) or --board (e.g. ulx3s); see"
                               " sepconv list")
        return Device(target=find_target(target), board=None, memory=parse_memory(memory))
    if memory:
        raise RequestError(f"--memory {memory}: the memory is that of --board {board}; give one of the two")
    found = find_board(board)
    if not found.bytes_per_second:
        raise RequestError(f"--board {board}: {found.title} has no memory that can be written, which the engine"
                           " needs; --target and --memory stand for a board that has")
    if target is not None and find_target(target) != found.target:
        raise RequestError(f"--target {target}: {found.title} carries {found.target.name}; leave one of the two out")
    on_it = replace(found.target, package=found.package, speed_grade=found.speed_grade)
    return Device(target=on_it, board=found, memory=MemoryTiming())
