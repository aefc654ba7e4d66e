"""The walk over a command's passes: what the next pass is, made ready while the one before it runs."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.countdown import Countdown
from hw.gateware.layouts import BODY_LAYOUT, delayed
from hw.latency import PASS_READY, POINTWISE_TAKE

PASS = data.StructLayout({
    "valid": 1, "first": 1, "residual": 1, "opens": 1, "half": 1, "vectors": 10, "single": 1,
    "ends_run": 1, "ends_block": 1, "ends_tile": 1, "ends_command": 1,
})
"""A pass. `valid`: there is one. `first` of its run of passes; `residual`: the run is the residual's; `opens`: it is
the first of an output block, which takes a `half`. How many `vectors`; `single`: one. What ends with it."""


class PointwiseWalk(Component):
    """Goes through the passes of a command: per pixel tile, per output block its passes, then the residual's.

    Members
    -------
    start, fields : In, take a command; not before the last pass of its predecessor has been entered.
    step : In, the pass that `upcoming` describes was entered in the cycle before.
    upcoming : Out(`PASS`), the next pass to enter; known for certain `latency.POINTWISE_TAKE` − 1 cycles after a start
        and `latency.PASS_READY` − 2 after a step.
    """

    def __init__(self, config: EngineConfig) -> None:
        # Between two passes their weights are loaded, which is time enough.
        assert config.tile_words >= PASS_READY
        super().__init__({
            "start": In(1), "fields": In(BODY_LAYOUT["pointwise"]), "step": In(1), "upcoming": Out(PASS),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fields, upcoming = self.fields, self.upcoming
        command = Signal(BODY_LAYOUT["pointwise"], reset_less=True)
        tiles, outputs, left = Countdown(m, 10, "tiles"), Countdown(m, 10, "outputs"), Countdown(m, 14, "left")
        first, residual, half, plain = Signal(), Signal(), Signal(), Signal()

        with m.If(self.step):
            left.step()
            m.d.sync += first.eq(0)
            with m.If(upcoming.ends_run):
                left.load(command.residual_passes)
                m.d.sync += [first.eq(1), residual.eq(~upcoming.ends_block)]
            with m.If(upcoming.ends_block):
                left.load(command.passes)
                outputs.step()
                m.d.sync += half.eq(~half)
            with m.If(upcoming.ends_tile):
                outputs.load(command.out_blocks)
                tiles.step()
            with m.If(upcoming.ends_command):
                m.d.sync += upcoming.valid.eq(0)
        with m.If(self.start):
            tiles.load(fields.tiles)
            outputs.load(fields.out_blocks)
            left.load(fields.passes)
            m.d.sync += [command.eq(fields), first.eq(1), residual.eq(0), plain.eq(fields.residual_passes == 0)]
        with m.If(delayed(m, self.start, POINTWISE_TAKE - 2, "started")):
            m.d.sync += upcoming.valid.eq(1)

        # A register behind the counters, so that whoever looks at a pass has nothing to work out.
        vectors, ends_block = Signal(10), Signal()
        m.d.comb += [vectors.eq(Mux(tiles.last, command.last_vectors, command.tile_vectors)),
                     ends_block.eq(left.last & (residual | plain))]
        m.d.sync += [
            upcoming.first.eq(first), upcoming.residual.eq(residual), upcoming.opens.eq(first & ~residual),
            upcoming.half.eq(half), upcoming.vectors.eq(vectors), upcoming.single.eq(vectors == 1),
            upcoming.ends_run.eq(left.last), upcoming.ends_block.eq(ends_block),
            upcoming.ends_tile.eq(ends_block & outputs.last),
            upcoming.ends_command.eq(ends_block & outputs.last & tiles.last),
        ]
        return m
