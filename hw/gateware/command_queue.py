"""A unit's command queue: the head waits here for its tokens."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.commands import COUNT_BITS, UNITS
from hw.gateware.backlog import PartedBacklog, part_bits
from hw.gateware.component import Component
from hw.gateware.layouts import BODY_LAYOUT, LACKS, CommandPort

ENTRY = {unit: data.StructLayout({
    "waits": data.ArrayLayout(COUNT_BITS, len(UNITS)), "space": len(UNITS), "marked": 1, "fields": BODY_LAYOUT[unit]})
    for unit in UNITS}
"""A command; `space` as in its header, `marked` if its layer's cycles count. These two are the account's only."""

PART_BITS = max(part_bits(layout) for layout in ENTRY.values())
"""Of a command on its way to any queue."""


class CommandQueue(Component):
    """Commands of one unit in order.

    Members
    -------
    push, part, full, any_left : In, In, Out, Out, of commands, each an `ENTRY[unit]`, as of `PartedBacklog`.
    ended : In, per unit the count of commands it has ended.
    command : Out(`CommandPort`).
    valid : Out(1), there is a head; missing : Out, a bit per unit whose count the head waits for.
    lacks : Out(`LACKS`), what it waits for there; marked : Out(1), the head's.

    Timing
    ------
    `ready` `latency.HEAD` + 1 cycles after the push or the previous pop at the earliest, and one after the last
    token's count.
    """

    def __init__(self, unit: str, depth: int) -> None:
        self.unit, self.depth = unit, depth
        super().__init__({
            "push": In(1), "part": In(part_bits(ENTRY[unit])), "full": Out(1), "any_left": Out(1),
            "ended": In(data.ArrayLayout(COUNT_BITS, len(UNITS))),
            "command": Out(CommandPort(unit)),
            "valid": Out(1), "missing": Out(len(UNITS)), "lacks": Out(LACKS), "marked": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = PartedBacklog(ENTRY[self.unit], self.depth)
        # Counts wrap: a count is reached if it is at most half of the range behind.
        for index in range(len(UNITS)):
            behind = Signal(COUNT_BITS, name=f"behind_{UNITS[index]}")
            m.d.comb += behind.eq(self.ended[index] - queue.head.waits[index])
            m.d.comb += self.missing[index].eq(queue.valid & behind[-1])
        missing = {unit: self.missing[index] for index, unit in enumerate(UNITS)}
        space = {unit: queue.head.space[index] for index, unit in enumerate(UNITS)}
        m.d.comb += [
            self.lacks.data.eq(Cat(missing[unit] & ~space[unit] for unit in UNITS if unit != "weights").any()),
            self.lacks.weights.eq(missing["weights"] & ~space["weights"]),
            self.lacks.space.eq(Cat(missing[unit] & space[unit] for unit in UNITS).any()),
            self.marked.eq(queue.head.marked),
            queue.push.eq(self.push), queue.part.eq(self.part), self.full.eq(queue.full),
            self.any_left.eq(queue.any_left), self.valid.eq(queue.valid),
            self.command.fields.eq(queue.head.fields), queue.pop.eq(self.command.pop),
        ]
        m.d.sync += self.command.ready.eq(queue.valid & ~self.missing.any() & ~self.command.pop)
        return m
