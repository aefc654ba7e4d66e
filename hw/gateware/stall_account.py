"""The stall account: each cycle of each unit in one of its counters."""

from collections.abc import Mapping

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, connect, flipped

from hw.account import COUNTED, COUNTERS, WAITS
from hw.commands import UNITS
from hw.gateware.component import Component
from hw.gateware.counters import Counters, ReadCounter
from hw.gateware.layouts import LACKS, WORK
from hw.gateware.turns import Turns

HEAD = data.StructLayout({"start": 1, "marked": 1, "lacks": LACKS})
"""The head of a unit's queue: it starts in this cycle, it belongs to a layer that counts, what it waits for."""

FETCH = data.StructLayout({"busy": 1, "blocked": 1, "finished": 1})


class StallAccount(Component):
    """Counts what `hw.account` defines; `turns` is how many commands each unit may have started whose turn is not over.

    Members
    -------
    start : In(1), all counters become 0. running : In(1), this cycle counts. all_layers : In(1), `fetch` counts.
    fetch : In(`FETCH`); head_UNIT : In(`HEAD`); work_UNIT : In(`WORK`).
    under_way : In, a bit per unit: commands have started that have not ended.
    counter : In(`ReadCounter`), in the order of `COUNTERS`.
    """

    def __init__(self, turns: Mapping[str, int]) -> None:
        self.turns = turns
        super().__init__({
            "start": In(1), "running": In(1), "all_layers": In(1), "fetch": In(FETCH),
            **{f"head_{unit}": In(HEAD) for unit in UNITS}, **{f"work_{unit}": In(WORK) for unit in UNITS},
            "under_way": In(len(UNITS)), "counter": In(ReadCounter(len(COUNTERS))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counters = counters = Counters(len(COUNTERS))
        connect(m, counter=flipped(self.counter), counters=counters.counter)
        m.d.comb += counters.start.eq(self.start)
        fetch = self.fetch
        held = self._first_held("fetch", {"busy": fetch.busy, "space": fetch.blocked, "bus": ~fetch.finished})
        events = {("fetch", key): self.all_layers & value for key, value in held.items()}
        for index, unit in enumerate(UNITS):
            head, work = getattr(self, f"head_{unit}"), getattr(self, f"work_{unit}")
            turns = Turns(self.turns[unit])
            m.submodules[f"turns_{unit}"] = turns
            m.d.comb += [turns.start.eq(head.start), turns.mark.eq(head.marked), turns.done.eq(work.done)]
            under_way = self.under_way[index]
            held = self._first_held(unit, {"busy": work.busy, "fill_drain": under_way, "bus": under_way,
                                           **{key: head.lacks[key] for key in WAITS}})
            events |= {(unit, key): (head.marked if key in WAITS else turns.current) & value
                       for key, value in held.items()}
        counted = Signal(len(COUNTERS))
        for number, counter in enumerate(COUNTERS):
            m.d.sync += counted[number].eq(self.running & events[counter])
        m.d.comb += counters.events.eq(counted)
        return m

    @staticmethod
    def _first_held(unit: str, holds: Mapping[str, Value]) -> dict[str, Value]:
        """Per key of the unit whether it is the first that holds."""
        first: dict[str, Value] = {}
        none: Value = Const(1, 1)
        for key in COUNTED[unit]:
            first[key] = none & holds[key]
            none = none & ~holds[key]
        return first
