"""What the compiler makes is proven safe, and the proof refuses what is not."""

import contextlib
import dataclasses
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.layer import LayerSpec, Padding
from golden.synthetic import synthesise
from hw.commands import BODY, UNITS, Command
from hw.compiler.cascade import Schedule, compile_cascade
from hw.compiler.errors import CompileError
from hw.config import EngineConfig
from hw.program import Program
from hw.proof.errors import ProofError
from hw.proof.order import clocks
from hw.proof.proof import prove
from tests.support.cases import CASES, random_case
from tests.support.configs import ACTIVE, TINY
from tests.support.faulty import edited, field, program, with_fields, with_waits

CONFIGS = pytest.mark.parametrize("config", ACTIVE.values(), ids=ACTIVE)


@CONFIGS
def test_all_cases(config: EngineConfig) -> None:
    proven = 0
    for case in [*CASES.values(), *map(random_case, range(40))]:
        try:
            made = case.program(config, 0)
        except CompileError:
            continue
        prove(made)
        schedule = Schedule(stripe_rows=case.stripe_rows, tight=True)
        prove(compile_cascade(case.layers(0), config, schedule, case.rounding))
        proven += 1
    assert proven > 20


@CONFIGS
def test_rows_that_no_window_reaches(config: EngineConfig) -> None:
    """They are made all the same, so what they are made of must be loaded."""
    first = synthesise(LayerSpec(name="pw", op="pointwise", input_shape=(4, 1, 1), output_shape=(4, 1, 1)), 0, 0)
    last = synthesise(LayerSpec(name="dw", op="depthwise", input_shape=(4, 1, 1), output_shape=(1, 1, 1), kernel=(3, 3),
                                stride=(2, 2), padding=Padding(top=0, bottom=0, left=0, right=2)), 0,
                      first.output_zero_point)
    prove(compile_cascade([first, last], config, Schedule(stripe_rows=1)))


def without(program: Program, place: int, unit: str) -> Program:
    """The program whose command at `place` does not wait for `unit`."""
    command = program.commands[place]
    waits = {name: count for name, count in command.waits.items() if name != unit}
    commands = list(program.commands)
    commands[place] = dataclasses.replace(command, waits=waits)
    return dataclasses.replace(program, commands=tuple(commands))


def verdicts(program: Program) -> list[tuple[str, Command, str]]:
    """Of each wait of each command: what becomes of the program without it, the command, and the unit waited for."""
    found = []
    for place, command in enumerate(program.commands):
        for unit, count in command.waits.items():
            less = without(program, place, unit)
            clock = [clock for _, clock in clocks(less)][place]
            try:
                prove(less)
                verdict = "implied" if clock[UNITS.index(unit)] >= count else "safe"
            except ProofError:
                verdict = "caught"
            found.append((verdict, command, unit))
    return found


@pytest.mark.parametrize("name", ["weights_streamed", "ring_wrap", "two_pairs", "conv", "conv_s2", "inverted",
                                  "depthwise_5", "pool_mean"])
@pytest.mark.parametrize("config", ["tiny", "wide"])
def test_a_wait_less_is_noticed(config: str, name: str) -> None:
    """Each wait that does not follow from the others."""
    found = verdicts(CASES[name].program(ACTIVE[config], 0))
    assert {verdict for verdict, *_ in found} <= {"caught", "implied"}
    assert sum(verdict == "caught" for verdict, *_ in found) > 2


def test_a_wait_that_is_only_careful() -> None:
    """A row is loaded to where the slot's last rows were not: the one kind of wait that could be left out."""
    found = verdicts(CASES["conv_over_padded"].program(TINY, 0))
    (careful,) = [(command.unit, unit) for verdict, command, unit in found if verdict == "safe"]
    assert careful == ("load", "pointwise")


def refusal(wrong: Program) -> str:
    with pytest.raises(ProofError) as error:
        prove(wrong)
    return str(error.value)


@pytest.mark.parametrize("wait", [1, 3, 40_000, -1])
def test_a_wait_for_what_comes_later(wait: int) -> None:
    assert refusal(edited("load", 0, with_waits(store=wait))) == (
        f"load command 0 of dw waits for {wait} commands of store, of which 0 come before it: a deadlock")


ROW = field("load", 0, "row")
OUT = field("pointwise", 0, "out_row")
STORED = field("store", 1, "dram_address")

WRONG: Mapping[str, tuple[Program, str]] = {
    "reads before it is written": (
        edited("store", 0, with_waits(pointwise=0)),
        (f"store command 0 of pw reads row {OUT}, pixel 0 of the activation memory, which pointwise command 0 of pw may"
         " still have to write")),
    "reads weights before they are written": (
        edited("depthwise", 0, with_waits(weights=0)),
        ("depthwise command 0 of dw reads word 0 of the depthwise weights, which weights command 0 of dw may still have"
         " to write")),
    "writes before it is read": (
        edited("load", 1, with_fields(row=ROW)),
        (f"load command 1 of dw writes row {ROW}, pixel 0 of the activation memory, which depthwise command 0 of dw may"
         " still have to read")),
    "writes before it is written": (
        edited("load", 1, with_fields(row=OUT)),
        (f"load command 1 of dw writes row {OUT}, pixel 0 of the activation memory, which pointwise command 0 of pw may"
         " still have to write")),
    "overwrites what it reads itself": (
        edited("pointwise", 0, with_fields(out_row=field("pointwise", 0, "in_pixel") // TINY.pe_pixels)),
        (f"pointwise command 0 of pw writes row {field('pointwise', 0, 'in_pixel') // TINY.pe_pixels}, pixel 0 of the"
         " activation memory, which pointwise command 0 of pw may still have to read")),
    "two readers of a group": (
        edited("store", 1, lambda command: dataclasses.replace(with_fields(row=ROW)(command), waits={"load": 2})),
        (f"store command 1 of pw and depthwise command 1 of dw may read bank group {ROW // TINY.group_rows} at the same"
         " time")),
    "two writers of a group": (
        edited("load", 1, with_fields(row=(OUT // TINY.group_rows + 1) * TINY.group_rows
                                      - field("load", 1, "beats") - field("load", 1, "row_stride"))),
        ("load command 1 of dw and pointwise command 0 of pw may write bank group"
         f" {OUT // TINY.group_rows} at the same time")),
    "reads what nobody writes": (
        edited("store", 1, with_fields(row=OUT + 5 * field("store", 1, "row_stride"))),
        (f"store command 1 of pw reads row {OUT + 5 * field('store', 1, 'row_stride')}, pixel 0 of the activation"
         " memory, which nobody has written")),
    "reads DRAM that nobody writes": (
        edited("load", 1, with_fields(dram_address=STORED)),
        f"load command 1 of dw reads DRAM address {STORED:#x}, which nobody has written"),
    "writes over the weights": (
        edited("store", 1, with_fields(dram_address=0)),
        "store command 1 of pw writes DRAM address 0x0, which must stay as it is"),
    "leaves out some of the output": (
        edited("store", 1, with_fields(beats=field("store", 1, "beats") - 1)),
        ("the end of the program: the output reads DRAM address"
         f" {STORED + TINY.bus_bytes * (field('store', 1, 'beats') - 1):#x}, which nobody has written")),
    "leaves the memory": (
        edited("weights", 1, with_fields(word=TINY.weight_bytes // TINY.weight_word_bytes - 1)),
        ("weights command 1 of pw writes word"
         f" {TINY.weight_bytes // TINY.weight_word_bytes - 2 + field('weights', 1, 'beats')} of the pointwise weights;"
         f" the last is word {TINY.weight_bytes // TINY.weight_word_bytes - 1} of the pointwise weights")),
    "has nothing to do": (
        edited("store", 1, with_fields(blocks=0)), "store command 1 of pw has nothing to do: blocks is 0"),
    "moves nothing": (edited("load", 1, with_fields(beats=1, tail=0)), "load command 1 of dw reads nothing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str) -> None:
    wrong, text = WRONG[name]
    assert refusal(wrong) == text


@given(data=st.data())
@settings(deadline=None, database=None, derandomize=True, max_examples=200)
def test_any_other_fields_are_proven_or_refused(data: st.DataObject) -> None:
    """Never another error, whatever a command says."""
    commands = list(program().commands)
    place = data.draw(st.integers(0, len(commands) - 1))
    command = commands[place]
    entry = data.draw(st.sampled_from(BODY[command.unit]))
    low, high = (-(1 << entry.bits - 1), (1 << entry.bits - 1) - 1) if entry.signed else (0, (1 << entry.bits) - 1)
    commands[place] = with_fields(**{entry.name: data.draw(st.integers(low, high))})(command)
    with contextlib.suppress(ProofError):
        prove(dataclasses.replace(program(), commands=tuple(commands)))
