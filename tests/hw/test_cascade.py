"""Programs of cascades: every row once, no bank with two masters, no order in which they get stuck."""

import random

import numpy as np
import pytest

from golden.layer import LayerSpec, Padding
from golden.synthetic import synthesise_layer
from hw.commands import BLOCK_BYTES, UNITS, Command
from hw.compiler.cascade import Schedule, compile_cascade, schedules, stripes
from hw.compiler.errors import CompileError
from hw.config import EngineConfig
from hw.program import Program
from tests.support.cases import CASES, Case, connected, pointwise, random_case
from tests.support.configs import SKEW, TINY, WIDE
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


@CONFIGS
def test_waits_point_backwards(config: EngineConfig) -> None:
    for program in programs(config):
        counts = dict.fromkeys(UNITS, 0)
        for command in program.commands:
            for unit, count in command.waits.items():
                assert 0 < count <= counts[unit]
            counts[command.unit] += 1


def groups(command: Command, config: EngineConfig) -> dict[str, set[int]]:
    """Bank groups a command may read and write."""
    fields, pixels = command.fields, config.pe_pixels

    def touched(first_row: int, stride: int, blocks: int, rows: int) -> set[int]:
        return {
            (first_row + block * stride + row) // config.group_rows
            for block in range(blocks)
            for row in range(rows)
        }

    if command.unit in ("load", "store"):
        rows = -(-(fields["chunk"] + fields["beats"]) // config.chunks_per_row)
        kind = "writes" if command.unit == "load" else "reads"
        return {kind: touched(fields["row"], fields["row_stride"], fields["blocks"], rows)}
    if command.unit == "depthwise":
        ring = -(-fields["ring_pixels"] // pixels)
        out = -(-(fields["out_pixel"] % pixels + fields["out_rows"] * fields["out_width"]) // pixels)
        return {
            "reads": touched(fields["in_pixel"] // pixels, fields["in_row_stride"], fields["blocks"], ring),
            "writes": touched(fields["out_pixel"] // pixels, fields["out_row_stride"], fields["blocks"], out),
        }
    if command.unit == "pointwise":
        vectors = (fields["tiles"] - 1) * fields["tile_vectors"] + fields["last_vectors"]
        octets = fields["out_octet"] + fields["octets"]
        return {
            "reads": touched(fields["in_pixel"] // pixels, fields["in_row_stride"], fields["in_blocks"], vectors),
            "writes": touched(
                fields["out_row"], fields["out_row_stride"], -(-octets // config.octets_per_word), vectors
            ),
        }
    return {}


@CONFIGS
def test_one_reader_and_one_writer_per_bank_group(config: EngineConfig) -> None:
    for program in programs(config):
        owners: dict[tuple[str, int], str] = {}
        for command in program.commands:
            for kind, touched in groups(command, config).items():
                for group in touched:
                    assert owners.setdefault((kind, group), command.unit) == command.unit
                    assert group < config.activation_groups


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
def test_fields_fit_and_waits_cover_the_data(config: EngineConfig) -> None:
    """Whatever the order, a store finds all of its rows written: it waits for their writer."""
    for program in programs(config):
        assert all(len(command.encode()) == BLOCK_BYTES for command in program.commands)
        writer = "depthwise" if program.layers[-1] == "dw" else "pointwise"
        for command in program.commands:
            if command.unit == "store":
                assert command.waits[writer] > 0


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


def test_unsupported_layers() -> None:
    conv = LayerSpec(
        name="conv1",
        op="conv",
        input_shape=(9, 9, 3),
        output_shape=(9, 9, 8),
        kernel=(9, 9),
        padding=Padding(top=4, bottom=4, left=4, right=4),
    )
    valid = LayerSpec(name="conv2", op="conv", input_shape=(9, 9, 3), output_shape=(7, 7, 8), kernel=(3, 3))
    five = LayerSpec(name="dw5", op="depthwise", input_shape=(5, 5, 8), output_shape=(1, 1, 8), kernel=(5, 5))
    for spec, message in (
        (conv, "conv1: convolution 9×9 of stride "),
        (valid, "conv2: a convolution whose output is narrower than its input"),
        (five, "dw5: depthwise 5×5 of stride "),
    ):
        with pytest.raises(CompileError) as error:
            compile_cascade([synthesise_layer(spec, 0)], TINY, Schedule(stripe_rows=1))
        assert str(error.value).startswith(message)


def test_image_holds_the_packed_weights() -> None:
    program = CASES["pair_s1"].program(TINY, 0)
    used = np.zeros(len(program.image), bool)
    for command in program.commands:
        if command.unit == "weights":
            start = command.fields["dram_address"]
            used[start : start + command.fields["beats"] * TINY.bus_bytes] = True
    assert used.mean() > 0.9
