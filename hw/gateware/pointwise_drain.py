"""Drains finished blocks of accumulators through the requantiser into the activation memory."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.commands import RESIDUAL
from hw.config import EngineConfig
from hw.gateware.activation_memory import WritePort, enable_bytes
from hw.gateware.backlog import Backlog
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, delayed, selector
from hw.gateware.parameter_slots import SLOTS
from hw.gateware.requantise import NUMERICS, PARAMETERS, Requantise
from hw.latency import (
    DRAIN_TAKE,
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

BLOCK = data.StructLayout({
    "first": 1, "last": 1, "vectors": 10, "single": 1, "before_last": 10, "short": 1, "before_enough": 10,
    "ends_tile": 1, "ends_command": 1,
})
"""A block: whether its tile is the `first` or the `last`; its `vectors`, whether it is a `single` one, and the one
before the last; whether its half is given back at once, and the vector before that; what ends with it."""

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
    slot, place : Out; parameters : In, combinational, as of `ParameterSlots`.
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
            "slot": Out(range(SLOTS)), "place": Out(selector(config.pe_cols // config.drain_channels)),
            "parameters": In(data.ArrayLayout(PARAMETERS, config.drain_channels)),
            "write": Out(WritePort(config)),
            "ended": Out(1),
        })
        self.channels = config.drain_channels
        self.parts = config.slice_channels // self.channels
        self.pixels = config.requantise_lanes // self.channels
        self.step_layout = data.StructLayout({
            "valid": 1, "part": selector(self.parts),
            "pixel_group": selector(config.pe_pixels // self.pixels),
            "octet": selector(config.slices_per_block), "slot": range(SLOTS),
            "row": 16, "place": selector(config.slices_per_word), "lanes": config.pe_pixels, "last": 1,
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.requantise = requantise = Requantise(self.config.requantise_lanes, share(self.config).block)
        command, active, take = self._commands(m)
        step, slot = self._walk(m, command, active, take)
        written = self._results(m, step, slot, take)
        current = Signal(KEPT, reset_less=True)
        with m.If(delayed(m, take, DRAINED, "taken")):
            m.d.sync += current.eq(command)
        self._select(m, delayed(m, step, DRAINED - 1, "selected"), delayed(m, slot, DRAINED - 1, "selected_slot"),
                     current, requantise)
        self._write(m, delayed(m, written, DRAINED + 1 + REQUANTISE, "output"), requantise)
        return m

    def _commands(self, m: Module):
        """Commands wait here between the array and the drain."""
        m.submodules.commands = commands = Backlog(KEPT, COMMANDS)
        command = Signal(KEPT, reset_less=True)
        active, take = Signal(), Signal()
        m.d.comb += [
            commands.push.eq(self.start), *(commands.item[name].eq(self.fields[name]) for name in FIELDS),
            take.eq(~active & commands.valid), commands.pop.eq(take),
        ]
        with m.If(take):
            m.d.sync += [command.eq(commands.head), active.eq(1)]
        return command, active, take

    def _blocks(self, m: Module, command, taken, step):
        """The next block, made ready while the one before it drains; `step`: it was entered in the cycle before.

        Two blocks begin at least `latency.BLOCK_READY` cycles apart.
        """
        upcoming = Signal(BLOCK)
        tiles, outputs = Countdown(m, 10, "tiles"), Countdown(m, 10, "outputs")
        first = Signal()
        with m.If(step):
            outputs.step()
            with m.If(upcoming.ends_tile):
                outputs.load(command.out_blocks)
                tiles.step()
                m.d.sync += first.eq(0)
        with m.If(taken):
            tiles.load(command.tiles)
            outputs.load(command.out_blocks)
            m.d.sync += first.eq(1)
        count, tail = Signal(10), drain_tail_vectors(self.config)
        m.d.comb += count.eq(Mux(tiles.last, command.last_vectors, command.tile_vectors))
        m.d.sync += [
            upcoming.first.eq(first), upcoming.last.eq(tiles.last), upcoming.vectors.eq(count),
            upcoming.single.eq(count == 1), upcoming.before_last.eq(count - 2),
            upcoming.short.eq(count <= tail), upcoming.before_enough.eq(count - tail - 1),
            upcoming.ends_tile.eq(outputs.last), upcoming.ends_command.eq(outputs.last & tiles.last),
        ]
        return upcoming

    def _walk(self, m: Module, command, active, take):
        """Counters of the walk over blocks, vectors, octets and pixels."""
        config = self.config
        taken = delayed(m, take, 1, "taken")
        residual = Signal()
        slot = Signal(data.StructLayout({"residual": 1, "number": range(RESIDUAL_SLOTS)}))
        number, begun = Signal(range(RESIDUAL_SLOTS)), Signal()
        m.d.comb += [slot.residual.eq(active & residual), slot.number.eq(number)]

        # A block is entered when its last sum has arrived. A step of it begins in slot 0 and ends in the last one, all
        # of which is known a cycle ahead; one without slots does both at once.
        begin, run = Signal(), Signal()
        available, waiting = Signal(range(4)), Signal(range(4))
        arrived, entering, entered = delayed(m, self.block_end, drain_delay(config), "block_end"), Signal(), Signal()
        m.d.comb += [entered.eq(begin & entering), waiting.eq(available + arrived - entered)]
        m.d.sync += available.eq(waiting)
        upcoming = self._blocks(m, command, taken, delayed(m, entered, 1, "entered"))
        block = Signal(BLOCK)

        # What the step ends: its octet, its vector, its block.
        steps = config.drain_cycles
        octet_steps = steps // config.slices_per_block
        index, following = Signal(range(max(2, steps))), Signal(range(max(2, steps)))
        octet_ends, vector_ends = Signal(init=octet_steps == 1), Signal(init=steps == 1)
        vector, vector_last, enough = Signal(range(config.half_vectors)), Signal(), Signal()
        block_ends, block_done = Signal() if steps > 1 else vector_last, Signal()
        m.d.comb += [following.eq(Mux(vector_ends, 0, index + 1)), block_done.eq(run & block_ends)]
        with m.If(run):
            m.d.sync += [index.eq(following), octet_ends.eq(following % octet_steps == octet_steps - 1),
                         vector_ends.eq(following == steps - 1), enough.eq(0)]
            if steps > 1:
                m.d.sync += block_ends.eq((following == steps - 1) & vector_last)
            with m.If(vector_ends):
                m.d.sync += [vector.eq(Mux(vector_last, 0, vector + 1)), vector_last.eq(vector == block.before_last),
                             enough.eq(vector == block.before_enough)]
        with m.If(Mux(run, block_ends, entering)):
            m.d.sync += [block.eq(upcoming), vector_last.eq(upcoming.single), enough.eq(upcoming.short)]
        enters = Signal()
        m.d.comb += enters.eq(block_done | (entering & ~begin))
        m.d.sync += entering.eq(enters | taken)

        # Given back as soon as the rest drains faster than the next block's sums can arrive; a residual is too slow.
        half, step_slot = Signal(), Signal(range(SLOTS))
        gives = run & Mux(residual, block_ends, enough)
        m.d.comb += self.free.eq(Cat(gives & ~half, gives & half))
        with m.If(block_done):
            m.d.sync += [half.eq(~half), step_slot.eq(step_slot + 1)]

        # The slots of a residual's steps, and how they end.
        ready, last_slot = Signal(), number == RESIDUAL_SLOTS - 1
        flushing, flushed = Signal(range(RESIDUAL_SUM + 1)), Signal()
        m.d.comb += flushed.eq((flushing == 1) & (number == 1))
        entry, finishing = delayed(m, taken, DRAIN_TAKE - 2, "entry"), block_done & block.ends_command
        opens = entry | (ready & ~finishing & (~residual | last_slot))
        begins = opens & (~enters | (waiting != 0))
        m.d.sync += [begin.eq(begins), run.eq(Mux(residual, begun & (number == RESIDUAL_SLOTS - 2), begins))]
        with m.If(slot.residual):
            m.d.sync += number.eq(number + 1)
            with m.If(begin | last_slot):
                m.d.sync += begun.eq(begin)
            with m.If(last_slot & (flushing != 0)):
                m.d.sync += flushing.eq(flushing - 1)
        with m.If(finishing):
            m.d.sync += [ready.eq(0), flushing.eq(RESIDUAL_SUM), active.eq(residual)]
        with m.If(flushed):
            m.d.sync += [flushing.eq(0), active.eq(0)]
        with m.If(taken):
            m.d.sync += [flushing.eq(0), begun.eq(0), residual.eq(command.residual_passes != 0)]
        with m.If(entry):
            m.d.sync += [ready.eq(1), number.eq(0)]

        ends = (run & octet_ends, vector_ends, vector_last, block_done)
        row, place, any_octets = self._place(m, command, block, taken, ends)
        step = Signal(self.step_layout)
        pixel_groups = config.pe_pixels // self.pixels
        m.d.comb += [
            self.half.eq(half),
            self.vector.eq(Mux(slot.residual & (number == 1), vector | config.half_vectors // 2, vector)),
            step.valid.eq((begin | begun) & any_octets),
            step.part.eq(index % self.parts),
            step.pixel_group.eq(index // self.parts % pixel_groups),
            step.octet.eq(index // octet_steps), step.slot.eq(step_slot),
            step.row.eq(row + vector), step.place.eq(place),
            step.lanes.eq(Cat((~(block.first & (vector == 0)) | (lane >= command.first_lane))
                              & (~(block.last & vector_last) | (lane < command.last_lanes))
                              for lane in range(config.pe_pixels))),
            step.last.eq(block_done & block.ends_command),
        ]
        return step, slot

    def _place(self, m: Module, command, block, taken, ends):
        """Row of the block's first vector and place in a word of the next octet; whether it is one to be written."""
        octet_done, vector_ends, vector_last, block_done = ends
        words = self.config.slices_per_word
        tile_row, block_row, row = Signal(16), Signal(16), Signal(16)
        block_place = Signal(selector(words))
        place = Signal.like(block_place)
        left, block_left, any_left, block_any = Signal(12), Signal(12), Signal(), Signal()
        next_row, next_place, next_left, next_any = (
            Signal.like(value, name=name) for value, name in (
                (row, "next_row"), (place, "next_place"), (left, "next_left"), (any_left, "next_any")))
        m.d.comb += [
            next_row.eq(row + Mux(place == words - 1, command.out_row_stride, 0)),
            next_place.eq(Mux(place == words - 1, 0, place + 1)),
            next_left.eq(left - any_left), next_any.eq(any_left & (left != 1)),
        ]
        running, kept = Cat(row, place, left, any_left), Cat(block_row, block_place, block_left, block_any)
        following = Cat(next_row, next_place, next_left, next_any)
        next_tile = Signal(16)
        m.d.comb += next_tile.eq(tile_row + block.vectors)
        after = Mux(block.ends_tile, Cat(next_tile, command.out_octet[:len(place)], command.octets, 1), following)
        with m.If(octet_done):
            m.d.sync += running.eq(Mux(~vector_ends, following, Mux(vector_last, after, kept)))
        with m.If(block_done):
            m.d.sync += [kept.eq(after), tile_row.eq(Mux(block.ends_tile, next_tile, tile_row))]
        with m.If(taken):
            first = Cat(command.out_row, command.out_octet[:len(place)], command.octets, 1)
            m.d.sync += [running.eq(first), kept.eq(first), tile_row.eq(command.out_row)]
        return row, place, any_left

    def _results(self, m: Module, step, slot, take):
        """The step whose result enters the requantiser now: this one, or in slot 1 that whose sum does."""
        earlier = step
        for stage in range(RESIDUAL_SUM):
            later = Signal(self.step_layout, name=f"step_{stage + 1}_ago", reset_less=True)
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

    def _select(self, m: Module, coming, slot, command, requantise: Requantise) -> None:
        """Gives each lane what its turn asks for: an accumulator, an operand of the sum, or the sum.

        `coming` and `slot` are a cycle ahead of the accumulators.
        """
        config = self.config
        step = delayed(m, coming, 1, "now")
        octets, parts = config.slices_per_block, self.parts
        groups = config.pe_pixels // self.pixels
        m.d.comb += [self.slot.eq(coming.slot), self.place.eq(coming.octet * parts + coming.part)]
        own = delayed(m, self.parameters, 1, "own_parameters")
        place = step.octet * parts + step.part
        coming_turn, turn = Signal(RESIDUAL_SLOTS), Signal(RESIDUAL_SLOTS)
        m.d.comb += coming_turn.eq(1 << Mux(slot.residual, slot.number, 0))
        m.d.sync += turn.eq(coming_turn)
        numerics = Signal(NUMERICS, reset_less=True)
        with m.If(turn[1]):
            m.d.sync += [numerics.zero_point.eq(command.sum_zero_point), numerics.minimum.eq(command.sum_minimum),
                         numerics.maximum.eq(command.sum_maximum)]
        with m.Else():
            m.d.sync += [numerics.zero_point.eq(command.output_zero_point), numerics.minimum.eq(command.minimum),
                         numerics.maximum.eq(command.maximum)]
        m.d.sync += numerics.single.eq(command.single_rounding)
        m.d.comb += requantise.numerics.eq(numerics)

        # Of the sum and its operands: the slots that take them in, counted from the requantiser's own output.
        raw_turn = delayed(m, turn, 1 + RESCALE, "raw_turn")
        output_turn = delayed(m, raw_turn, REQUANTISE - RESCALE, "output_turn")
        multiplier, shift = (Signal(shape, name=f"rescale_{name}", reset_less=True)
                             for name, shape in (("multiplier", 32), ("shift", signed(8))))
        for number, name in ((1, "sum"), (2, "operand"), (3, "residual")):
            with m.If(coming_turn[number]):
                m.d.sync += [multiplier.eq(command[f"{name}_multiplier"]), shift.eq(-command[f"{name}_shift"])]
        rescale = Cat(Const(0, 32), multiplier, shift)
        for lane in range(config.requantise_lanes):
            pixel, channel = divmod(lane, self.channels)
            accumulator = Signal(signed(32), name=f"accumulator_{lane}", reset_less=True)
            parameters = Signal(PARAMETERS, name=f"parameters_{lane}", reset_less=True)
            columns = [octet * config.slice_channels + part * self.channels + channel
                       for octet in range(octets) for part in range(parts)]
            drained = Array(self.drained[column][group * self.pixels + pixel]
                            for column in columns for group in range(groups))[place * groups + step.pixel_group]
            operand, total = self._operands(m, lane, drained, turn, output_turn, raw_turn, command, requantise)
            m.d.sync += [
                accumulator.eq(Mux(turn[0], drained, Mux(turn[1], total, operand << ADD_SHIFT))),
                parameters.as_value().eq(Mux(turn[0], own[channel].as_value(), rescale)),
            ]
            m.d.comb += [requantise.accumulators[lane].eq(accumulator), requantise.parameters[lane].eq(parameters)]

    def _operands(self, m: Module, lane: int, drained, turn, output_turn, raw_turn, command, requantise: Requantise):
        """(operand of the sum that is rescaled in slots 2 and 3, the sum) of a lane."""
        residuals = [Signal(signed(9), name=f"residual_{stage}_{lane}", reset_less=True)
                     for stage in range(RESIDUAL_OPERANDS + 1)]
        output = Signal(signed(9), name=f"layer_output_{lane}", reset_less=True)
        rescaled, total = (Signal(signed(32), name=f"{name}_{lane}", reset_less=True) for name in ("rescaled", "total"))
        operand = Signal(signed(9), name=f"operand_{lane}")
        with m.If(turn[1]):
            m.d.sync += [later.eq(earlier) for earlier, later in zip([drained, *residuals], residuals, strict=False)]
        with m.If(output_turn[0]):
            m.d.sync += output.eq(requantise.outputs[lane] - command.output_zero_point)
        with m.If(raw_turn[2]):
            m.d.sync += rescaled.eq(requantise.rescaled[lane])
        with m.If(raw_turn[3]):
            m.d.sync += total.eq(rescaled + requantise.rescaled[lane])
        m.d.comb += operand.eq(Mux(turn[2], output, residuals[-1]))
        return operand, total

    def _write(self, m: Module, step, requantise: Requantise) -> None:
        """Puts the parts of an octet together and writes it, for all pixels of the step."""
        config = self.config
        outputs = requantise.outputs.as_value()
        octets = []
        for pixel in range(self.pixels):
            part = outputs.word_select(pixel, 8 * self.channels)
            octet = Signal(8 * config.slice_channels, name=f"octet_{pixel}")
            kept = Signal(8 * config.slice_channels, name=f"kept_{pixel}", reset_less=True)
            m.d.comb += [octet.eq(kept), octet.word_select(step.part, 8 * self.channels).eq(part)]
            with m.If(step.valid):
                m.d.sync += kept.eq(octet)
            octets.append(octet)
        complete = step.valid & (step.part == self.parts - 1)
        bits = config.slice_channels // enable_bytes(config)
        enables = []
        for bank in range(config.pe_pixels):
            here = complete & step.lanes[bank] & (step.pixel_group == bank // self.pixels)
            for place in range(config.slices_per_word):
                enables.append((here & (step.place == place)).replicate(bits))
        written = [delayed(m, octet, 1, f"written_{pixel}") for pixel, octet in enumerate(octets)]
        m.d.comb += self.write.data.eq(Cat(written[bank % self.pixels].replicate(config.slices_per_word)
                                           for bank in range(config.pe_pixels)))
        m.d.sync += [
            self.write.enable.eq(Cat(enables)),
            self.write.row.eq(step.row),
            self.ended.eq(step.last),
        ]
