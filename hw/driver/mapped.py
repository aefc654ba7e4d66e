"""A `Bus` over two files that map to the engine's registers and memory, such as ``/dev/mem`` or ``/dev/uio0``."""

import mmap
import os
from pathlib import Path

from hw.driver.bus import Bus
from hw.registers import ADDRESS_BITS


def _map(path: Path, offset: int, size: int) -> memoryview:
    descriptor = os.open(path, os.O_RDWR | os.O_SYNC)
    try:
        return memoryview(mmap.mmap(descriptor, size, offset=offset))
    finally:
        os.close(descriptor)


class MappedBus(Bus):
    """Registers from byte `registers_offset` of one file on, memory from `memory_offset` of another on.

    `base` is the address of the mapped memory on the engine's bus: with ``/dev/mem`` the same as `memory_offset`.
    Offsets are multiples of the page size. Raises `OSError` if a file can't be mapped.
    """

    def __init__(
        self, registers: Path, memory: Path, memory_bytes: int, *, base: int = 0, registers_offset: int = 0,
        memory_offset: int = 0
    ) -> None:
        self.base = base
        self._registers = _map(registers, registers_offset, 1 << ADDRESS_BITS).cast("I")
        self._memory = _map(memory, memory_offset, memory_bytes)

    def read32(self, offset: int) -> int:
        return self._registers[offset // 4]

    def write32(self, offset: int, value: int) -> None:
        self._registers[offset // 4] = value

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(self._memory[address:address + size])

    def write_memory(self, address: int, data: bytes) -> None:
        self._memory[address:address + len(data)] = data
