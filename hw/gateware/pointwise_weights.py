"""Reads weight tiles into the array and parameters into the requantiser's slots, a tile ahead of its pass."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.config import PARAMETER_BYTES, EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, WordPort, delayed
from hw.gateware.requantise import PARAMETERS
from hw.latency import RAM_READ, weight_latency

SLOTS = 4
"""Blocks whose parameters are kept: loading, adding up, draining, and one in the requantiser's pipeline."""


class PointwiseWeights(Component):
    """Walks through a command's weights: per pixel tile, per output block: its tiles in order, then its parameters.

    Members
    -------
    start, fields : In, take a command; only while not `busy`.
    busy : Out, words of the command are still to be read.
    loaded : Out, the pass of the next tile may start; advance : In, it does.
    memory : Out(`WordPort`).
    weights, load, load_bank : Out, to the array.
    slot : In; parameters : Out, combinational, `pe_cols` × `PARAMETERS`.

    Timing
    ------
    One word a cycle. A tile loads from the cycle after the pass of its predecessor starts; `loaded` comes with its last
    word's issue; parameters wait for nothing.
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
            "slot": In(range(SLOTS)),
            "parameters": Out(data.ArrayLayout(PARAMETERS, config.pe_cols)),
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
            self.memory.word.eq(word),
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

        self._to_array(m, issue & ~in_parameters, words.left, bank, zero_point)
        self._to_slots(m, issue & in_parameters, parameters_done, slot)
        return m

    def _to_array(self, m: Module, issue, left, bank, zero_point) -> None:
        config = self.config
        lines = config.weight_rows_per_word
        control = Signal(data.StructLayout({"issue": 1, "left": left.shape(), "bank": 1,
                                            "zero_point": signed(8)}))
        m.d.comb += [control.issue.eq(issue), control.left.eq(left), control.bank.eq(bank),
                     control.zero_point.eq(zero_point)]
        # The memory takes its time, and the subtraction a cycle; the rest waits for the wave (`weight_latency`).
        wait = weight_latency(config) - RAM_READ - 2
        words = delayed(m, self.memory.data, wait, "word")
        arrived = delayed(m, control, wait + RAM_READ, "arrived")
        for line in range(lines):
            for column in range(config.pe_cols):
                byte = words.word_select(line * config.pe_cols + column, 8).as_signed()
                m.d.comb += self.weights[line][column].eq(
                    delayed(m, byte - arrived.zero_point, 2, f"weight_{line}_{column}"))
        ready = delayed(m, arrived, 2, "ready")
        m.d.comb += self.load_bank.eq(ready.bank)
        for row in range(config.pe_rows):
            m.d.comb += self.load[row].eq(ready.issue & (ready.left == config.tile_words - row // lines))

    def _to_slots(self, m: Module, issue, done, slot) -> None:
        """Collects byte rows, byte j of every channel in row j, and keeps them as one slot."""
        config = self.config
        lines = config.weight_rows_per_word
        rows = config.parameter_words * lines
        arrived = delayed(m, issue, RAM_READ, "parameter_arrived")
        complete = delayed(m, done, RAM_READ + 1, "parameters_complete")
        target = delayed(m, slot, RAM_READ + 1, "parameter_slot")
        collected = Signal(8 * config.pe_cols * rows, reset_less=True)
        with m.If(arrived):
            m.d.sync += collected.eq(Cat(collected, self.memory.data)[8 * config.weight_word_bytes:])
        m.submodules.parameter_memory = memory = Memory(
            shape=8 * PARAMETER_BYTES * config.pe_cols, depth=SLOTS, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(complete), write.addr.eq(target),
            write.data.eq(Cat(collected.word_select(byte * config.pe_cols + column, 8)
                              for column in range(config.pe_cols) for byte in range(PARAMETER_BYTES))),
            read.addr.eq(self.slot), self.parameters.as_value().eq(read.data),
        ]
