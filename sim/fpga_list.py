"""Devices and boards, as `sepconv list` shows them."""

from hw.fpga.boards import BOARDS
from hw.fpga.targets import TARGETS
from sim.report import aligned


def device_lines() -> list[str]:
    """A table of the devices, and one of the boards."""
    targets = [("target", "device", "clock is", "LUT", "FF", "DSP", "BRAM", "KiB")]
    for target in TARGETS.values():
        has = target.resources
        targets.append((target.name, target.title, "routed" if target.family.router else "estimated", f"{has.lut:,}",
                        f"{has.ff:,}", f"{has.dsp:,}", f"{has.bram:,}", f"{has.bram * target.bram_bits // 8192:,}"))
    boards = [("board", "name", "target", "package, speed", "memory", "MB/s peak", "latency, assumed")]
    for board in BOARDS.values():
        boards.append((board.name, board.title, board.target.name, f"{board.package}, {board.speed_grade}",
                       board.memory, f"{board.bytes_per_second // 1_000_000:,}", f"{board.latency_ns} ns"))
    return [*aligned(targets, left=3), "", *aligned(boards, left=5)]
