"""What a host has to provide to reach an engine."""

import time
from abc import ABC, abstractmethod

POLL_SECONDS = 0.001
"""Between two looks at the status, without an interrupt."""


class Bus(ABC):
    """An engine's registers by byte offset, and a buffer in memory that the engine and the host share.

    What `write_memory` wrote must be in memory, not in a cache, before a later `write32` arrives.
    """

    base = 0
    """Address of the buffer on the engine's bus, a multiple of `hw.registers.BASE_ALIGNMENT`."""

    @abstractmethod
    def read32(self, offset: int) -> int:
        """Value of a register."""

    @abstractmethod
    def write32(self, offset: int, value: int) -> None:
        """Writes a register."""

    @abstractmethod
    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from byte `address` of the buffer on."""

    @abstractmethod
    def write_memory(self, address: int, data: bytes) -> None:
        """Writes `data` from byte `address` of the buffer on."""

    def wait(self, seconds: float) -> None:
        """Waits for the interrupt, at most `seconds`; to return early does no harm."""
        time.sleep(min(seconds, POLL_SECONDS))
