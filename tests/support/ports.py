"""The other side of the engine's inner ports, as benches: word memories and activation rows in NumPy."""

import numpy as np
from numpy.typing import NDArray

from hw.config import EngineConfig
from hw.gateware.activation_memory import enable_bytes
from hw.latency import ACTIVATION_READ, RAM_READ
from tests.support.pysim import Bench, get

UNKNOWN = 0x5A
"""What a bank that is not read returns."""


def serve_words(
    port, words: NDArray[np.uint8], first: int, *, cycles: int, fetched: set[int] | None = None
) -> Bench:
    """A weight memory for `port` (a `WordPort`), holding `words` from word `first` on, for `cycles` cycles.

    Adds the words that the port names to `fetched`.
    """

    async def bench(ctx) -> None:
        pipeline = [0] * RAM_READ
        for _ in range(cycles):
            index = get(ctx, port.word) - first
            if fetched is not None:
                fetched.add(index)
            await ctx.tick()
            known = 0 <= index < len(words)
            pipeline.append(int.from_bytes(words[index].tobytes(), "little") if known else 0)
            ctx.set(port.data, pipeline[-RAM_READ])

    return bench


class Rows:
    """An activation memory: `data` (rows, pe_pixels, pe_rows) bytes."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.data = np.full((config.activation_rows, config.pe_pixels, config.pe_rows), UNKNOWN, np.uint8)
        self.written = np.zeros(self.data.shape, bool)
        self.opened = np.zeros(self.data.shape[:2], bool)
        """Words that a `ReadPort` has read."""

    def read(self, row: int, lane: int, enable: int) -> int:
        """Data of a `ReadPort`."""
        banks = np.full((self.config.pe_pixels, self.config.pe_rows), UNKNOWN, np.uint8)
        for bank in range(self.config.pe_pixels):
            if enable >> bank & 1:
                place = (row + (bank < lane)) % (1 << (self.config.activation_rows - 1).bit_length()), bank
                banks[bank], self.opened[place] = self.data[place], True
        return int.from_bytes(banks.tobytes(), "little")

    def write(self, row: int, enable: int, data: int) -> None:
        """Effect of a `WritePort`."""
        size = enable_bytes(self.config)
        new = np.frombuffer(data.to_bytes(self.config.row_bytes, "little"), np.uint8)
        flat, written = self.data[row].reshape(-1), self.written[row].reshape(-1)
        for bit in range(self.config.row_bytes // size):
            if enable >> bit & 1:
                flat[bit * size : (bit + 1) * size] = new[bit * size : (bit + 1) * size]
                written[bit * size : (bit + 1) * size] = True

    def serve_reads(self, port, *, cycles: int) -> Bench:
        """Answers `port` with the latency of the memory, for `cycles` cycles."""

        async def bench(ctx) -> None:
            pipeline = [0] * ACTIVATION_READ
            for _ in range(cycles):
                pipeline.append(self.read(get(ctx, port.row), get(ctx, port.lane), get(ctx, port.enable)))
                await ctx.tick()
                ctx.set(port.data, pipeline.pop(1))

        return bench

    def take_writes(self, port, *, cycles: int, times: list[int] | None = None) -> Bench:
        """Takes what `port` writes, for `cycles` cycles, and notes when."""

        async def bench(ctx) -> None:
            for cycle in range(cycles):
                enable = get(ctx, port.enable)
                if enable:
                    self.write(get(ctx, port.row), enable, get(ctx, port.data))
                    if times is not None:
                        times.append(cycle)
                await ctx.tick()

        return bench
