"""Programs of cascades: every row once, no order in which they get stuck. That they are safe is `test_proof`'s."""

import random

import numpy as np
import pytest

from golden.layer import Padding
from golden.synthetic import synthesise_layer
from hw.commands import BLOCK_BYTES, UNITS, Command
from hw.compiler.cascade import Schedule, compile_cascade, schedules
from hw.compiler.errors import CompileError
from hw.compiler.stripes import residual_rows, ring_rows, stripes
from hw.config import EngineConfig
from hw.program import Program
from hw.proof.proof import prove
from tests.support.cases import (
    CASES,
    Case,
    connected,
    convolution,
    depthwise,
    odd_depthwise,
    pointwise,
    pool,
    random_case,
)
from tests.support.configs import BROAD, SKEW, TINY, WIDE
from tests.support.transfers import transfer_pixels

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
NAMES = [name for name in CASES if name != "two_pairs"]


def cases() -> list[Case]:
    return [CASES[name] for name in NAMES] + [random_case(seed) for seed in range(25)]


def programs(config: EngineConfig) -> list[Program]:
    """Of all cases that fit."""
    done = []
    for case in cases():
        try:
            done.append(case.program(config, 0))
        except CompileError:
            continue
    assert len(done) > len(NAMES)
    return done


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("name", CASES)
def test_stripes_make_each_row_once(name: str, rows: int) -> None:
    specs = CASES[name].specs
    plan = stripes(specs, rows)
    shapes = [specs[0].input_shape, *(spec.output_shape for spec in specs)]
    for tensor, shape in enumerate(shapes):
        made = [y for stripe in plan for y in range(*stripe[tensor])]
        assert made == list(range(len(made)))
        assert len(made) == shape[0] if tensor else len(made) <= shape[0]
    for stripe in plan:
        first, last = stripe[-1]
        assert 0 < last - first <= rows


@CONFIGS
def test_output_is_stored_once_and_whole(config: EngineConfig) -> None:
    for program in programs(config):
        stored = sorted(
            address
            for command in program.commands
            if command.unit == "store"
            for address, _, _ in transfer_pixels(command.fields, config)
        )
        output = program.output
        height, width, _ = output.shape
        assert stored == [
            output.address + block * output.stride + pixel * config.pe_rows
            for block in range(output.blocks)
            for pixel in range(height * width)
        ]


def play(program: Program, depth: int, rng: random.Random) -> list[int]:
    """Order in which commands end when the next one to move is drawn at random; shorter if they get stuck."""
    delivered, order = 0, []
    queues: dict[str, list[int]] = {unit: [] for unit in UNITS}
    ended = dict.fromkeys(UNITS, 0)
    while True:
        moves = [
            unit
            for unit in UNITS
            if queues[unit]
            and all(ended[other] >= count for other, count in program.commands[queues[unit][0]].waits.items())
        ]
        if delivered < len(program.commands) and len(queues[program.commands[delivered].unit]) < depth:
            moves.append("fetch")
        if not moves:
            return order
        move = rng.choice(moves)
        if move == "fetch":
            queues[program.commands[delivered].unit].append(delivered)
            delivered += 1
        else:
            order.append(queues[move].pop(0))
            ended[move] += 1


@CONFIGS
def test_no_order_gets_stuck(config: EngineConfig) -> None:
    """With queues of a single command, whoever moves first."""
    for number, program in enumerate(programs(config)):
        for seed in range(3):
            order = play(program, 1, random.Random(1000 * number + seed))
            assert sorted(order) == list(range(len(program.commands)))


def test_a_forward_wait_gets_stuck() -> None:
    """The check above can fail."""
    program = CASES["pair_s1"].program(TINY, 0)
    first = program.commands[0]
    broken = Command(unit=first.unit, layer=0, fields=first.fields, waits={"store": 1})
    stuck = Program(
        config=program.config,
        layers=program.layers,
        commands=(broken, *program.commands[1:]),
        image=program.image,
        address=program.address,
        input=program.input,
        output=program.output,
    )
    assert len(play(stuck, 1, random.Random(0))) < len(program.commands)


@CONFIGS
def test_fields_fit(config: EngineConfig) -> None:
    for program in programs(config):
        assert all(len(command.encode()) == BLOCK_BYTES for command in program.commands)


def test_schedules_are_the_distinct_numbers_of_stripes() -> None:
    spec = pointwise("pw", (14, 3, 8), 8)
    rows = [schedule.stripe_rows for schedule in schedules([spec])]
    assert rows == [14, 7, 5, 4, 3, 2, 1]
    counts = [-(-14 // count) for count in rows]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (Case(specs=(pointwise("pw", (60, 60, 64), 8),), stripe_rows=60), "activation memory of tiny: "),
        (
            Case(specs=(connected("fc", 600, 8),), stripe_rows=1),
            "weight_bytes=4096 of tiny: one block of weights of fc needs ",
        ),
    ],
)
def test_what_does_not_fit(case: Case, message: str) -> None:
    with pytest.raises(CompileError) as error:
        case.program(TINY, 0)
    assert str(error.value).startswith(message)


def test_a_tight_cascade_holds_what_a_stripe_reads() -> None:
    specs = [pointwise("up", (9, 4, 8), 24), depthwise("dw", (9, 4, 24), 2), pointwise("down", (5, 2, 24), 8)]
    plan = stripes(specs, 1)
    assert ring_rows(specs, plan, tight=True) == [2, 3, 1, 1]
    assert ring_rows(specs, plan) > [2, 3, 1, 1]
    assert residual_rows(2, plan, tight=True) == 1
    assert residual_rows(2, plan) == 2


def test_the_stages_of_a_tight_cascade_take_turns() -> None:
    """The last layer makes its first stripe before the depthwise one has made two."""
    case = CASES["inverted"]
    for tight in (True, False):
        program = compile_cascade(case.layers(0), TINY, Schedule(stripe_rows=1, tight=tight))
        order = [command.layer for command in program.commands if command.unit in ("pointwise", "depthwise")]
        assert order[:order.index(2)].count(1) == (1 if tight else 2)


@pytest.mark.parametrize("op", ["mean", "depthwise"])
def test_a_tight_layer_of_one_stripe_is_loaded_channel_by_channel(op: str) -> None:
    """Each block once, into a ring of a few of them; else all at once, and none left out."""
    size = (5, 6, 8 * 37)
    spec = pool(op, "mean", size) if op == "mean" else depthwise("dw", size)
    for tight in (True, False):
        program = compile_cascade([spec], TINY, Schedule(stripe_rows=size[0], tight=tight))
        loads = [command.fields for command in program.commands if command.unit == "load"]
        starts = [(load["dram_address"] - program.input.address) // program.input.stride for load in loads]
        blocks = [start + block for start, load in zip(starts, loads, strict=True) for block in range(load["blocks"])]
        assert blocks == list(range(37))
        assert len(loads) == (13 if tight else 1)  # 3 blocks at a time
        prove(program)
        assert program.placements[0].tensors[0].size == (9 if tight else 37) * 5 * 6 * 8


def test_unsupported_layers() -> None:
    far = Padding(top=9, left=1)
    for spec, message in (
        (convolution("c", (17, 17, 3), 8, 1, kernel=(17, 3)), "c: convolution 17×3 of stride (1, 1): "),
        (convolution("c", (17, 17, 3), 8, 3), "c: convolution 3×3 of stride (3, 3): "),
        (convolution("c", (9, 9, 3), 8, 1, far), "c: convolution with padding of 9 rows above and 1 columns on the"),
        (odd_depthwise("dw", (17, 17, 8), (17, 1), 1), "dw: depthwise 17×1 of stride (1, 1): "),
        (connected("fc", 8, 8, (1, 16)), "fc: fully connected layer over 1×16 of stride (1, 1): "),
    ):
        with pytest.raises(CompileError) as error:
            compile_cascade([synthesise_layer(spec, 0)], TINY, Schedule(stripe_rows=1))
        assert str(error.value).startswith(message)


def test_the_picture_may_have_any_convolution() -> None:
    """Of which the host writes the im2col."""
    spec = convolution("conv1", (19, 21, 3), 8, 3, kernel=(4, 5))
    with pytest.raises(CompileError, match=r"conv1: convolution 4×5 of stride \(3, 3\): "):
        compile_cascade([spec], TINY, Schedule(stripe_rows=1))
    program = compile_cascade([spec], TINY, Schedule(stripe_rows=1, patches="windows"))
    assert program.input.shape == (7, 7, 60)
    with pytest.raises(CompileError, match="pw: pointwise is no convolution, its input has no im2col"):
        compile_cascade([pointwise("pw", (2, 2, 8), 8)], TINY, Schedule(stripe_rows=1, patches="windows"))


def test_where_a_convolution_may_be() -> None:
    valid, halved = convolution("c", (9, 9, 8), 8, 1, Padding()), convolution("c", (8, 8, 8), 8, 2)
    wide = r"c: a convolution of stride 2 takes every other pixel, a bus of 256 bits brings 4 pixels .* bus_bits=128$"
    beats = r"c: rows of 9 pixels on chip and of 8 of its output in DRAM do not both fill the beats of a bus of 128"
    rows = Schedule(stripe_rows=1)
    for layers, schedule, config, message in (
        ([valid, depthwise("dw", (7, 7, 8))], rows, TINY, "c: a convolution whose output is .* ends its cascade"),
        ([valid], Schedule(stripe_rows=1, keep=True), TINY, "c: a convolution whose output is narrower"),
        ([pointwise("pw", (8, 8, 8), 8), halved], rows, TINY, "c: a convolution can only be the first layer"),
        ([halved], rows, BROAD, wide),
        ([convolution("c", (9, 9, 8), 8, 1, Padding(top=1, bottom=1, left=1), (3, 3))], rows, WIDE, beats),
    ):
        with pytest.raises(CompileError, match=message):
            compile_cascade(layers, config, schedule)


def test_image_holds_the_packed_weights() -> None:
    program = CASES["pair_s1"].program(TINY, 0)
    used = np.zeros(len(program.image), bool)
    for command in program.commands:
        if command.unit == "weights":
            start = command.fields["dram_address"]
            used[start : start + command.fields["beats"] * TINY.bus_bytes] = True
    assert used.mean() > 0.9
