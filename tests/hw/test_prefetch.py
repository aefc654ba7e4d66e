"""Weights ahead of time: no command is moved before what it waits for, and weights of later layers come early."""

from collections import Counter
from collections.abc import Sequence

import pytest

from hw.commands import UNITS, Command
from hw.compiler.cascade import Schedule, compile_cascades
from hw.compiler.prefetch import prefetched
from hw.config import PRESETS, EngineConfig
from hw.program import Program
from tests.support.cases import depthwise, pointwise
from tests.support.configs import SKEW, TINY, WIDE

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)


def network(config: EngineConfig, stripe_rows: int, shape: tuple[int, int, int] = (6, 4, 24)) -> Program:
    """Four separable pairs that keep the shape and stay on chip, weights in pieces of a block."""
    return compile_cascades([
        ((pointwise(f"pw_{number}", shape, shape[2]), depthwise(f"dw_{number}", shape)),
         Schedule(stripe_rows=stripe_rows, piece_bytes=1, keep=number < 3)) for number in range(4)], config)


def too_early(commands: Sequence[Command]) -> list[Command]:
    """Commands that stand before something they wait for."""
    ended: Counter[str] = Counter()
    result = []
    for command in commands:
        if any(ended[unit] < count for unit, count in command.waits.items()):
            result.append(command)
        ended[command.unit] += 1
    return result


@CONFIGS
@pytest.mark.parametrize("stripe_rows", [1, 3, 6])
def test_nothing_stands_before_what_it_waits_for(config: EngineConfig, stripe_rows: int) -> None:
    assert too_early(network(config, stripe_rows).commands) == []


def test_a_command_that_stands_too_early_is_found() -> None:
    commands = list(network(TINY, 6).commands)
    index = next(index for index, command in enumerate(commands) if command.unit == "pointwise")
    fetch = max(place for place in range(index) if commands[place].unit == "weights")
    commands.insert(index, commands.pop(fetch))
    assert too_early(commands) == [commands[index - 1]]


@CONFIGS
def test_each_unit_keeps_its_order(config: EngineConfig) -> None:
    commands = list(network(config, 3).commands)
    moved = prefetched(commands, config)
    for unit in UNITS:
        assert [command for command in moved if command.unit == unit] == [
            command for command in commands if command.unit == unit]


def test_weights_come_while_earlier_layers_compute() -> None:
    """Layers small enough that all weights are on chip at once: the last ones' are there before the first are done."""
    program = network(PRESETS["pe256"], 4, (24, 24, 16))
    order = [(command.unit, program.layers[command.layer]) for command in program.commands]
    last_fetch = max(index for index, (unit, _) in enumerate(order) if unit == "weights")
    assert order[last_fetch][1] == "dw_3"
    assert last_fetch < max(index for index, (_, layer) in enumerate(order) if layer == "dw_2")
