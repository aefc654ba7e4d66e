"""`StallAccount` against the definition of `hw.account`, cycle by cycle, on units that do anything at all."""

import random
from collections import Counter

import pytest

from hw.account import COUNTED, COUNTERS, WAITS
from hw.commands import UNITS
from hw.gateware.depthwise import Depthwise
from hw.gateware.load import Load
from hw.gateware.pointwise import Pointwise
from hw.gateware.stall_account import StallAccount
from hw.gateware.store import Store
from hw.gateware.weights import Weights
from tests.support.mutation import mutated
from tests.support.pysim import get, put, put_fields, run_benches

TURNS = {"load": Load.TURNS, "weights": Weights.TURNS, "depthwise": Depthwise.TURNS, "pointwise": Pointwise.TURNS,
         "store": Store.TURNS}


class Unit:
    """A unit that starts, works and ends at random, and what its account should say."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name, self.rng = name, rng
        self.waiting: list[bool] = []
        """Marks of the commands that have started and not done their last."""
        self.current, self.open = False, 0

    def cycle(self) -> tuple[dict[str, int], dict[str, int], dict[str, int], int, str | None]:
        """(head, work, what the head lacks, whether a command is under way, key that counts) in a cycle."""
        chance = self.rng.random
        busy = bool(self.waiting) and chance() < 0.6
        done = busy and chance() < 0.3
        start = len(self.waiting) < TURNS[self.name] and chance() < 0.2
        marked = chance() < 0.5
        lacks = {key: int(not start and chance() < 0.2) for key in WAITS}
        if self.waiting:
            self.current = self.waiting[0]
        holds = {"busy": busy, "fill_drain": self.open > 0, "bus": self.open > 0, **lacks}
        first = next((key for key in COUNTED[self.name] if holds[key]), None)
        counts = first is not None and (marked if first in WAITS else self.current)
        shown = {"start": start, "marked": marked}, {"busy": busy, "done": done}, lacks, self.open > 0
        self.open += start
        if done:
            self.waiting.pop(0)
        if start:
            self.waiting.append(marked)
        if self.open > len(self.waiting) and chance() < 0.3:
            self.open -= 1
        return *shown, first if counts else None


def run(design=StallAccount, cycles: int = 400) -> None:
    account, rng = design(TURNS), random.Random(0)
    units = {name: Unit(name, rng) for name in UNITS}
    expected: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str], int] = {}

    async def bench(ctx) -> None:
        put(ctx, account.start, 1)
        await ctx.tick()
        put(ctx, account.start, 0)
        for cycle in range(cycles):
            running, all_layers = cycle >= 20, rng.random() < 0.7
            put(ctx, account.running, running)
            put(ctx, account.all_layers, all_layers)
            fetch = {name: rng.random() < 0.4 for name in ("busy", "blocked", "finished")}
            put_fields(ctx, account.fetch, fetch)
            holds = {"busy": fetch["busy"], "space": fetch["blocked"], "bus": not fetch["finished"]}
            key = next((key for key in COUNTED["fetch"] if holds[key]), None)
            if key and all_layers and running:
                expected["fetch", key] += 1
            under_way = 0
            for index, (name, unit) in enumerate(units.items()):
                head, work, lacks, open_, key = unit.cycle()
                put_fields(ctx, getattr(account, f"head_{name}"), head)
                put_fields(ctx, getattr(account, f"head_{name}").lacks, lacks)
                put_fields(ctx, getattr(account, f"work_{name}"), work)
                under_way |= open_ << index
                if key and running:
                    expected[name, key] += 1
            put(ctx, account.under_way, under_way)
            await ctx.tick()
        put(ctx, account.running, 0)
        await ctx.tick().repeat(2)
        put(ctx, account.counter.wanted, 1)
        for step in range(len(COUNTERS)):
            number = 5 * step % len(COUNTERS)  # each is asked for when its turn comes
            put(ctx, account.counter.index, number)
            while not get(ctx, account.counter.given):
                await ctx.tick()
            found[COUNTERS[number]] = get(ctx, account.counter.value)
            await ctx.tick()

    run_benches(account, bench)
    assert found == {counter: expected[counter] for counter in COUNTERS}
    assert min(found.values()) > 0


def test_counts_what_the_definition_says() -> None:
    run()


BROKEN = {
    "keys in another order": ("stall_account", "none = none & ~holds[key]", "none = none"),
    "waits belong to the turn": ("stall_account", "head.marked if key in WAITS else", "head.marked if 0 else"),
    "work belongs to the head": ("stall_account", "WAITS else turns.current", "WAITS else head.marked"),
    "counts for ever": ("stall_account", "self.running & events[counter]", "events[counter]"),
    "fetch works for one layer": ("stall_account", "self.all_layers & value", "value"),
    "a turn begins with the next start": ("turns", "marks.pop.eq(self.done)", "marks.pop.eq(self.start & marks.valid)"),
    "no turn between two": ("turns", "Mux(marks.valid, marks.head, former)", "marks.valid & marks.head"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_account(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, old, new = BROKEN[fault]
    names = mutated(f"hw.gateware.{module}", old, new)
    if module == "turns":
        monkeypatch.setattr("hw.gateware.stall_account.Turns", names["Turns"])
    with pytest.raises(AssertionError, match=r"^assert \{"):
        run(names.get("StallAccount", StallAccount))
