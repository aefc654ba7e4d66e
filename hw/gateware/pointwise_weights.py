"""Reads weight tiles into the array and parameters into the requantiser's slots, a tile ahead of its pass."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WordPort, delayed, selector
from hw.gateware.parameter_slots import SLOTS, ParameterSlots
from hw.gateware.requantise import PARAMETERS
from hw.latency import RAM_READ, drain_delay, weight_latency


class PointwiseWeights(Component):
    """Walks through a command's weights: per pixel tile, per output block: its tiles in order, then its parameters.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, words of the command are still to be read.
    loaded : Out, the pass of the next tile may start; advance : In, it does.
    memory : Out(`WordPort`).
    weights, load, load_bank : Out, to the array.
    slot, place : In; parameters : Out, of `drain_channels` channels, as of `ParameterSlots`.

    Timing
    ------
    One word a cycle. A tile loads from the cycle after the pass of its predecessor starts; `loaded` comes with its last
    word's issue; parameters wait for nothing. The word is read later than it is issued, so that its tile just follows
    the wave (`weight_latency`); parameters have time until the block's last sum.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]), "busy": Out(1), "loaded": Out(1),
            "advance": In(1),
            "memory": Out(WordPort(config.weight_word_bytes)),
            "weights": Out(data.ArrayLayout(data.ArrayLayout(signed(9), config.pe_cols),
                                            config.weight_rows_per_word)),
            "load": Out(config.pe_rows), "load_bank": Out(1),
            "slot": In(range(SLOTS)), "place": In(selector(config.pe_cols // config.drain_channels)),
            "parameters": Out(data.ArrayLayout(PARAMETERS, config.drain_channels)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        first_word, per_block, out_blocks = Signal(16), Signal(14), Signal(10)
        zero_point = Signal(signed(8))
        word = Signal(16)
        tiles, inputs, outputs = Countdown(m, 10, "tiles"), Countdown(m, 14, "inputs"), Countdown(m, 10, "outputs")
        words = Countdown(m, max(config.tile_words, config.parameter_words).bit_length(), "words")
        in_parameters, room = Signal(), Signal(init=1)
        bank = Signal()
        slot = Signal(range(SLOTS))

        # There is `room` for a tile as soon as the pass of the one before has started, in the other bank.
        issue, tile_done, parameters_done = Signal(), Signal(), Signal()
        m.d.comb += [
            self.busy.eq(tiles.any),
            issue.eq(in_parameters | (self.busy & room)),
            tile_done.eq(self.busy & room & ~in_parameters & words.last),
            parameters_done.eq(in_parameters & words.last),
        ]
        with m.If(issue):
            words.step()
            m.d.sync += word.eq(word + 1)
        with m.If(issue & words.last):
            words.load(Mux(in_parameters | ~inputs.last, config.tile_words, config.parameter_words))
        with m.If(issue & ~in_parameters & (words.left == 2)):
            m.d.sync += self.loaded.eq(1)
        with m.If(tile_done):
            m.d.sync += [room.eq(0), bank.eq(~bank)]
            inputs.step()
            with m.If(inputs.last):
                m.d.sync += in_parameters.eq(1)
                inputs.load(per_block)
        with m.If(self.advance):
            m.d.sync += [self.loaded.eq(0), room.eq(1)]
        with m.If(parameters_done):
            m.d.sync += [in_parameters.eq(0), slot.eq(slot + 1)]
            outputs.step()
            with m.If(outputs.last):
                m.d.sync += word.eq(first_word)
                outputs.load(out_blocks)
                tiles.step()
        with m.If(self.start):
            m.d.sync += [
                first_word.eq(self.fields.word), word.eq(self.fields.word),
                per_block.eq(self.fields.passes + self.fields.residual_passes),
                out_blocks.eq(self.fields.out_blocks), zero_point.eq(self.fields.weight_zero_point),
            ]
            words.load(Const(config.tile_words))
            tiles.load(self.fields.tiles)
            outputs.load(self.fields.out_blocks)

        with m.If(delayed(m, self.start, 1, "started")):
            inputs.load(per_block)

        # The memory, the way from it and the subtraction take their time; the rest is waited before the read.
        wait = weight_latency(config) - RAM_READ - 3
        assert wait + RAM_READ + 1 + config.parameter_words <= drain_delay(config)
        m.d.comb += self.memory.word.eq(delayed(m, word, wait, "word"))
        issued = Signal(data.StructLayout({
            "tile": 1, "parameters": 1, "left": words.left.shape(), "bank": 1, "slot": range(SLOTS),
            "zero_point": signed(8)}))
        m.d.comb += [
            issued.tile.eq(issue & ~in_parameters), issued.parameters.eq(issue & in_parameters),
            issued.left.eq(words.left), issued.bank.eq(bank), issued.slot.eq(slot), issued.zero_point.eq(zero_point),
        ]
        arrived = delayed(m, issued, wait + RAM_READ + 1, "arrived")
        kept = delayed(m, self.memory.data, 1, "kept")
        self._to_array(m, arrived, kept)
        self._to_slots(m, arrived, kept)
        return m

    def _to_array(self, m: Module, arrived, kept) -> None:
        config = self.config
        lines = config.weight_rows_per_word
        for line in range(lines):
            for column in range(config.pe_cols):
                byte = kept.word_select(line * config.pe_cols + column, 8).as_signed()
                m.d.comb += self.weights[line][column].eq(
                    delayed(m, byte - arrived.zero_point, 2, f"weight_{line}_{column}"))
        ready = delayed(m, arrived, 2, "ready")
        m.d.comb += self.load_bank.eq(ready.bank)
        for row in range(config.pe_rows):
            m.d.comb += self.load[row].eq(ready.tile & (ready.left == config.tile_words - row // lines))

    def _to_slots(self, m: Module, arrived, kept) -> None:
        m.submodules.slots = slots = ParameterSlots(self.config)
        m.d.comb += [
            slots.enable.eq(arrived.parameters), slots.write_slot.eq(arrived.slot), slots.left.eq(arrived.left),
            slots.word.eq(kept),
            slots.slot.eq(self.slot), slots.place.eq(self.place), self.parameters.eq(slots.parameters),
        ]
