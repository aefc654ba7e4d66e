"""Closed forms of the two datapaths: from the cycle a command starts to the cycles of all it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hw.config import KERNEL, EngineConfig
from hw.latency import (
    BACKLOG,
    DEPTHWISE_SUM,
    DRAIN_TAKE,
    DRAINED,
    FOLLOWING,
    POINTWISE_TAKE,
    REQUANTISE,
    RESIDUAL_SLOTS,
    RESIDUAL_TAIL,
    SWITCH,
    TAKE,
    TAPS_TAKE,
    depthwise_window,
    drain_delay,
    drain_tail_vectors,
)


@dataclass(frozen=True)
class Ran:
    """What became of a command: the last cycle of its walk, the cycle its tokens are set, and its busy cycles."""

    done: int
    end: int
    busy: int


class DepthwiseTime:
    """The depthwise unit: taps load a channel block ahead of its windows; commands follow without a gap."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.free = 0
        """First cycle the next command may start in."""
        self._issued = -1
        self._block_start = 0
        self._words_from = 0

    def run(self, start: int, fields: Mapping[str, int]) -> Ran:
        config = self.config
        row, tail = row_cycles(config.pe_pixels, config.dw_groups, fields["stride"], fields["out_width"],
                               fields["column_blocks"])
        block = row * fields["out_rows"]
        take = max(start, self._issued) + SWITCH
        begin = take + TAKE
        words_from = start + TAPS_TAKE
        first = begin
        for _ in range(fields["blocks"]):
            loading = max(words_from, self._block_start)
            words_from = loading + config.dw_block_words
            first = max(begin, words_from)
            self._block_start = first
            begin = first + block
        self._issued = first + block - 1
        self.free = max(words_from, take + 1)
        last_step = self._issued - tail
        busy = fields["blocks"] * fields["out_rows"] * fields["out_width"] * config.dw_groups
        return Ran(self._issued, last_step + depthwise_window(config) + DEPTHWISE_SUM + REQUANTISE + 2, busy)


@lru_cache
def row_cycles(pixels: int, groups: int, stride: int, out_width: int, column_blocks: int) -> tuple[int, int]:
    """Cycles one output row takes, and how many of them follow its last window.

    A block of `pixels` columns takes a read for each window row and `groups` cycles for each window that ends in it,
    whichever is more.
    """
    cycles = tail = 0
    edge, left = KERNEL - 1, out_width
    for _ in range(column_blocks):
        windows = min(left, max(0, -(-(pixels - edge) // stride)))
        duration = max(KERNEL, windows * groups)
        cycles += duration
        tail = duration - windows * groups
        left -= windows
        edge += windows * stride - pixels
    return cycles, tail


class PointwiseTime:
    """The pointwise unit: weights a tile ahead of the passes, passes a block ahead of the drain."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.free = 0
        self._issued = -1
        self._pass_start = 0
        self._drained = -2
        self._half_free = [0, 0]
        """First cycle a block may start in each half, the one to be used next first."""

    def run(self, start: int, fields: Mapping[str, int]) -> Ran:
        config = self.config
        tile_words, delay = config.tile_words, drain_delay(config)
        drain_cycles, kept = config.drain_cycles, drain_tail_vectors(config)
        passes = fields["passes"] + fields["residual_passes"]
        residual = fields["residual_passes"] > 0
        if residual:
            drain_cycles *= RESIDUAL_SLOTS
        take = max(start + FOLLOWING, self._issued) + SWITCH
        issue_from, drain_from = take + POINTWISE_TAKE, max(take + BACKLOG, self._drained + 1) + DRAIN_TAKE
        words_from, pass_start = start + 1, self._pass_start
        base = drain_from
        half_free, next_free = self._half_free
        for tile in range(fields["tiles"]):
            vectors = fields["last_vectors"] if tile == fields["tiles"] - 1 else fields["tile_vectors"]
            period = max(vectors, tile_words)
            for _ in range(fields["out_blocks"]):
                loading = max(words_from, pass_start)
                first = max(issue_from, loading + tile_words, half_free)
                pass_start = first + (passes - 1) * period
                if passes > 1:
                    loading = pass_start - period
                words_from = loading + tile_words + config.parameter_words
                issue_from = pass_start + vectors
                drain = max(drain_from, issue_from + delay)
                if residual:
                    drain = base - (base - drain) // RESIDUAL_SLOTS * RESIDUAL_SLOTS
                    freed = drain + vectors * drain_cycles
                else:
                    freed = drain + max(0, vectors - kept) * drain_cycles + 1
                half_free, next_free = next_free, freed
                drain_from = drain + vectors * drain_cycles
        self._issued = issue_from - 1
        self._pass_start, self._drained = pass_start, drain_from - 1 + (RESIDUAL_TAIL if residual else 0)
        self._half_free = [half_free, next_free]
        self.free = max(words_from, take) + 1
        vectors = (fields["tiles"] - 1) * fields["tile_vectors"] + fields["last_vectors"]
        return Ran(self._issued, self._drained + DRAINED + 1 + REQUANTISE + 2, vectors * passes * fields["out_blocks"])
