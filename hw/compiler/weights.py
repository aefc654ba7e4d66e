"""Where the weights of a cascade lie: resident for its whole time if they fit, else streamed block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from hw.compiler.errors import DoesNotFit
from hw.compiler.tokens import Cells, Region, Sequencer, Space
from hw.config import EngineConfig
from hw.placement import WeightsPlace


class WeightMemory:
    """The words of one weight memory, given out round and round from layer to layer.

    So what comes next has other words than what is in use, and can be fetched that much ahead.
    """

    def __init__(self, config: EngineConfig, *, depthwise: bool) -> None:
        self.name = "dw_weight_bytes" if depthwise else "weight_bytes"
        self.engine = config.name
        self.word_bytes = config.dw_word_bytes if depthwise else config.weight_word_bytes
        self.words = (config.dw_weight_bytes if depthwise else config.weight_bytes) // self.word_bytes
        self.space = Space()
        self._next = 0

    def take(self, words: int) -> int:
        """The first of the next `words` words that follow one another."""
        first = self._next if self._next + words <= self.words else 0
        self._next = first + words
        return first

    def refusal(self, item: "WeightPlace", left: int) -> DoesNotFit:
        """The error that one block of `item` does not go into `left` words."""
        short = (item.block_words - left) * self.word_bytes
        return DoesNotFit(f"{self.name}={self.words * self.word_bytes} of {self.engine}: one block of weights of"
                          f" {item.name} needs {item.block_bytes} bytes, {left * self.word_bytes} are left: {short}"
                          " bytes short", memory=self.name, short=short)


@dataclass
class WeightPlace:
    """Weights of one layer in one weight memory.

    Parameters
    ----------
    name, layer: of the layer, and its id
    blocks, block_bytes: of the packed layer
    address: byte address in DRAM
    first: word from which on there are `slots` pieces of `blocks_per_slot` blocks; None if each piece, used once,
        takes the next words of the memory when it comes
    """

    name: str
    layer: int
    depthwise: bool
    blocks: int
    block_bytes: int
    bus_bytes: int
    memory: WeightMemory
    address: int = 0
    first: int | None = None
    slots: int = 1
    blocks_per_slot: int = 0
    resident: bool = True
    _used: int = 0

    @property
    def block_words(self) -> int:
        return self.block_bytes // self.memory.word_bytes

    @property
    def words(self) -> int:
        return self.blocks * self.block_words

    @property
    def place(self) -> WeightsPlace:
        return WeightsPlace(layer=self.name, unit="depthwise" if self.depthwise else "pointwise", address=self.address,
                            size=self.blocks * self.block_bytes, resident=self.resident, slots=self.slots,
                            slot_bytes=self.blocks_per_slot * self.block_bytes)

    def chunks(self, sequencer: Sequencer) -> Iterator[tuple[int, int, int, Region]]:
        """(first block, blocks, word, region) in order, each after the `weights` command that brings it, if any.

        Resident weights come in pieces, so that the first is there early, and are one piece from then on.
        """
        there = self.first is not None and self.resident and self._used > 0
        size = self.blocks if there else self.blocks_per_slot
        for block in range(0, self.blocks, size):
            blocks = min(size, self.blocks - block)
            word = self._word(blocks, 0 if there else self._used % self.slots)
            region = Region(self.memory.space, Cells(word, word + blocks * self.block_words))
            if not there:
                sequencer.add("weights", self.layer, {
                    "dram_address": self.address + block * self.block_bytes,
                    "beats": blocks * self.block_bytes // self.bus_bytes,
                    "depthwise": int(self.depthwise), "word": word}, writes=[region])
            self._used += 1
            yield block, blocks, word, region

    def _word(self, blocks: int, slot: int) -> int:
        if self.first is None:
            return self.memory.take(blocks * self.block_words)
        return self.first + slot * self.blocks_per_slot * self.block_words


def _pieces(item: WeightPlace, piece_bytes: int) -> int:
    """Number of pieces the weights of a layer should come in."""
    return min(item.blocks, ceil(item.blocks * item.block_bytes / piece_bytes))


def place_once(memory: WeightMemory, places: list[WeightPlace], piece_bytes: int) -> None:
    """Cuts weights that are used once, in their order, into pieces of about `piece_bytes`.

    A piece is half of the memory at most, so that the next is fetched while it is used. Raises `DoesNotFit` if a
    single block of a layer does not fit.
    """
    for item in places:
        if item.block_words > memory.words:
            raise memory.refusal(item, memory.words)
        most = max(1, memory.words // 2 // item.block_words)
        pieces = max(ceil(item.blocks / most), _pieces(item, piece_bytes))
        item.blocks_per_slot = ceil(item.blocks / pieces)
        item.slots = min(pieces, memory.words // (item.blocks_per_slot * item.block_words))


def place_weights(memory: WeightMemory, places: list[WeightPlace], piece_bytes: int) -> None:
    """Gives places that are used stripe after stripe their words: the smallest layers stay, others share what is left.

    Weights come in pieces of about `piece_bytes`, or a block if that is more.

    Raises `DoesNotFit` if a single block of a layer does not.
    """
    used, streamed = 0, list(places)
    for candidate in sorted(places, key=lambda item: item.words):
        others = [item for item in streamed if item is not candidate]
        if used + candidate.words + sum(2 * item.block_words for item in others) > memory.words:
            break
        candidate.first, candidate.blocks_per_slot = used, ceil(candidate.blocks / _pieces(candidate, piece_bytes))
        candidate.slots = ceil(candidate.blocks / candidate.blocks_per_slot)
        used += candidate.words
        streamed = others
    for index, item in enumerate(streamed):
        share = (memory.words - used) // (len(streamed) - index)
        item.slots = 2 if share >= 2 * item.block_words else 1
        item.blocks_per_slot = share // item.slots // item.block_words
        if item.blocks_per_slot == 0:
            raise memory.refusal(item, share)
        # Pieces of the same size: a small last one would be over before the next piece is there.
        pieces = max(ceil(item.blocks / item.blocks_per_slot), _pieces(item, piece_bytes))
        item.blocks_per_slot = ceil(item.blocks / pieces)
        item.slots = share // item.block_words // item.blocks_per_slot
        item.first, item.resident = used, False
        used += item.slots * item.blocks_per_slot * item.block_words
    base = memory.take(used)
    for item in places:
        assert item.first is not None
        item.first += base
