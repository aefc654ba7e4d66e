"""`Sequencer`: who waits for whom, and for what."""

import pytest

from hw.commands import BODY, UNITS
from hw.compiler.tokens import Cells, Region, Sequencer, Space

FIELDS = {unit: {field.name: 0 for field in BODY[unit]} for unit in UNITS}


def rows(space: Space, first: int, last: int) -> Region:
    return Region(space, Cells(first, last))


def test_data_and_space() -> None:
    sequencer, space = Sequencer(), Space()
    sequencer.add("load", 0, FIELDS["load"], writes=[rows(space, 0, 4)])
    sequencer.add("depthwise", 0, FIELDS["depthwise"], reads=[rows(space, 0, 2)])
    sequencer.add("load", 0, FIELDS["load"], writes=[rows(space, 0, 2)])
    sequencer.add("depthwise", 0, FIELDS["depthwise"], reads=[rows(space, 1, 3)])
    waits = [dict(command.waits) for command in sequencer.commands]
    assert waits == [{}, {"load": 1}, {"depthwise": 1}, {"load": 2}]
    assert [command.space for command in sequencer.commands] == [
        frozenset(),
        frozenset(),
        {"depthwise"},
        frozenset(),
    ]


def test_untouched_cells_are_not_waited_for() -> None:
    sequencer, space = Sequencer(), Space()
    sequencer.add("load", 0, FIELDS["load"], writes=[rows(space, 0, 4)])
    sequencer.add("load", 0, FIELDS["load"], writes=[rows(space, 4, 8)])
    sequencer.add("pointwise", 0, FIELDS["pointwise"], reads=[rows(space, 0, 4)])
    sequencer.add("pointwise", 0, FIELDS["pointwise"], reads=[rows(space, 3, 5)])
    assert [dict(command.waits) for command in sequencer.commands[2:]] == [{"load": 1}, {"load": 2}]


def test_writer_waits_for_readers_and_writers_of_other_units() -> None:
    sequencer, space = Sequencer(), Space()
    cell = [rows(space, 0, 1)]
    sequencer.add("depthwise", 0, FIELDS["depthwise"], writes=cell)
    sequencer.add("store", 0, FIELDS["store"], reads=cell)
    sequencer.add("pointwise", 0, FIELDS["pointwise"], reads=cell)
    sequencer.add("load", 0, FIELDS["load"], writes=cell)
    assert dict(sequencer.commands[3].waits) == {"depthwise": 1, "store": 1, "pointwise": 1}


def test_a_unit_does_not_wait_for_its_own_space() -> None:
    sequencer, space = Sequencer(), Space()
    for _ in range(2):
        sequencer.add("load", 0, FIELDS["load"], writes=[rows(space, 0, 1)])
    assert dict(sequencer.commands[1].waits) == {}


@pytest.mark.parametrize("axis", [0, 1])
def test_two_dimensions(axis: int) -> None:
    sequencer, space = Sequencer(), Space()

    def region(index: int) -> Region:
        one, all_of_them = (index, index + 1), (0, 3)
        return Region(space, Cells(*one, *all_of_them) if axis == 0 else Cells(*all_of_them, *one))

    for index in range(3):
        sequencer.add("depthwise", 0, FIELDS["depthwise"], writes=[region(index)])
    sequencer.add("pointwise", 0, FIELDS["pointwise"], reads=[region(1)])
    assert dict(sequencer.commands[3].waits) == {"depthwise": 2}
