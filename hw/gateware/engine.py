"""The engine: six units, two weight memories, one activation memory, one DRAM port."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.commands import COUNT_BITS, UNITS
from hw.config import EngineConfig
from hw.gateware.activation_memory import ActivationMemory
from hw.gateware.arbiter import Arbiter
from hw.gateware.bus import BURST_BITS, BurstPort
from hw.gateware.command_queue import CommandQueue
from hw.gateware.component import Component
from hw.gateware.depthwise import Depthwise
from hw.gateware.fetch import Fetch
from hw.gateware.load import Load
from hw.gateware.pointwise import Pointwise
from hw.gateware.store import Store
from hw.gateware.weight_memory import WeightMemory
from hw.gateware.weights import Weights


class Engine(Component):
    """Runs the program at `program_address` from start to interrupt.

    Members
    -------
    start : In(1), one cycle while not `busy`; cycle 0 of all counts.
    program_address : In(32), held from `start` on; burst_bytes : In, power of two, held while `busy`.
    busy : Out(1).
    irq : Out(1), one cycle: the program has ended, or an error stopped it.
    error : Out(3), of `fetch.ERRORS`, plus 8 if two units met in a bank of the activation memory.
    bus : Out(`BurstPort`).
    started, ended : Out, a bit per unit, if `retire_port`: high the cycle after a command started, and in the
        cycle its tokens are set.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        retire = {"started": Out(len(UNITS)), "ended": Out(len(UNITS))} if config.retire_port else {}
        super().__init__({
            "start": In(1), "program_address": In(32), "burst_bytes": In(BURST_BITS),
            "busy": Out(1), "irq": Out(1), "error": Out(4),
            "bus": Out(BurstPort(config)),
            **retire,
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.fetch = fetch = Fetch(config)
        m.submodules.load = load = Load(config)
        m.submodules.weights = weights = Weights(config)
        m.submodules.depthwise = depthwise = Depthwise(config)
        m.submodules.pointwise = pointwise = Pointwise(config)
        m.submodules.store = store = Store(config)
        m.submodules.arbiter = arbiter = Arbiter(config)
        m.submodules.activation_memory = activations = ActivationMemory(config)
        m.submodules.pointwise_weight_memory = pointwise_weights = WeightMemory(
            words=config.weight_bytes // config.weight_word_bytes, word_bytes=config.weight_word_bytes,
            bus_bytes=config.bus_bytes)
        m.submodules.depthwise_weight_memory = depthwise_weights = WeightMemory(
            words=config.dw_weight_bytes // config.dw_word_bytes, word_bytes=config.dw_word_bytes,
            bus_bytes=config.bus_bytes)
        units = {"load": load, "weights": weights, "depthwise": depthwise, "pointwise": pointwise, "store": store}

        # DRAM.
        connect(m, fetch=fetch.request, arbiter=arbiter.request_fetch)
        connect(m, load=load.request, arbiter=arbiter.request_load)
        connect(m, weights=weights.request, arbiter=arbiter.request_weights)
        connect(m, store=store.request, arbiter=arbiter.request_store)
        connect(m, arbiter=arbiter.read_fetch, fetch=fetch.beats)
        connect(m, arbiter=arbiter.read_load, load=load.beats)
        connect(m, arbiter=arbiter.read_weights, weights=weights.beats)
        connect(m, store=store.beats, bus=flipped(self.bus.write))
        bus = self.bus
        m.d.comb += [
            bus.request_valid.eq(arbiter.bus.request_valid), bus.request_write.eq(arbiter.bus.request_write),
            bus.request_address.eq(arbiter.bus.request_address), bus.request_beats.eq(arbiter.bus.request_beats),
            arbiter.bus.request_ready.eq(bus.request_ready), arbiter.bus.written.eq(bus.written),
            arbiter.bus.read.valid.eq(bus.read.valid), arbiter.bus.read.data.eq(bus.read.data),
            arbiter.bus.read.last.eq(bus.read.last),
            store.written.eq(arbiter.written),
        ]

        # Activations and weights.
        connect(m, load=load.write, activation_memory=activations.write_load)
        connect(m, activation_memory=activations.read_depthwise, depthwise=depthwise.read)
        connect(m, depthwise=depthwise.write, activation_memory=activations.write_depthwise)
        connect(m, activation_memory=activations.read_pointwise, pointwise=pointwise.read)
        connect(m, pointwise=pointwise.write, activation_memory=activations.write_pointwise)
        connect(m, activation_memory=activations.read_store, store=store.read)
        connect(m, weights=weights.depthwise, depthwise_weight_memory=depthwise_weights.write)
        connect(m, depthwise_weight_memory=depthwise_weights.read, depthwise=depthwise.weights)
        connect(m, weights=weights.pointwise, pointwise_weight_memory=pointwise_weights.write)
        connect(m, pointwise_weight_memory=pointwise_weights.read, pointwise=pointwise.weights)

        # Commands and tokens.
        m.d.comb += [fetch.start.eq(self.start), fetch.address.eq(self.program_address)]
        delivered = Signal(data.ArrayLayout(COUNT_BITS, len(UNITS)))
        ended = Signal(data.ArrayLayout(COUNT_BITS, len(UNITS)))
        for user in (fetch, load, weights, store):
            m.d.comb += user.burst_bytes.eq(self.burst_bytes)
        for index, (name, unit) in enumerate(units.items()):
            m.submodules[f"queue_{name}"] = queue = CommandQueue(name, config.queue_depth)
            connect(m, queue=queue.command, unit=unit.command)
            m.d.comb += [
                queue.push.eq(fetch.push[index]), queue.item.eq(getattr(fetch, f"queue_{name}")),
                fetch.full[index].eq(queue.full), queue.ended.eq(ended),
            ]
            m.d.sync += [delivered[index].eq(delivered[index] + fetch.push[index]),
                         ended[index].eq(ended[index] + unit.ended)]
            if config.retire_port:
                m.d.sync += [self.started[index].eq(unit.command.pop), self.ended[index].eq(unit.ended)]

        quiet = self.busy & fetch.finished & (delivered.as_value() == ended.as_value())
        conflict = Signal()
        m.d.sync += [self.irq.eq(quiet & ~self.irq), conflict.eq(conflict | activations.conflict)]
        m.d.comb += self.error.eq(Cat(fetch.error, conflict))
        with m.If(self.irq):
            m.d.sync += self.busy.eq(0)
        with m.If(self.start):
            m.d.sync += [self.busy.eq(1), conflict.eq(0), delivered.as_value().eq(0), ended.as_value().eq(0)]
        return m
