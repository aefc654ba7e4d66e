"""Commands in the parts in which they come to their queues, taken apart and put together bit by bit."""

from collections.abc import Sequence

from hw.latency import COMMAND_PARTS


def parts_of(item: int, bits: int) -> list[int]:
    """Part n of an item of so many bits: its bits n, n + `COMMAND_PARTS`, …"""
    return [sum((item >> bit & 1) << index for index, bit in enumerate(range(number, bits, COMMAND_PARTS)))
            for number in range(COMMAND_PARTS)]


def bits_of(parts: Sequence[int], bits: int) -> list[int]:
    """The bits of the item that came in `parts`."""
    return [parts[bit % COMMAND_PARTS] >> bit // COMMAND_PARTS & 1 for bit in range(bits)]
