"""Drains finished blocks of accumulators through the requantiser into the activation memory."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import OCTET, EngineConfig
from hw.gateware.activation_memory import WritePort, enable_bytes
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, delayed, selector
from hw.gateware.pointwise_weights import SLOTS
from hw.gateware.queue import Queue
from hw.gateware.requantise import NUMERICS, PARAMETERS, Requantise
from hw.latency import REQUANTISE, drain_delay, drain_tail_vectors

COMMANDS = 4
"""Commands that may wait for their drain: more than fit into two halves of accumulators."""

FIELDS = ("tiles", "tile_vectors", "last_vectors", "first_lane", "last_lanes", "out_row", "out_octet",
          "out_row_stride", "out_blocks", "octets", "output_zero_point", "minimum", "maximum", "single_rounding")
KEPT = data.StructLayout({name: BODY_LAYOUT["pointwise"][name].shape for name in FIELDS})


class PointwiseDrain(Component):
    """Requantises vector by vector: per vector its octets of channels, per octet its pixels.

    Members
    -------
    start, fields : In, a command whose blocks will come, in order.
    block_end : In, the last vector of a block is issued into the array.
    free : Out(2), from the next cycle on the half may start a new block.
    half, vector : Out; drained : In, `pe_cols` × `pe_pixels` × signed(32) two cycles later.
    slot : Out; parameters : In, combinational.
    write : Out(`WritePort`).
    ended : Out(1), the last octet of a command is being written.

    Timing
    ------
    `drain_cycles` a vector, `requantise_lanes` elements a cycle, blocks back to back.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]), "block_end": In(1), "free": Out(2),
            "half": Out(1), "vector": Out(range(config.half_vectors)),
            "drained": In(data.ArrayLayout(data.ArrayLayout(signed(32), config.pe_pixels), config.pe_cols)),
            "slot": Out(range(SLOTS)),
            "parameters": In(data.ArrayLayout(PARAMETERS, config.pe_cols)),
            "write": Out(WritePort(config)),
            "ended": Out(1),
        })
        self.channels = min(OCTET, config.requantise_lanes)
        self.pixels = config.requantise_lanes // self.channels
        self.step_layout = data.StructLayout({
            "valid": 1, "part": selector(OCTET // self.channels),
            "pixel_group": selector(config.pe_pixels // self.pixels),
            "octet": selector(config.pe_cols // OCTET), "slot": range(SLOTS),
            "row": 16, "place": selector(config.octets_per_word), "lanes": config.pe_pixels, "last": 1,
            "numerics": NUMERICS,
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.requantise = requantise = Requantise(self.config.requantise_lanes)
        command, active, take = self._commands(m)
        step = self._walk(m, command, active, take)
        selected = delayed(m, step, 2, "selected")
        self._select(m, selected, requantise)
        self._write(m, delayed(m, selected, 1 + REQUANTISE, "output"), requantise)
        return m

    def _commands(self, m: Module):
        """Commands wait here between the array and the drain."""
        m.submodules.commands = commands = Queue(KEPT, COMMANDS)
        command = Signal(KEPT)
        active, take = Signal(), Signal()
        m.d.comb += [
            commands.push.eq(self.start), *(commands.item[name].eq(self.fields[name]) for name in FIELDS),
            take.eq(~active & commands.valid), commands.pop.eq(take),
        ]
        with m.If(take):
            m.d.sync += [command.eq(commands.head), active.eq(1)]
        self.next_command = commands.head
        return command, active, take

    def _walk(self, m: Module, command, active, take):
        """Counters of the walk over tiles, blocks, vectors, octets and pixels."""
        config = self.config
        upcoming = self.next_command
        available = Signal(range(4))
        arrived = delayed(m, self.block_end, drain_delay(config), "block_end")
        tiles, outputs, vectors = Signal(10), Signal(10), Signal(10)
        octets_left, vector_octets = Signal(12), Signal(12)
        tile_row, block_row, row = Signal(16), Signal(16), Signal(16)
        block_place = Signal(selector(config.octets_per_word))
        place = Signal.like(block_place)
        entering = Signal()
        step = Signal(self.step_layout)

        run, octet_done, vector_done, block_done = Signal(), Signal(), Signal(), Signal()
        part_last = step.part == OCTET // self.channels - 1
        pixels_last = step.pixel_group == config.pe_pixels // self.pixels - 1
        octet_last = step.octet == config.pe_cols // OCTET - 1
        first_vector = (tiles == command.tiles) & (self.vector == 0)
        last_vector = (tiles == 1) & (self.vector == vectors - 1)
        m.d.comb += [
            vectors.eq(Mux(tiles == 1, command.last_vectors, command.tile_vectors)),
            run.eq(active & (~entering | (available != 0))),
            octet_done.eq(run & part_last & pixels_last),
            vector_done.eq(octet_done & octet_last),
            block_done.eq(vector_done & (self.vector == vectors - 1)),
            step.valid.eq(run & (vector_octets != 0)),
            step.row.eq(row + self.vector),
            step.place.eq(place),
            step.lanes.eq(Cat((~first_vector | (lane >= command.first_lane))
                              & (~last_vector | (lane < command.last_lanes)) for lane in range(config.pe_pixels))),
            step.last.eq(block_done & (outputs == 1) & (tiles == 1)),
            step.numerics.zero_point.eq(command.output_zero_point),
            step.numerics.minimum.eq(command.minimum), step.numerics.maximum.eq(command.maximum),
            step.numerics.single.eq(command.single_rounding),
        ]
        step_slot, half = Signal(range(SLOTS)), Signal()
        part, pixel_group, octet = (Signal.like(step[name], name=name) for name in ("part", "pixel_group", "octet"))
        m.d.comb += [step.part.eq(part), step.pixel_group.eq(pixel_group), step.octet.eq(octet),
                     step.slot.eq(step_slot), self.half.eq(half)]

        # Given back as soon as the rest drains faster than the next block's sums can arrive.
        tail = drain_tail_vectors(config)
        enough = Mux(vectors > tail, vectors - tail, 0)
        begins = run & (part == 0) & (pixel_group == 0) & (octet == 0)
        m.d.comb += self.free.eq(Mux(begins & (self.vector == enough), Mux(half, 0b10, 0b01), 0))

        next_place = Mux(place == config.octets_per_word - 1, 0, place + 1)
        next_row = Mux(place == config.octets_per_word - 1, row + command.out_row_stride, row)
        m.d.sync += available.eq(available + arrived - (run & entering))
        with m.If(run):
            m.d.sync += [entering.eq(0), part.eq(Mux(part_last, 0, part + 1))]
            with m.If(part_last):
                m.d.sync += pixel_group.eq(Mux(pixels_last, 0, pixel_group + 1))
        with m.If(octet_done):
            m.d.sync += [octet.eq(octet + 1), place.eq(next_place), row.eq(next_row)]
            with m.If(vector_octets != 0):
                m.d.sync += vector_octets.eq(vector_octets - 1)
        with m.If(vector_done):
            m.d.sync += [octet.eq(0), self.vector.eq(self.vector + 1), place.eq(block_place), row.eq(block_row),
                         vector_octets.eq(octets_left)]
        after_octets = Mux(vector_octets != 0, vector_octets - 1, 0)
        with m.If(block_done):
            m.d.sync += [self.vector.eq(0), entering.eq(1), step_slot.eq(step_slot + 1), half.eq(~half),
                         outputs.eq(outputs - 1), place.eq(next_place), block_place.eq(next_place),
                         row.eq(next_row), block_row.eq(next_row),
                         octets_left.eq(after_octets), vector_octets.eq(after_octets)]
            with m.If(outputs == 1):
                m.d.sync += [
                    outputs.eq(command.out_blocks), tiles.eq(tiles - 1),
                    tile_row.eq(tile_row + vectors), row.eq(tile_row + vectors), block_row.eq(tile_row + vectors),
                    place.eq(command.out_octet), block_place.eq(command.out_octet),
                    octets_left.eq(command.octets), vector_octets.eq(command.octets),
                ]
                with m.If(tiles == 1):
                    m.d.sync += active.eq(0)
        with m.If(take):
            m.d.sync += [
                entering.eq(1), tiles.eq(upcoming.tiles), outputs.eq(upcoming.out_blocks),
                tile_row.eq(upcoming.out_row), row.eq(upcoming.out_row), block_row.eq(upcoming.out_row),
                place.eq(upcoming.out_octet), block_place.eq(upcoming.out_octet),
                octets_left.eq(upcoming.octets), vector_octets.eq(upcoming.octets),
            ]
        return step

    def _select(self, m: Module, step, requantise: Requantise) -> None:
        """Picks this cycle's lanes out of the drained vector and of the block's parameters."""
        config = self.config
        m.d.comb += self.slot.eq(step.slot)
        numerics = Signal(NUMERICS)
        m.d.sync += numerics.eq(step.numerics)
        m.d.comb += requantise.numerics.eq(numerics)
        octets, parts = config.pe_cols // OCTET, OCTET // self.channels
        groups = config.pe_pixels // self.pixels
        for lane in range(config.requantise_lanes):
            pixel, channel = divmod(lane, self.channels)
            accumulator = Signal(signed(32), name=f"accumulator_{lane}")
            parameters = Signal(PARAMETERS, name=f"parameters_{lane}")
            columns = [octet * OCTET + part * self.channels + channel
                       for octet in range(octets) for part in range(parts)]
            place = step.octet * parts + step.part
            m.d.sync += [
                accumulator.eq(Array(self.drained[column][group * self.pixels + pixel]
                                     for column in columns for group in range(groups))[
                                         place * groups + step.pixel_group]),
                parameters.as_value().eq(Array(self.parameters[column].as_value() for column in columns)[place]),
            ]
            m.d.comb += [requantise.accumulators[lane].eq(accumulator), requantise.parameters[lane].eq(parameters)]

    def _write(self, m: Module, step, requantise: Requantise) -> None:
        """Puts the parts of an octet together and writes it, for all pixels of the step."""
        config = self.config
        outputs = requantise.outputs.as_value()
        octets = []
        for pixel in range(self.pixels):
            part = outputs.word_select(pixel, 8 * self.channels)
            octet = Signal(8 * OCTET, name=f"octet_{pixel}")
            kept = Signal(8 * OCTET, name=f"kept_{pixel}")
            m.d.comb += [octet.eq(kept), octet.word_select(step.part, 8 * self.channels).eq(part)]
            m.d.sync += kept.eq(octet)
            octets.append(octet)
        complete = step.valid & (step.part == OCTET // self.channels - 1)
        bits = OCTET // enable_bytes(config)
        enables = []
        for bank in range(config.pe_pixels):
            here = complete & step.lanes[bank] & (step.pixel_group == bank // self.pixels)
            for place in range(config.octets_per_word):
                enables.append((here & (step.place == place)).replicate(bits))
        m.d.sync += [
            self.write.enable.eq(Cat(enables)),
            self.write.row.eq(step.row),
            self.write.data.eq(Cat(octets[bank % self.pixels].replicate(config.octets_per_word)
                                   for bank in range(config.pe_pixels))),
            self.ended.eq(step.last),
        ]
