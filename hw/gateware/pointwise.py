"""The pointwise unit: weight tiles, passes, systolic array, accumulators, drain."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.config import EngineConfig
from hw.gateware.accumulators import Accumulators
from hw.gateware.activation_memory import ReadPort, WritePort
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, WORK, CommandPort, WordPort
from hw.gateware.pointwise_drain import PointwiseDrain
from hw.gateware.pointwise_passes import PointwisePasses
from hw.gateware.pointwise_weights import PointwiseWeights
from hw.gateware.systolic_array import SystolicArray
from hw.latency import BLOCK_READY


class Pointwise(Component):
    """Runs `pointwise` commands: `golden.ops.pointwise` on a range of pixels and of output channels.

    Members
    -------
    command : In(`CommandPort`); a command starts when its weights can be loaded and its predecessor has been taken.
    read : Out(`ReadPort`); write : Out(`WritePort`); weights : Out(`WordPort`).
    ended : Out(1), the last octet of a command is being written.
    illegal : Out(1), the command started last can not end: its tiles do not fit into half of the accumulators, several
        are too short to be told apart, or it has more passes than are counted.
    work : Out(`WORK`).
    """

    TURNS = 2
    """Commands that may have started and not have done their last."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            "command": In(CommandPort("pointwise")),
            "read": Out(ReadPort(config)),
            "write": Out(WritePort(config)),
            "weights": Out(WordPort(config.weight_word_bytes)),
            "ended": Out(1), "illegal": Out(1), "work": Out(WORK),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights = weights = PointwiseWeights(self.config)
        m.submodules.passes = passes = PointwisePasses(self.config)
        m.submodules.array = array = SystolicArray(self.config)
        m.submodules.accumulators = accumulators = Accumulators(self.config)
        m.submodules.drain = drain = PointwiseDrain(self.config)
        connect(m, weights=weights.memory, memory=flipped(self.weights))
        connect(m, passes=passes.read, read=flipped(self.read))
        connect(m, drain=drain.write, write=flipped(self.write))

        # A command starts by loading weights; it waits in `following` until its predecessor's passes are issued.
        following = Signal(BODY_LAYOUT["pointwise"], reset_less=True)
        waiting, take = Signal(), Signal()
        # As soon as the predecessor's last vector is issued, which is known as it is.
        m.d.sync += take.eq(waiting & ~take & (~passes.busy | passes.work.done))
        m.d.comb += [
            self.command.pop.eq(self.command.ready & ~weights.busy & ~waiting),
            weights.fields.eq(following),
            passes.start.eq(take),
            passes.fields.eq(following),
            drain.start.eq(take),
            drain.fields.eq(following),
        ]
        m.d.sync += weights.start.eq(self.command.pop)
        with m.If(~waiting):
            m.d.sync += [following.eq(self.command.fields), waiting.eq(self.command.pop)]
        with m.If(take):
            m.d.sync += waiting.eq(0)

        residual = following.residual_passes != 0
        vectors = Mux(residual, self.config.half_vectors // 2, self.config.half_vectors)
        short = (following.tiles != 1) & ~residual & (following.tile_vectors < BLOCK_READY)
        counted = following.passes + following.residual_passes
        m.d.sync += self.illegal.eq(waiting & ((following.tile_vectors > vectors) | (following.last_vectors > vectors)
                                               | short | counted[len(following.passes):].any()))

        half_busy = Signal(2)
        m.d.sync += half_busy.eq(half_busy & ~drain.free
                                 | Mux(passes.block_start, Mux(passes.half, 0b10, 0b01), 0))
        m.d.comb += [
            passes.loaded.eq(weights.loaded), weights.advance.eq(passes.advance),
            passes.half_busy.eq(half_busy), passes.half_freed.eq(drain.free), drain.block_end.eq(passes.block_end),
            array.weights.eq(weights.weights), array.load.eq(weights.load), array.load_bank.eq(weights.load_bank),
            array.operands.eq(passes.operands), array.bank.eq(passes.bank),
            accumulators.sums.eq(array.sums),
            accumulators.valid.eq(passes.valid), accumulators.half.eq(passes.add_half),
            accumulators.vector.eq(passes.vector), accumulators.first.eq(passes.first),
            accumulators.drain_half.eq(drain.half), accumulators.drain_vector.eq(drain.vector),
            drain.drained.eq(accumulators.drained),
            weights.slot.eq(drain.slot), weights.place.eq(drain.place), drain.parameters.eq(weights.parameters),
            self.ended.eq(drain.ended), self.work.eq(passes.work),
        ]
        return m
