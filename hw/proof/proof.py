"""The proof: a program does under any delays what its commands would do one after the other."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.program import DramTensor, Program
from hw.proof.cells import Cells
from hw.proof.depthwise import depthwise
from hw.proof.endings import hindrance
from hw.proof.errors import ProofError
from hw.proof.footprint import DRAM_CELL, Footprint
from hw.proof.order import Clock, clocks, name_of
from hw.proof.pointwise import pointwise
from hw.proof.transfers import load, store, weights

FOOTPRINTS = {"load": load, "weights": weights, "depthwise": depthwise, "pointwise": pointwise, "store": store}
"""By unit."""

PLACES = {unit: place for place, unit in enumerate(UNITS)}
"""Of a unit in a `Clock`."""


def prove(program: Program) -> None:
    """Raises `ProofError` unless all of this holds under any delays of memory and units, for any depth of the queues:

    - no deadlock, and no command that does not end;
    - no bank conflict: no two units read one bank group of the activation memory, or write one, at the same time;
    - no race: whatever a command reads, a command that has ended by then has written, and whatever it overwrites,
      only its own unit may still have to read. So each value is that of program order;
    - nothing is read that has never been written, and nothing touched that is not there;
    - DRAM's weights, input and program are never written, and in the end the whole output is.
    """
    memories = _memories(program)
    banks = _Banks(program)
    for command, (number, clock) in zip(program.commands, clocks(program), strict=True):
        by = _Command(program, command.unit, number, clock)
        if reason := hindrance(command.unit, command.fields, program.config):
            raise ProofError(f"{by} {reason}")
        touched = FOOTPRINTS[command.unit](command.fields, program.config)
        for name, boxes in touched.reads.items():
            memories[name].read(by, boxes)
        for name, boxes in touched.writes.items():
            memories[name].write(by, boxes)
        banks.use(by, touched)
    memories["dram"].check_known(_pixels(program.output), "the end of the program: the output")


class _Command:
    """The command the proof is at, and what is known to have ended when it starts."""

    def __init__(self, program: Program, unit: str, number: int, clock: Clock) -> None:
        self.program, self.unit, self.number, self.clock = program, unit, number, clock

    def __str__(self) -> str:
        return name_of(self.program, self.unit, self.number)

    def may_meet(self, unit: str, number: int) -> bool:
        """Whether the `number`-th command of another unit may not have ended yet."""
        return number >= self.clock[PLACES[unit]]


class _Memory:
    """Who has read and written each cell last.

    Parameters
    ----------
    place: what a cell is called
    readers, writers: units
    known: by cell, it is written before the start, and never by the program
    """

    def __init__(self, place: Callable[[int], str], readers: Sequence[str], writers: Sequence[str],
                 known: NDArray[np.bool_]) -> None:
        self.place, self.size = place, len(known)
        self.readers, self.writers = tuple(readers), tuple(writers)
        # A row for each unit, the number of its command; one reduction of all rows is what a box costs.
        self._rows = np.full((len(writers) + len(readers) + 2, self.size), -1, np.int32)
        self._unknown, self._constant = self._rows[0], self._rows[-1]
        self._unknown[:], self._constant[:] = ~known, known
        self._of_writer = dict(zip(self.writers, self._rows[1:], strict=False))
        self._of_reader = dict(zip(self.readers, self._rows[1 + len(writers):], strict=False))

    def read(self, by: _Command, boxes: Sequence[Cells]) -> None:
        rows = self._rows[:1 + len(self.writers)]
        for box in boxes:
            self._check_inside(by, box, "reads")
            unknown, *written = box.largest(rows)
            if unknown > 0:
                raise self._not_known(box, by)
            for unit, number in zip(self.writers, written, strict=True):
                if by.may_meet(unit, number):
                    raise self._race(by, box, "reads {}, which {} may still have to write", unit, number,
                                     self._of_writer)
            box.of(self._of_reader[by.unit])[...] = by.number

    def write(self, by: _Command, boxes: Sequence[Cells]) -> None:
        """After `read`, of the same command."""
        rows, writers = self._rows[1:], len(self.writers)
        for box in boxes:
            self._check_inside(by, box, "writes")
            *last, constant = box.largest(rows)
            if constant > 0:
                raise ProofError(f"{by} writes {self.place(box.find(self._constant > 0))}, which must stay as it is")
            for unit, number in zip(self.writers, last, strict=False):
                if unit != by.unit and by.may_meet(unit, number):
                    raise self._race(by, box, "writes {}, which {} may still have to write", unit, number,
                                     self._of_writer)
            for unit, number in zip(self.readers, last[writers:], strict=True):
                # A unit works in order: what a command has to read is read before the next one writes.
                if (unit != by.unit or number == by.number) and by.may_meet(unit, number):
                    raise self._race(by, box, "writes {}, which {} may still have to read", unit, number,
                                     self._of_reader)
            box.of(self._of_writer[by.unit])[...] = by.number
            box.of(self._unknown)[...] = 0

    def check_known(self, box: Cells, who: object) -> None:
        """Raises `ProofError`, which says that `who` reads it, for a cell that has never been written."""
        if (box.of(self._unknown) > 0).any():
            raise self._not_known(box, who)

    def _not_known(self, box: Cells, who: object) -> ProofError:
        return ProofError(f"{who} reads {self.place(box.find(self._unknown > 0))}, which nobody has written")

    def _check_inside(self, by: _Command, box: Cells, does: str) -> None:
        if min(box.shape) < 1:
            raise ProofError(f"{by} {does} nothing")
        if box.start < 0 or box.last >= self.size:
            raise ProofError(f"{by} {does} {self.place(box.last)}; the last is {self.place(self.size - 1)}")

    def _race(self, by: _Command, box: Cells, text: str, unit: str, number: int,
              last: Mapping[str, NDArray[np.int32]]) -> ProofError:
        place = self.place(box.find(last[unit] == number))
        return ProofError(f"{by} {text.format(place, name_of(by.program, unit, number))}")


class _Banks:
    """Which unit has read, and written, which bank group last."""

    def __init__(self, program: Program) -> None:
        config = program.config
        self._cells = config.group_rows * config.pe_pixels
        self._last = {way: {unit: [-1] * config.activation_groups for unit in UNITS} for way in ("read", "write")}

    def use(self, by: _Command, touched: Footprint) -> None:
        for way, boxes in (("read", touched.reads.get("activations", []) + touched.opened),
                           ("write", touched.writes.get("activations", []))):
            for group in {group for box in boxes for group in self._groups(box)}:
                for unit, last in self._last[way].items():
                    if unit != by.unit and by.may_meet(unit, last[group]):
                        other = name_of(by.program, unit, last[group])
                        raise ProofError(f"{by} and {other} may {way} bank group {group} at the same time")
                self._last[way][by.unit][group] = by.number

    def _groups(self, box: Cells) -> range:
        return range(box.start // self._cells, box.last // self._cells + 1)


def _memories(program: Program) -> dict[str, _Memory]:
    config = program.config
    given, pixels = program.input, config.pe_pixels
    constant = np.zeros(program.memory_bytes // DRAM_CELL, np.bool_)
    for first, size in ((0, len(program.image)), (given.address, given.size), (program.address, program.encoded_bytes)):
        constant[first // DRAM_CELL:(first + size) // DRAM_CELL] = True
    activations = np.zeros(config.activation_rows * pixels, np.bool_)
    return {
        "dram": _Memory(lambda cell: f"DRAM address {cell * DRAM_CELL:#x}", ("load", "weights"), ("store",), constant),
        "activations": _Memory(
            lambda cell: f"row {cell // pixels}, pixel {cell % pixels} of the activation memory",
            ("depthwise", "pointwise", "store"), ("load", "depthwise", "pointwise"), activations),
        **{unit: _Memory(lambda cell, unit=unit: f"word {cell} of the {unit} weights", (unit,), ("weights",),
                         np.zeros(words, np.bool_))
           for unit, words in (("pointwise", config.weight_bytes // config.weight_word_bytes),
                               ("depthwise", config.dw_weight_bytes // config.dw_word_bytes))},
    }


def _pixels(tensor: DramTensor) -> Cells:
    height, width, _ = tensor.shape
    return Cells(tensor.address // DRAM_CELL, (tensor.blocks, height * width * tensor.block_channels // DRAM_CELL),
                 (tensor.stride // DRAM_CELL, 1))
