"""Where the weights of a cascade lie: resident for its whole time if they fit, else streamed block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from hw.compiler.errors import DoesNotFit
from hw.compiler.tokens import Cells, Region, Sequencer, Space
from hw.config import EngineConfig
from hw.placement import WeightsPlace


@dataclass
class WeightPlace:
    """Weights of one layer in one weight memory.

    Parameters
    ----------
    name, layer: of the layer, and its id
    blocks, block_bytes: of the packed layer
    address: byte address in DRAM
    first, slots, blocks_per_slot: words from `first` on, in `slots` pieces of `blocks_per_slot` blocks
    """

    name: str
    layer: int
    depthwise: bool
    blocks: int
    block_bytes: int
    word_bytes: int
    bus_bytes: int
    space: Space
    address: int = 0
    first: int = 0
    slots: int = 1
    blocks_per_slot: int = 0
    resident: bool = True
    _used: int = 0

    @property
    def block_words(self) -> int:
        return self.block_bytes // self.word_bytes

    @property
    def place(self) -> WeightsPlace:
        return WeightsPlace(layer=self.name, unit="depthwise" if self.depthwise else "pointwise", address=self.address,
                            size=self.blocks * self.block_bytes, resident=self.resident, slots=self.slots,
                            slot_bytes=self.blocks_per_slot * self.block_bytes)

    def chunks(self, sequencer: Sequencer) -> Iterator[tuple[int, int, int, Region]]:
        """(first block, blocks, word, region) in order, each after the `weights` command that brings it, if any.

        Resident weights come in pieces, so that the first is there early, and are one piece from then on.
        """
        there = self.resident and self._used > 0
        size = self.blocks if there else self.blocks_per_slot
        for block in range(0, self.blocks, size):
            blocks = min(size, self.blocks - block)
            slot = 0 if there else self._used % self.slots
            word = self.first + slot * self.blocks_per_slot * self.block_words
            region = Region(self.space, Cells(word, word + blocks * self.block_words))
            if not there:
                sequencer.add("weights", self.layer, {
                    "dram_address": self.address + block * self.block_bytes,
                    "beats": blocks * self.block_bytes // self.bus_bytes,
                    "depthwise": int(self.depthwise), "word": word}, writes=[region])
            self._used += 1
            yield block, blocks, word, region


def _pieces(item: WeightPlace, piece_bytes: int) -> int:
    """Number of pieces the weights of a layer should come in."""
    return min(item.blocks, ceil(item.blocks * item.block_bytes / piece_bytes))


def place_weights(config: EngineConfig, places: list[WeightPlace], *, depthwise: bool, piece_bytes: int) -> None:
    """Gives each place its words of one weight memory: the smallest layers stay, the others share what is left.

    Weights come in pieces of about `piece_bytes`, or a block if that is more.

    Raises `DoesNotFit` if a single block of a layer does not.
    """
    capacity = config.dw_weight_bytes // config.dw_word_bytes if depthwise else (
        config.weight_bytes // config.weight_word_bytes)
    word_bytes = config.dw_word_bytes if depthwise else config.weight_word_bytes
    name = "dw_weight_bytes" if depthwise else "weight_bytes"
    used, streamed = 0, list(places)
    for candidate in sorted(places, key=lambda item: item.blocks * item.block_words):
        words = candidate.blocks * candidate.block_words
        others = [item for item in streamed if item is not candidate]
        if used + words + sum(2 * item.block_words for item in others) > capacity:
            break
        candidate.first, candidate.blocks_per_slot = used, ceil(candidate.blocks / _pieces(candidate, piece_bytes))
        candidate.slots = ceil(candidate.blocks / candidate.blocks_per_slot)
        used += words
        streamed = others
    for index, item in enumerate(streamed):
        share = (capacity - used) // (len(streamed) - index)
        item.slots = 2 if share >= 2 * item.block_words else 1
        item.blocks_per_slot = share // item.slots // item.block_words
        if item.blocks_per_slot == 0:
            short = (item.block_words - share) * word_bytes
            raise DoesNotFit(f"{name}={capacity * word_bytes} of {config.name}: one block of weights of {item.name}"
                             f" needs {item.block_bytes} bytes, {share * word_bytes} are left: {short} bytes short",
                             memory=name, short=short)
        # Pieces of the same size: a small last one would be over before the next piece is there.
        pieces = max(ceil(item.blocks / item.blocks_per_slot), _pieces(item, piece_bytes))
        item.blocks_per_slot = ceil(item.blocks / pieces)
        item.slots = share // item.block_words // item.blocks_per_slot
        item.first, item.resident = used, False
        used += item.slots * item.blocks_per_slot * item.block_words
