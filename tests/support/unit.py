"""Runs the commands of one compute unit of a program; the other units do theirs in no time, in NumPy."""

from collections import deque

import numpy as np

from hw.commands import UNITS, Command
from hw.compiler.layers import as_convolution, is_cropped, unit_of
from hw.config import EngineConfig
from hw.program import Program
from tests.support.cases import Case
from tests.support.compare import Mismatch, assert_tensor_equal
from tests.support.ports import Rows, serve_words
from tests.support.pysim import get, put, put_fields, run_benches
from tests.support.transfers import load, store, transfer_pixels, weights

QUIET = 20
"""Cycles watched after the last end."""


class Others:
    """Queues and tokens of all units, and the memories that the instant ones work on."""

    def __init__(self, program: Program, unit: str, values: np.ndarray) -> None:
        config = program.config
        self.unit, self.memory, self.rows = unit, program.memory(values), Rows(config)
        self.words = {
            True: np.zeros((config.dw_weight_bytes // config.dw_word_bytes, config.dw_word_bytes), np.uint8),
            False: np.zeros(
                (config.weight_bytes // config.weight_word_bytes, config.weight_word_bytes), np.uint8
            ),
        }
        self.fetched: set[int] = set()
        """Words of weights that the unit has named."""
        self.owned = np.zeros_like(self.rows.written)
        self.ended = dict.fromkeys(UNITS, 0)
        self.queues = {name: deque(c for c in program.commands if c.unit == name) for name in UNITS}

    def ready(self, name: str) -> Command | None:
        """Head of a queue, if all its tokens are there."""
        if self.queues[name]:
            command = self.queues[name][0]
            if all(self.ended[other] >= count for other, count in command.waits.items()):
                return command
        return None

    def work(self) -> None:
        """Runs what can run of the instant units."""
        moved = True
        while moved:
            moved = False
            for name in UNITS:
                command = self.ready(name)
                if name != self.unit and command is not None:
                    self._run(self.queues[name].popleft())
                    self.ended[name] += 1
                    moved = True

    def _run(self, command: Command) -> None:
        config = self.rows.config
        if command.unit == "load":
            load(command, self.memory, self.rows)
        elif command.unit == "weights":
            weights(command, self.memory, self.words[bool(command.fields["depthwise"])], config)
        elif command.unit == "store":
            for _, row, pixel in transfer_pixels(command.fields, config):
                self.owned[row, pixel] = True
            store(command, self.memory, self.rows)
        else:
            raise ValueError(f"{command.unit} is not run here")


def run_unit(
    component, case: Case, config: EngineConfig, *, seed: int = 0, limit: int = 20_000
) -> list[tuple[int, int]]:
    """Runs `case`, a single layer, on `component`, `depthwise` or `pointwise`; compares with golden.

    Returns (start, end) of each command: the cycles of `pop` and `ended`. Raises `Mismatch`.
    """
    program = case.program(config, seed)
    unit = unit_of(as_convolution(case.specs[0]))
    others = Others(program, unit, case.values(seed))
    starts, ends = run_commands(component, others, limit)
    stray = others.rows.written & ~others.owned
    if stray.any() and not is_cropped(case.specs[0]):  # which are columns it leaves out
        row, pixel, channel = (int(index) for index in np.argwhere(stray)[0])
        raise Mismatch(f"{unit} wrote row {row}, pixel {pixel}, channel {channel} outside of its output")
    assert_tensor_equal(case.specs[0].name, program.output.unpack(others.memory), case.expected(seed))
    return list(zip(starts, ends, strict=True))


def run_commands(component, others: Others, limit: int) -> tuple[list[int], list[int]]:
    """Runs all commands of `others`, those of its unit on `component`; the cycles of `pop` and `ended`."""
    starts: list[int] = []
    ends: list[int] = []

    async def issue(ctx) -> None:
        """The command queue: the next command is ready two cycles after the start of the last one at the earliest."""
        now = quiet = ready_from = 0
        while quiet < QUIET:
            others.work()
            command = others.ready(others.unit) if now >= ready_from else None
            put(ctx, component.command.ready, command is not None)
            if command is not None:
                put_fields(ctx, component.command.fields, command.fields)
                if get(ctx, component.command.pop):
                    others.queues[others.unit].popleft()
                    starts.append(now)
                    ready_from = now + 2
            ended = bool(get(ctx, component.ended))
            await ctx.tick()
            if ended:  # the last word is in the memory now
                ends.append(now)
                others.ended[others.unit] += 1
            quiet = 0 if others.queues[others.unit] or len(ends) < len(starts) else quiet + 1
            now += 1
            if now >= limit:
                raise Mismatch(f"{len(ends)} of {len(starts)} started commands ended within {limit} cycles")
        others.work()

    run_benches(
        component,
        issue,
        limit=limit + 10,
        background=(
            others.rows.serve_reads(component.read, cycles=limit),
            serve_words(
                component.weights, others.words[others.unit == "depthwise"], 0, cycles=limit, fetched=others.fetched
            ),
            others.rows.take_writes(component.write, cycles=limit),
        ),
    )
    return starts, ends
