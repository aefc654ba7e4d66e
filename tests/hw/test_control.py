"""`Control`: start, end, stop, reset, the first fault, and which block of the program an address is in."""

import random

import pytest

from hw.commands import BLOCK_BYTES, COUNT_BITS
from hw.faults import CODES, SOURCES
from hw.gateware.control import Control
from tests.support.pysim import get, put, put_fields, run_benches

HOST = SOURCES.index("host")
RESET = 5
"""Cycles of a reset."""
STATES = ("busy", "done", "error", "halting", "pending")


class Scene:
    """The host and the engine round a `Control`."""

    def __init__(self, ctx, unit: Control) -> None:
        self.ctx, self.unit = ctx, unit
        put(ctx, unit.quiet, 1)

    async def pulse(self, name: str) -> None:
        put(self.ctx, getattr(self.unit, name), 1)
        await self.ctx.tick()
        put(self.ctx, getattr(self.unit, name), 0)

    async def fault(self, **fields: int) -> None:
        put_fields(self.ctx, self.unit.fault, fields)
        await self.ctx.tick()
        put_fields(self.ctx, self.unit.fault, {**dict.fromkeys(fields, 0), "command": 0x55})  # left over: not a fault

    def states(self) -> set[str]:
        return {name for name in STATES if get(self.ctx, getattr(self.unit, name))}

    def reason(self) -> tuple[int, ...]:
        reason = self.unit.reason
        return tuple(get(self.ctx, value) for value in (reason.code, reason.source, reason.command, reason.address))


def run(script) -> None:
    unit = Control(RESET)

    async def bench(ctx) -> None:
        for _ in range(RESET):
            assert get(ctx, unit.reset) & get(ctx, unit.halting) & ~get(ctx, unit.at_rest)
            await ctx.tick()
        await script(Scene(ctx, unit))

    run_benches(unit, bench)


@pytest.mark.parametrize("length", [1, 2, 17])
def test_a_good_run(length: int) -> None:
    """The engine starts in the cycle of the wish, the interrupt comes the cycle after the end."""
    async def script(scene: Scene) -> None:
        ctx, unit = scene.ctx, scene.unit
        put(ctx, unit.start, 1)
        assert get(ctx, unit.begin)
        await ctx.tick()
        put(ctx, unit.start, 0)
        for _ in range(length - 1):
            assert scene.states() == {"busy"}
            assert not get(ctx, unit.begin) | get(ctx, unit.halt) | get(ctx, unit.at_rest)
            await ctx.tick()
        put(ctx, unit.finished, 1)
        assert scene.states() == {"busy"}
        await ctx.tick()
        assert scene.states() == {"done", "pending"}
        assert get(ctx, unit.at_rest)
        for _ in range(5):
            assert get(ctx, unit.cycles) == length + 1
            await ctx.tick()
        await scene.pulse("acknowledge")
        assert scene.states() == {"done"}
        put(ctx, unit.finished, 0)
        await scene.pulse("start")
        assert scene.states() == {"busy"}
        assert get(ctx, unit.cycles) == 1

    run(script)


@pytest.mark.parametrize("finished", [0, 1])
@pytest.mark.parametrize("late", [0, 1, 30])
def test_a_fault_waits_for_open_bursts(late: int, finished: int) -> None:
    """Even one in the very cycle in which the program ends."""
    async def script(scene: Scene) -> None:
        ctx, unit = scene.ctx, scene.unit
        await scene.pulse("start")
        put(ctx, unit.quiet, 0)
        put(ctx, unit.finished, finished)
        await scene.fault(code=9, source=2, command=7, address=0x1234)
        for _ in range(late):
            assert scene.states() == {"busy", "halting"}
            assert get(ctx, unit.halt)
            await ctx.tick()
        put(ctx, unit.quiet, 1)
        await ctx.tick()
        assert scene.states() == {"error", "pending"}
        assert get(ctx, unit.halt)
        assert not get(ctx, unit.at_rest)
        assert scene.reason() == (9, 2, 7, 0x1234)
        await scene.fault(code=10, source=3, command=8, address=0x5678)
        put(ctx, unit.restart, 1)
        assert not get(ctx, unit.begin)
        await ctx.tick()
        assert scene.reason() == (9, 2, 7, 0x1234)

    run(script)


@pytest.mark.parametrize(("wish", "name"), [("stop", "stopped"), ("restart", "busy")])
def test_what_the_host_does_wrong(wish: str, name: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.pulse("start")
        await scene.fault(code=0, source=3, command=9, address=0x40)
        await scene.pulse(wish)
        await scene.ctx.tick()
        assert scene.states() == {"error", "pending"}
        assert scene.reason() == (CODES[name], HOST, 0, 0)

    run(script)


def test_stop_at_rest_is_nothing() -> None:
    async def script(scene: Scene) -> None:
        await scene.pulse("stop")
        await scene.ctx.tick()
        assert scene.states() == set()
        await scene.pulse("start")
        assert scene.states() == {"busy"}

    run(script)


@pytest.mark.parametrize("state", ["rest", "busy", "halting", "error", "done"])
@pytest.mark.parametrize("late", [0, 1, 30])
def test_soft_reset(state: str, late: int) -> None:
    """From any state, the cycle after no burst is open; no interrupt; `RESET` cycles of `reset`."""
    async def script(scene: Scene) -> None:
        ctx, unit = scene.ctx, scene.unit
        if state != "rest":
            await scene.pulse("start")
        if state in ("halting", "error"):
            put(ctx, unit.quiet, state == "error")
            await scene.fault(code=9, source=2, command=7, address=0x1234)
            await ctx.tick()
        if state == "done":
            await scene.pulse("finished")
        put(ctx, unit.quiet, 0)
        await scene.pulse("soft_reset")
        put(ctx, unit.finished, 1)
        for _ in range(late):
            assert "halting" in scene.states()
            assert ("pending" in scene.states()) == (state in ("error", "done"))
            assert not get(ctx, unit.reset) | get(ctx, unit.at_rest)
            await ctx.tick()
        put(ctx, unit.finished, 0)
        put(ctx, unit.quiet, 1)
        assert not get(ctx, unit.reset)
        await ctx.tick()
        for _ in range(RESET):
            assert get(ctx, unit.reset)
            assert "halting" in scene.states()
            assert not get(ctx, unit.at_rest)
            await ctx.tick()
        assert not get(ctx, unit.reset) | get(ctx, unit.halt)
        assert scene.states() == set()
        assert scene.reason() == (0, 0, 0, 0)
        assert get(ctx, unit.cycles) == 0
        put(ctx, unit.start, 1)
        assert get(ctx, unit.begin)

    run(script)


@pytest.mark.parametrize("seed", range(8))
def test_block_of_an_address(seed: int) -> None:
    """A fault of `fetch` comes with an address only; the interrupt waits for the block's number."""
    rng = random.Random(seed)
    blocks = (0, 1, (1 << COUNT_BITS) - 1, rng.randrange(1 << COUNT_BITS))
    base, block, byte = 32 * rng.randrange(1 << 20), rng.choice(blocks), rng.randrange(BLOCK_BYTES)

    async def script(scene: Scene) -> None:
        ctx, unit = scene.ctx, scene.unit
        put(ctx, unit.program_address, base)
        await scene.pulse("start")
        address = base + block * BLOCK_BYTES + byte
        await scene.fault(code=3, source=SOURCES.index("fetch"), address=address)
        for _ in range(COUNT_BITS + 3):
            assert "pending" not in scene.states()
            await ctx.tick()
        assert scene.states() == {"error", "pending"}
        assert scene.reason() == (3, SOURCES.index("fetch"), block, address)

    run(script)
