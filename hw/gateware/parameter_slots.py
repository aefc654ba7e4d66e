"""The parameters of the blocks under way, as narrow as the requantiser takes them."""

from math import lcm

from amaranth.hdl import Array, Cat, Module, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import selector
from hw.gateware.requantise import PARAMETERS

SLOTS = 4
"""Blocks whose parameters are kept: loading, adding up, draining, and one in the requantiser's pipeline."""

SHIFT_BITS = 6
"""Of −31 … 7, the shifts there are."""

PIECE = 32
"""Bits of a bias and of a multiplier, the pieces that words are made of."""


class ParameterSlots(Component):
    """Keeps words of parameters (`hw.compiler.packing.parameter_bytes`) as they come.

    Pieces that are written or read together lie side by side in memories of their own, all others one behind the other,
    so that the small memories of a device are as deep as they can be. Shifts, which come in one word, are one word.

    Members
    -------
    enable, write_slot, word : In; left : In, words of the block's parameters from this one on.
    slot, place : In, the block and which of its groups of `drain_channels`; parameters : Out, combinational.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "enable": In(1), "write_slot": In(range(SLOTS)), "left": In(range(config.parameter_words + 1)),
            "word": In(8 * config.weight_word_bytes),
            "slot": In(range(SLOTS)), "place": In(selector(config.pe_cols // config.drain_channels)),
            "parameters": Out(data.ArrayLayout(PARAMETERS, config.drain_channels)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        channels, per_word = config.drain_channels, 8 * config.weight_word_bytes // PIECE
        side_by_side = lcm(2 * channels, per_word)
        words, groups = side_by_side // per_word, side_by_side // (2 * channels)
        rows = 2 * config.pe_cols // side_by_side
        number = Signal(range(config.parameter_words))
        m.d.comb += number.eq(config.parameter_words - self.left)

        row_bits = (rows - 1).bit_length()
        target = Cat((number // words)[:row_bits], self.write_slot)
        source = Cat((self.place // groups)[:row_bits], self.slot)
        pieces = []
        for place in range(side_by_side):
            here = self.enable & (self.left != 1) & (number % words == place // per_word)
            pieces.append(_memory(m, f"piece_{place}", here, target, self.word.word_select(place % per_word, PIECE),
                                  source))
        shifts = _memory(m, "shifts", self.enable & (self.left == 1), self.write_slot,
                         Cat(self.word.word_select(column, 8)[:SHIFT_BITS] for column in range(config.pe_cols)),
                         self.slot)
        for channel, parameters in enumerate(self.parameters):
            for kind, name in enumerate(("bias", "multiplier")):
                m.d.comb += parameters[name].eq(Array(pieces[2 * (group * channels + channel) + kind]
                                                      for group in range(groups))[self.place % groups])
            shift = Signal(signed(SHIFT_BITS), name=f"shift_{channel}")
            m.d.comb += [
                shift.eq(Array(shifts.word_select(group * channels + channel, SHIFT_BITS)
                               for group in range(config.pe_cols // channels))[self.place]),
                parameters.shift.eq(shift),
            ]
        return m


def _memory(m: Module, name: str, enable, target, word, source) -> Value:
    """What a memory of `SLOTS` times as many words as a slot has holds at `source`."""
    m.submodules[name] = memory = Memory(shape=len(word), depth=1 << len(target), init=[])
    write, read = memory.write_port(), memory.read_port(domain="comb")
    m.d.comb += [write.en.eq(enable), write.addr.eq(target), write.data.eq(word), read.addr.eq(source)]
    return read.data
