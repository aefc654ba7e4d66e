"""What the transfer commands mean, in NumPy: the model that the units of transfer are compared with."""

import numpy as np
from numpy.typing import NDArray

from hw.commands import Command
from hw.config import EngineConfig
from tests.support.ports import Rows


def transfer_pixels(fields, config: EngineConfig) -> list[tuple[int, int, int]]:
    """(DRAM address, row, pixel of the row) of each pixel a load or store moves."""
    bus, pixel_bytes = config.bus_bytes, config.pe_rows
    moved = []
    for block in range(fields["blocks"]):
        first = fields["lead"] * pixel_bytes
        end = (fields["beats"] - 1) * bus + min(fields["tail"] * pixel_bytes, bus)
        start = fields["dram_address"] + block * fields["dram_stride"]
        place = (fields["row"] + block * fields["row_stride"]) * config.row_bytes + fields["chunk"] * bus
        for index, offset in enumerate(range(first, end, pixel_bytes)):
            phase = index % 2 if fields.get("split") else 0
            on_chip = index // 2 * pixel_bytes if fields.get("split") else offset
            if fields.get("split") and config.words_per_beat > 1:
                if phase != fields["odd"]:
                    continue
                phase, on_chip = 0, on_chip + fields["half"] * pixel_bytes
            row, byte = divmod(place + on_chip, config.row_bytes)
            moved.append((start + offset, row + phase * fields.get("phase_row_stride", 0), byte // pixel_bytes))
    return moved


def load(command: Command, memory: NDArray[np.uint8], rows: Rows) -> None:
    """Effect of a `load` command."""
    size = rows.config.pe_rows
    for address, row, pixel in transfer_pixels(command.fields, rows.config):
        rows.data[row, pixel] = memory[address : address + size]


def store(command: Command, memory: NDArray[np.uint8], rows: Rows) -> None:
    """Effect of a `store` command."""
    size = rows.config.pe_rows
    for address, row, pixel in transfer_pixels(command.fields, rows.config):
        memory[address : address + size] = rows.data[row, pixel]


def weights(
    command: Command, memory: NDArray[np.uint8], words: NDArray[np.uint8], config: EngineConfig
) -> None:
    """Effect of a `weights` command on the memory it names, (words, bytes of a word)."""
    fields = command.fields
    size, first, start = (
        fields["beats"] * config.bus_bytes,
        fields["word"] * words.shape[1],
        fields["dram_address"],
    )
    words.reshape(-1)[first : first + size] = memory[start : start + size]
