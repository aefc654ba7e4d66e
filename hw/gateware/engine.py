"""The engine: six units, two weight memories, one activation memory, one DRAM port."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.hdl import Array, Cat, Module, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.account import COUNTERS
from hw.commands import COUNT_BITS, UNITS
from hw.config import EngineConfig
from hw.faults import CODES
from hw.gateware.activation_memory import ActivationMemory
from hw.gateware.arbiter import USERS, Arbiter, Windows
from hw.gateware.bus import BURST_BITS, BurstPort
from hw.gateware.command_queue import CommandQueue
from hw.gateware.component import Component
from hw.gateware.counters import ReadCounter
from hw.gateware.deadlock import Deadlock
from hw.gateware.depthwise import Depthwise
from hw.gateware.fetch import Fetch
from hw.gateware.layouts import FAULT, MARKED, delayed
from hw.gateware.load import Load
from hw.gateware.pointwise import Pointwise
from hw.gateware.stall_account import StallAccount
from hw.gateware.store import Store
from hw.gateware.tally import Tally
from hw.gateware.weight_memory import WeightMemory
from hw.gateware.weights import Weights
from hw.latency import DEADLOCK_CYCLES

UNDER_WAY_BITS = 6
"""Of commands of a unit that have started and not ended. Most are those of `store`, as many as bursts may be open and a
few more; the contexts of `depthwise` are 16."""


class Engine(Component):
    """Runs the program at `program_address`; `control.py` starts and stops it.

    Members
    -------
    start : In(1), one cycle; cycle 0 of all counts. After a fault only behind a reset.
    program_address : In(32), at `start`; burst_bytes : In, power of two, held; windows : In(`Windows`), held.
    finished : Out(1), all commands have ended.
    fault : Out(`FAULT`), for a cycle or longer. halt : In(1), no burst may be asked for. quiet : Out(1), none is open.
    commands : Out, per unit the count of commands it has ended.
    running : In(1), cycles of the stall account; marked : In(`MARKED`), held; counter : In(`ReadCounter`): if there are
        `counters`.
    bus : Out(`BurstPort`).
    started, ended : Out, a bit per unit, if `retire_port`: high the cycle after a command started, and in the
        cycle its tokens are set.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        retire = {"started": Out(len(UNITS)), "ended": Out(len(UNITS))} if config.retire_port else {}
        account = {"running": In(1), "marked": In(MARKED), "counter": In(ReadCounter(len(COUNTERS)))}
        super().__init__({
            "start": In(1), "program_address": In(32), "burst_bytes": In(BURST_BITS), "windows": In(Windows()),
            "finished": Out(1), "fault": Out(FAULT), "halt": In(1), "quiet": Out(1),
            "commands": Out(data.ArrayLayout(COUNT_BITS, len(UNITS))),
            "bus": Out(BurstPort(config)),
            **(account if config.counters else {}), **retire,
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
            arbiter.bus.read.last.eq(bus.read.last), arbiter.bus.read_response.eq(bus.read_response),
            arbiter.bus.written_response.eq(bus.written_response),
            store.written.eq(arbiter.written),
            arbiter.start.eq(self.start), arbiter.halt.eq(self.halt), self.quiet.eq(arbiter.quiet),
        ]
        connect(m, windows=flipped(self.windows), arbiter=arbiter.windows)

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
        ended = Array(Signal(COUNT_BITS, name=f"ended_{name}") for name in units)
        # What is done is looked for a cycle late: no command ends that soon after its delivery.
        fetched, under_way = Signal(), Signal(len(UNITS))
        m.d.sync += fetched.eq(fetch.finished & ~self.start)
        tallies: list[Tally] = []
        queues: list[CommandQueue] = []
        for user in (fetch, load, weights, store):
            m.d.comb += user.burst_bytes.eq(self.burst_bytes)
        for index, (name, unit) in enumerate(units.items()):
            m.submodules[f"queue_{name}"] = queue = CommandQueue(name, config.queue_depth)
            queues.append(queue)
            connect(m, queue=queue.command, unit=unit.command)
            m.d.comb += [
                queue.push.eq(fetch.push[index]), queue.part.eq(fetch.part),
                fetch.full[index].eq(queue.full), queue.ended.eq(Cat(ended)),
            ]
            tally = Tally(m, UNDER_WAY_BITS, f"under_way_{name}", more=unit.command.pop, less=unit.ended)
            tallies.append(tally)
            m.d.comb += under_way[index].eq(~tally.none)
            with m.If(unit.ended):
                m.d.sync += ended[index].eq(ended[index] + 1)
            if config.retire_port:
                m.d.sync += [self.started[index].eq(unit.command.pop), self.ended[index].eq(unit.ended)]
        m.d.comb += self.commands.eq(Cat(ended))
        m.d.sync += self.finished.eq(fetched & ~under_way.any() & ~Cat(queue.any_left for queue in queues).any())
        with m.If(self.start):
            m.d.sync += [self.finished.eq(0), *(count.eq(0) for count in ended)]
        if config.counters:
            self._account(m, fetch, units, queues, under_way)

        # Faults, those that come last in the program's way first.
        moves = (Cat(getattr(arbiter, f"request_{name}").valid for name in USERS).any()
                 | ~arbiter.quiet | ~(fetch.finished | fetch.blocked) | under_way.any()
                 | Cat(queue.command.ready for queue in queues).any())
        m.submodules.deadlock = deadlock = Deadlock(DEADLOCK_CYCLES)
        m.d.comb += deadlock.moves.eq(moves | self.finished)
        for index, queue in enumerate(queues):
            m.d.comb += [deadlock.missing[index].eq(queue.missing), deadlock.empty[index].eq(~queue.valid)]
        found, inner = Signal(FAULT), Signal(FAULT)
        # Which command it is, counted from its unit's oldest: that met a conflict, or waits after all that started
        # have ended. Wrong fields are those of the youngest.
        number, inner_number = (Signal(signed(UNDER_WAY_BITS + 1), name=name) for name in ("number", "inner_number"))
        m.d.comb += found.eq(deadlock.fault)
        with m.If(activations.conflict):
            m.d.comb += [found.code.eq(CODES["conflict"]), found.source.eq(activations.conflict_unit),
                         found.address.eq(activations.conflict_group)]
        for index, unit in enumerate(units.values()):
            if unit in (depthwise, pointwise):
                with m.If(unit.illegal):
                    m.d.comb += [found.code.eq(CODES["fields"]), found.source.eq(index),
                                 number.eq(tallies[index].count - 1)]
        # The counts as they were then: which of them takes a cycle to say.
        oldest = Array(delayed(m, count, 1, f"oldest_{name}") for name, count in zip(units, ended, strict=True))
        late = Signal(FAULT)
        m.d.sync += [inner.eq(found), inner_number.eq(number),
                     late.eq(inner), late.command.eq(oldest[inner.source] + inner_number), self.fault.eq(late)]
        with m.If(fetch.fault.code != 0):
            m.d.sync += self.fault.eq(fetch.fault)
        with m.If(arbiter.fault.code != 0):
            m.d.sync += self.fault.eq(arbiter.fault)
        return m

    def _account(self, m: Module, fetch: Fetch, units: Mapping[str, Any], queues: Sequence[CommandQueue],
                 under_way: Signal) -> None:
        """The stall account, which watches, a cycle late, and is seen by nobody."""
        m.submodules.account = account = StallAccount({name: unit.TURNS for name, unit in units.items()})
        connect(m, counter=flipped(self.counter), account=account.counter)
        m.d.comb += fetch.marked.eq(self.marked)
        m.d.sync += [
            account.start.eq(self.start), account.running.eq(self.running), account.all_layers.eq(~self.marked.one),
            account.fetch.busy.eq(fetch.beats.valid), account.fetch.blocked.eq(fetch.blocked),
            account.fetch.finished.eq(fetch.finished), account.under_way.eq(under_way),
        ]
        for (name, unit), queue in zip(units.items(), queues, strict=True):
            head = getattr(account, f"head_{name}")
            m.d.sync += [head.start.eq(unit.command.pop), head.marked.eq(queue.marked), head.lacks.eq(queue.lacks),
                         getattr(account, f"work_{name}").eq(unit.work)]
