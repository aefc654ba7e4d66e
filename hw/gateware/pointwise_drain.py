"""Drains finished blocks of accumulators through the requantiser into the activation memory."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.commands import RESIDUAL
from hw.config import OCTET, EngineConfig
from hw.gateware.activation_memory import WritePort, enable_bytes
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, delayed, selector
from hw.gateware.pointwise_weights import SLOTS
from hw.gateware.queue import Queue
from hw.gateware.requantise import NUMERICS, PARAMETERS, Requantise
from hw.latency import (
    DRAINED,
    REQUANTISE,
    RESCALE,
    RESIDUAL_OPERANDS,
    RESIDUAL_SLOTS,
    RESIDUAL_SUM,
    drain_delay,
    drain_tail_vectors,
)
from hw.multipliers import share

COMMANDS = 4
"""Commands that may wait for their drain: more than fit into two halves of accumulators."""

FIELDS = ("tiles", "tile_vectors", "last_vectors", "first_lane", "last_lanes", "out_row", "out_octet",
          "out_row_stride", "out_blocks", "octets", "output_zero_point", "minimum", "maximum", "single_rounding",
          *(name for name in RESIDUAL if name.endswith(("passes", "multiplier", "shift"))),
          "sum_zero_point", "sum_minimum", "sum_maximum")
KEPT = data.StructLayout({name: BODY_LAYOUT["pointwise"][name].shape for name in FIELDS})


ADD_SHIFT = 20
"""Bits an operand of an add is raised by before it is rescaled (`golden.add`)."""


class PointwiseDrain(Component):
    """Requantises vector by vector: per vector its octets of channels, per octet its pixels.

    A residual add takes four turns of the requantiser for each element, so a step of it lasts four cycles, its
    *slots*. Slot 0 requantises the accumulator of the step; slots 2 and 3 rescale the result and the residual of
    the step `RESIDUAL_OPERANDS` before; slot 1 requantises the sum of the step `RESIDUAL_SUM` before. The residual
    lies in the upper half of the vectors, and is read in slot 1.

    Members
    -------
    start, fields : In, a command whose blocks will come, in order.
    block_end : In, the last vector of a block is issued into the array.
    free : Out(2), from the next cycle on the half may start a new block.
    half, vector : Out; drained : In, `pe_cols` × `pe_pixels` × signed(32) `latency.DRAINED` cycles later.
    slot : Out; parameters : In, combinational.
    write : Out(`WritePort`).
    ended : Out(1), the last octet of a command is being written.

    Timing
    ------
    `drain_cycles` a vector, `requantise_lanes` elements a cycle, blocks back to back; with a residual
    `RESIDUAL_SLOTS` times that, and blocks begin a whole number of steps after their command.
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
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.requantise = requantise = Requantise(self.config.requantise_lanes, share(self.config).block)
        command, active, take = self._commands(m)
        step, slot = self._walk(m, command, active, take)
        written = self._results(m, step, slot, take)
        current = Signal(KEPT)
        with m.If(delayed(m, take, DRAINED, "taken")):
            m.d.sync += current.eq(command)
        self._select(m, delayed(m, step, DRAINED, "selected"), delayed(m, slot, DRAINED, "selected_slot"), current,
                     requantise)
        self._write(m, delayed(m, written, DRAINED + 1 + REQUANTISE, "output"), requantise)
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
        tiles, outputs = Countdown(m, 10, "tiles"), Countdown(m, 10, "outputs")
        vectors, enough, vector_last, residual = Signal(10), Signal(10), Signal(), Signal()
        octets_left, vector_octets = Signal(12), Signal(12)
        tile_row, block_row, row = Signal(16), Signal(16), Signal(16)
        block_place = Signal(selector(config.octets_per_word))
        place = Signal.like(block_place)
        entering = Signal()
        step = Signal(self.step_layout)

        slot = Signal(data.StructLayout({"residual": 1, "number": range(RESIDUAL_SLOTS)}))
        number = Signal(range(RESIDUAL_SLOTS))
        flushing = Signal(range(RESIDUAL_SUM + 1))
        begin, begun, run = Signal(), Signal(), Signal()
        octet_done, vector_done, block_done, flushed = Signal(), Signal(), Signal(), Signal()
        part_last = step.part == OCTET // self.channels - 1
        pixels_last = step.pixel_group == config.pe_pixels // self.pixels - 1
        octet_last = step.octet == config.pe_cols // OCTET - 1
        vector = Signal(range(config.half_vectors))
        first_vector = (tiles.left == command.tiles) & (vector == 0)
        last_vector = tiles.last & vector_last
        last_slot = number == RESIDUAL_SLOTS - 1
        m.d.comb += [
            slot.residual.eq(active & residual), slot.number.eq(number),
            begin.eq(active & (number == 0) & (flushing == 0) & (~entering | (available != 0))),
            run.eq(Mux(slot.residual, last_slot & begun, begin)),
            flushed.eq((flushing == 1) & (number == 1)),
            self.vector.eq(Mux(slot.residual & (number == 1), vector | config.half_vectors // 2, vector)),
            octet_done.eq(run & part_last & pixels_last),
            vector_done.eq(octet_done & octet_last),
            block_done.eq(vector_done & vector_last),
            step.valid.eq(Mux(slot.residual, begun | begin, begin) & (vector_octets != 0)),
            step.row.eq(row + vector),
            step.place.eq(place),
            step.lanes.eq(Cat((~first_vector | (lane >= command.first_lane))
                              & (~last_vector | (lane < command.last_lanes)) for lane in range(config.pe_pixels))),
            step.last.eq(block_done & outputs.last & tiles.last),
        ]
        step_slot, half = Signal(range(SLOTS)), Signal()
        part, pixel_group, octet = (Signal.like(step[name], name=name) for name in ("part", "pixel_group", "octet"))
        m.d.comb += [step.part.eq(part), step.pixel_group.eq(pixel_group), step.octet.eq(octet),
                     step.slot.eq(step_slot), self.half.eq(half)]

        # Given back as soon as the rest drains faster than the next block's sums can arrive; a residual is too slow.
        begins = begin & (part == 0) & (pixel_group == 0) & (octet == 0) & (vector == enough)
        m.d.comb += self.free.eq(Mux(Mux(slot.residual, block_done, begins), Mux(half, 0b10, 0b01), 0))

        next_place = Mux(place == config.octets_per_word - 1, 0, place + 1)
        next_row = Mux(place == config.octets_per_word - 1, row + command.out_row_stride, row)
        m.d.sync += available.eq(available + arrived - (begin & entering))
        with m.If(slot.residual):
            m.d.sync += number.eq(number + 1)
            with m.If(begin | last_slot):
                m.d.sync += begun.eq(begin)
            with m.If(last_slot & (flushing != 0)):
                m.d.sync += flushing.eq(flushing - 1)
        with m.If(begin):
            m.d.sync += entering.eq(0)
        with m.If(run):
            m.d.sync += [part.eq(Mux(part_last, 0, part + 1))]
            with m.If(part_last):
                m.d.sync += pixel_group.eq(Mux(pixels_last, 0, pixel_group + 1))
        with m.If(octet_done):
            m.d.sync += [octet.eq(octet + 1), place.eq(next_place), row.eq(next_row)]
            with m.If(vector_octets != 0):
                m.d.sync += vector_octets.eq(vector_octets - 1)
        with m.If(vector_done):
            m.d.sync += [octet.eq(0), vector.eq(vector + 1), vector_last.eq(vector + 2 == vectors),
                         place.eq(block_place), row.eq(block_row), vector_octets.eq(octets_left)]
        after_octets = Mux(vector_octets != 0, vector_octets - 1, 0)
        with m.If(block_done):
            outputs.step()
            m.d.sync += [vector.eq(0), vector_last.eq(vectors == 1), entering.eq(1), step_slot.eq(step_slot + 1),
                         half.eq(~half), place.eq(next_place), block_place.eq(next_place),
                         row.eq(next_row), block_row.eq(next_row),
                         octets_left.eq(after_octets), vector_octets.eq(after_octets)]
            with m.If(outputs.last):
                outputs.load(command.out_blocks)
                tiles.step()
                self._enter_tile(m, tiles.following(command.last_vectors, command.tile_vectors),
                                 (vectors, enough, vector_last))
                m.d.sync += [
                    tile_row.eq(tile_row + vectors), row.eq(tile_row + vectors), block_row.eq(tile_row + vectors),
                    place.eq(command.out_octet), block_place.eq(command.out_octet),
                    octets_left.eq(command.octets), vector_octets.eq(command.octets),
                ]
                with m.If(tiles.last):
                    m.d.sync += [flushing.eq(RESIDUAL_SUM), active.eq(slot.residual)]
        with m.If(flushed):
            m.d.sync += [flushing.eq(0), active.eq(0)]
        with m.If(take):
            tiles.load(upcoming.tiles)
            outputs.load(upcoming.out_blocks)
            self._enter_tile(m, Mux(upcoming.tiles == 1, upcoming.last_vectors, upcoming.tile_vectors),
                             (vectors, enough, vector_last))
            m.d.sync += [
                number.eq(0), begun.eq(0), flushing.eq(0), entering.eq(1),
                residual.eq(upcoming.residual_passes != 0),
                tile_row.eq(upcoming.out_row), row.eq(upcoming.out_row), block_row.eq(upcoming.out_row),
                place.eq(upcoming.out_octet), block_place.eq(upcoming.out_octet),
                octets_left.eq(upcoming.octets), vector_octets.eq(upcoming.octets),
            ]
        return step, slot

    def _enter_tile(self, m: Module, count, registers) -> None:
        """A tile of `count` vectors comes next: its vectors, the one its half is given back at, and if one is all."""
        tail = drain_tail_vectors(self.config)
        vectors, enough, last = registers
        m.d.sync += [vectors.eq(count), enough.eq(Mux(count > tail, count - tail, 0)), last.eq(count == 1)]

    def _results(self, m: Module, step, slot, take):
        """The step whose result enters the requantiser now: this one, or in slot 1 that whose sum does."""
        earlier = step
        for stage in range(RESIDUAL_SUM):
            later = Signal(self.step_layout, name=f"step_{stage + 1}_ago")
            with m.If(slot.number == RESIDUAL_SLOTS - 1):
                m.d.sync += later.eq(earlier)
            with m.If(take):
                m.d.sync += [later.valid.eq(0), later.last.eq(0)]
            earlier = later
        written = Signal(self.step_layout)
        m.d.comb += written.eq(step)
        with m.If(slot.residual):
            m.d.comb += [written.eq(earlier), written.valid.eq(earlier.valid & (slot.number == 1)),
                         written.last.eq(earlier.last & (slot.number == 1))]
        return written

    def _select(self, m: Module, step, slot, command, requantise: Requantise) -> None:
        """Gives each lane what its turn asks for: an accumulator, an operand of the sum, or the sum."""
        config = self.config
        m.d.comb += self.slot.eq(step.slot)
        octets, parts = config.pe_cols // OCTET, OCTET // self.channels
        groups = config.pe_pixels // self.pixels
        place = step.octet * parts + step.part
        kind = Mux(slot.residual, slot.number, 0)
        numerics = Signal(NUMERICS)
        with m.If(kind == 1):
            m.d.sync += [numerics.zero_point.eq(command.sum_zero_point), numerics.minimum.eq(command.sum_minimum),
                         numerics.maximum.eq(command.sum_maximum)]
        with m.Else():
            m.d.sync += [numerics.zero_point.eq(command.output_zero_point), numerics.minimum.eq(command.minimum),
                         numerics.maximum.eq(command.maximum)]
        m.d.sync += numerics.single.eq(command.single_rounding)
        m.d.comb += requantise.numerics.eq(numerics)

        # Of the sum and its operands: the slots that take them in, counted from the requantiser's own output.
        raw_slot = delayed(m, kind, 1 + RESCALE, "raw_slot")
        output_slot = delayed(m, raw_slot, REQUANTISE - RESCALE, "output_slot")
        multiplier, shift = Signal(32, name="rescale_multiplier"), Signal(signed(8), name="rescale_shift")
        for number, name in ((1, "sum"), (2, "operand"), (3, "residual")):
            with m.If(kind == number):
                m.d.comb += [multiplier.eq(command[f"{name}_multiplier"]), shift.eq(-command[f"{name}_shift"])]
        rescale = Cat(Const(0, 32), multiplier, shift)
        for lane in range(config.requantise_lanes):
            pixel, channel = divmod(lane, self.channels)
            accumulator = Signal(signed(32), name=f"accumulator_{lane}")
            parameters = Signal(PARAMETERS, name=f"parameters_{lane}")
            columns = [octet * OCTET + part * self.channels + channel
                       for octet in range(octets) for part in range(parts)]
            drained = Array(self.drained[column][group * self.pixels + pixel]
                            for column in columns for group in range(groups))[place * groups + step.pixel_group]
            own = Array(self.parameters[column].as_value() for column in columns)[place]
            operand, total = self._operands(m, lane, drained, kind, output_slot, raw_slot, command, requantise)
            m.d.sync += [
                accumulator.eq(Mux(kind == 0, drained, Mux(kind == 1, total, operand << ADD_SHIFT))),
                parameters.as_value().eq(Mux(kind == 0, own, rescale)),
            ]
            m.d.comb += [requantise.accumulators[lane].eq(accumulator), requantise.parameters[lane].eq(parameters)]

    def _operands(self, m: Module, lane: int, drained, kind, output_slot, raw_slot, command, requantise: Requantise):
        """(operand of the sum that is rescaled in slots 2 and 3, the sum) of a lane."""
        residuals = [Signal(signed(9), name=f"residual_{stage}_{lane}") for stage in range(RESIDUAL_OPERANDS + 1)]
        output = Signal(signed(9), name=f"layer_output_{lane}")
        rescaled, total = (Signal(signed(32), name=f"{name}_{lane}") for name in ("rescaled", "total"))
        operand = Signal(signed(9), name=f"operand_{lane}")
        with m.If(kind == 1):
            m.d.sync += [later.eq(earlier) for earlier, later in zip([drained, *residuals], residuals, strict=False)]
        with m.If(output_slot == 0):
            m.d.sync += output.eq(requantise.outputs[lane] - command.output_zero_point)
        with m.If(raw_slot == 2):
            m.d.sync += rescaled.eq(requantise.rescaled[lane])
        with m.If(raw_slot == 3):
            m.d.sync += total.eq(rescaled + requantise.rescaled[lane])
        m.d.comb += operand.eq(Mux(kind == 2, output, residuals[-1]))
        return operand, total

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
            with m.If(step.valid):
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
