"""Faults put into a program on purpose: each must be noticed by the checks of the bench."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from hw.commands import Command
from hw.program import Program

Edit = Callable[[Command], Command]


def _edited(program: Program, unit: str, edit: Edit) -> Program:
    """`program` with `edit` applied to the commands of `unit`."""
    commands = tuple(edit(command) if command.unit == unit else command for command in program.commands)
    return dataclasses.replace(program, commands=commands)


def _field(unit: str, name: str, change: Callable[[int], int]) -> Callable[[Program], Program]:
    def edit(command: Command) -> Command:
        return dataclasses.replace(command, fields={**command.fields, name: change(command.fields[name])})

    return lambda program: _edited(program, unit, edit)


def _swapped_weights(unit: str) -> Callable[[Program], Program]:
    """The first two rows of a pointwise tile, or the first two taps of a depthwise channel, exchanged."""

    def broken(program: Program) -> Program:
        config = program.config
        image = np.frombuffer(program.image, np.uint8).copy()
        size = 1 if unit == "depthwise" else config.pe_cols
        for command in program.commands:
            if command.unit == "weights" and bool(command.fields["depthwise"]) == (unit == "depthwise"):
                start = command.fields["dram_address"]
                rows = image[start : start + 2 * size].reshape(2, size)
                if (rows[0] == rows[1]).all():
                    raise ValueError("the exchanged weights are equal: choose another seed")
                image[start : start + 2 * size] = rows[::-1].reshape(-1)
        return dataclasses.replace(program, image=image.tobytes())

    return broken


def _without_waits(program: Program) -> Program:
    return _edited(program, "pointwise", lambda command: dataclasses.replace(command, waits={}))


def _endless_wait(program: Program) -> Program:
    return _edited(program, "store", lambda command: dataclasses.replace(command, waits={"load": 1000}))


def _other_engine(program: Program) -> Program:
    return dataclasses.replace(program, config=dataclasses.replace(program.config, queue_depth=8))


FAULTS: Mapping[str, Callable[[Program], Program]] = {
    "rounding of depthwise": _field("depthwise", "single_rounding", lambda bit: 1 - bit),
    "rounding of pointwise": _field("pointwise", "single_rounding", lambda bit: 1 - bit),
    "padding value": _field("depthwise", "input_zero_point", lambda value: value + 1),
    "padding side, columns": _field("depthwise", "pad_left", lambda columns: 1 - columns),
    "padding side, rows": _field("depthwise", "first_y", lambda row: row + 1),
    "order of pointwise weights": _swapped_weights("pointwise"),
    "order of depthwise weights": _swapped_weights("depthwise"),
    "zero point of weights": _field("pointwise", "weight_zero_point", lambda value: value + 1),
    "zero point of the output": _field("pointwise", "output_zero_point", lambda value: value - 1),
    "clamp": _field("pointwise", "maximum", lambda value: 0),
    "place of the output": _field("store", "dram_address", lambda address: address + 64),
    "length of the output": _field("store", "tail", lambda tail: tail - 1),
    "missing tokens": _without_waits,
    "endless wait": _endless_wait,
    "program for another engine": _other_engine,
}
"""By what is wrong."""
