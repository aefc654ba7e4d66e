"""`Program`: what the model times and what the engine runs: commands and a DRAM image, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.layer import Padding
from hw.commands import BLOCK_BYTES, Command, encode_program
from hw.config import EngineConfig
from hw.placement import Placement

ALIGNMENT = 64
"""Bytes every object in DRAM is aligned to."""


@dataclass(frozen=True, kw_only=True)
class Patches:
    """A picture as the pixels under each window of its first convolution: im2col.

    Parameters
    ----------
    shape: (height, width, channels) of the picture
    kernel, stride: (rows, columns)
    padding: whose pixels are `zero_point`
    """

    shape: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    zero_point: int

    def of(self, values: NDArray[np.int8]) -> NDArray[np.int8]:
        """(rows, columns, kernel rows · kernel columns · channels) int8: a pixel per window, taps in row order."""
        padding = self.padding
        padded = np.pad(values, ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0)),
                        constant_values=self.zero_point)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(0, 1))
        windows = windows[::self.stride[0], ::self.stride[1]].transpose(0, 1, 3, 4, 2)
        return windows.reshape(*windows.shape[:2], -1)


@dataclass(frozen=True, kw_only=True)
class DramTensor:
    """An int8 tensor in DRAM: blocks of `block_channels` channels, each (height · width) pixels in row order.

    Parameters
    ----------
    name: of the tensor
    shape: (height, width, channels)
    address: byte address of the first block
    stride: bytes from one block to the next
    patches: how the tensor is made of the picture; None for one that is the picture, or that the engine makes
    """

    name: str
    shape: tuple[int, int, int]
    block_channels: int
    address: int
    stride: int
    patches: Patches | None = None

    @property
    def given_shape(self) -> tuple[int, int, int]:
        """Of what `pack` takes."""
        return self.patches.shape if self.patches else self.shape

    @property
    def blocks(self) -> int:
        """Channel blocks."""
        return -(-self.shape[2] // self.block_channels)

    @property
    def size(self) -> int:
        return self.blocks * self.stride

    def pack(self, values: NDArray[np.int8]) -> bytes:
        """Bytes of `values`, the picture (height, width, channels) int8; channels beyond the last are zero."""
        if values.shape != self.given_shape or values.dtype != np.int8:
            raise ValueError(f"{self.name}: must be int8{self.given_shape}, not {values.dtype}{values.shape}")
        if self.patches:
            values = self.patches.of(values)
        height, width, channels = self.shape
        padded = np.zeros((height * width, self.blocks * self.block_channels), np.int8)
        padded[:, :channels] = values.reshape(-1, channels)
        pixels = padded.reshape(height * width, self.blocks, self.block_channels).transpose(1, 0, 2)
        blocks = np.zeros((self.blocks, self.stride), np.int8)
        blocks[:, :height * width * self.block_channels] = pixels.reshape(self.blocks, -1)
        return blocks.tobytes()

    def unpack(self, memory: bytes | NDArray[np.uint8]) -> NDArray[np.int8]:
        """The tensor (height, width, channels) out of a memory image that begins at address 0."""
        height, width, channels = self.shape
        flat = np.frombuffer(memory, np.int8) if isinstance(memory, bytes) else memory.view(np.int8)
        blocks = flat[self.address:self.address + self.size].reshape(self.blocks, self.stride)
        pixels = blocks[:, :height * width * self.block_channels].reshape(self.blocks, -1, self.block_channels)
        return pixels.transpose(1, 0, 2).reshape(height, width, -1)[:, :, :channels].copy()


@dataclass(frozen=True, kw_only=True)
class Program:
    """Commands in the order they are fetched, and the DRAM they work on.

    Parameters
    ----------
    config: configuration it was compiled for
    layers: names, by the layer id of the commands
    commands: in program order
    image: DRAM contents from address 0 on, commands not included; ends at `address`
    address: of the program
    input, output: tensors the host writes before and reads after
    tensors: all that are in DRAM in between, by the name of the layer that makes them
    placements: where things are on chip, cascade by cascade
    """

    config: EngineConfig
    layers: tuple[str, ...]
    commands: tuple[Command, ...]
    image: bytes
    address: int
    input: DramTensor
    output: DramTensor
    tensors: Mapping[str, DramTensor] = field(default_factory=dict)
    placements: tuple[Placement, ...] = ()

    @property
    def encoded_bytes(self) -> int:
        """Of header and commands."""
        return (1 + len(self.commands)) * BLOCK_BYTES

    @cached_property
    def encoded(self) -> bytes:
        """Header and commands, as `fetch` reads them."""
        return encode_program(self.config.hash, self.commands)

    @cached_property
    def stored(self) -> Mapping[int, DramTensor]:
        """The tensors it makes in DRAM, each by the number, among the stores, of the last one that writes it."""
        starts = [command.fields["dram_address"] for command in self.commands if command.unit == "store"]
        last = {tensor.name: number for number, start in enumerate(starts) for tensor in self.tensors.values()
                if tensor.address <= start < tensor.address + tensor.size}
        return {number: self.tensors[name] for name, number in last.items()}

    @property
    def memory_bytes(self) -> int:
        """DRAM the program needs, from address 0."""
        return self.address + BLOCK_BYTES * (1 + len(self.commands))

    @property
    def read_window(self) -> tuple[int, int]:
        """(first, last) byte it reads."""
        return 0, self.memory_bytes - 1

    @property
    def write_window(self) -> tuple[int, int]:
        """(first, last) byte it writes: from the first tensor it makes to the last."""
        made = (self.output, *self.tensors.values())
        return min(tensor.address for tensor in made), max(tensor.address + tensor.size for tensor in made) - 1

    def memory(self, values: NDArray[np.int8]) -> NDArray[np.uint8]:
        """DRAM before the start: image, input `values` and program."""
        memory = np.zeros(self.memory_bytes, np.uint8)
        memory[:len(self.image)] = np.frombuffer(self.image, np.uint8)
        memory[self.input.address:self.input.address + self.input.size] = np.frombuffer(
            self.input.pack(values), np.uint8)
        memory[self.address:] = np.frombuffer(self.encoded, np.uint8)
        return memory
