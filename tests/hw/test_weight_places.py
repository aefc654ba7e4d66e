"""Weights on chip: every block is there before it is used, in one place, fetched as often as promised."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from golden.layer import LayerSpec
from hw.compiler.cascade import Schedule, compile_cascade, compile_cascades
from hw.compiler.packing import pointwise_shape
from hw.config import EngineConfig
from hw.program import Program
from tests.support.cases import convolution, depthwise, pointwise
from tests.support.configs import SKEW, TINY, WIDE

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
PIECES = pytest.mark.parametrize("piece_bytes", [1, 700, 1 << 20])
CASCADES = {
    "streamed": (pointwise("pw", (6, 4, 24), 200),),
    "resident": (pointwise("pw", (6, 4, 24), 30),),
    "both": (pointwise("pw_1", (6, 4, 24), 16), depthwise("dw", (6, 4, 16)), pointwise("pw_2", (6, 4, 16), 300)),
    "taps": (convolution("c", (6, 4, 8), 20),),
}
ROWS = pytest.mark.parametrize("stripe_rows", [2, 6])


def contents(program: Program, config: EngineConfig) -> list[tuple[str, list[int]]]:
    """Of each pointwise command its layer and, block by block, the DRAM address of the weights it finds on chip."""
    words: dict[int, int] = {}
    result = []
    for command in program.commands:
        fields = command.fields
        if command.unit == "weights" and not fields["depthwise"]:
            for word in range(fields["beats"] * config.bus_bytes // config.weight_word_bytes):
                words[fields["word"] + word] = fields["dram_address"] + word * config.weight_word_bytes
        elif command.unit == "pointwise":
            size = fields["passes"] * config.tile_words + config.parameter_words
            found = []
            for block in range(fields["out_blocks"]):
                run = [words[fields["word"] + block * size + word] for word in range(size)]
                assert run == list(range(run[0], run[0] + size * config.weight_word_bytes, config.weight_word_bytes))
                found.append(run[0])
            result.append((program.layers[command.layer], found))
    return result


def check_blocks(program: Program, specs: Sequence[LayerSpec], config: EngineConfig) -> None:
    """Each layer of `specs` finds all its blocks in order, as often as it goes over them."""
    places = {place.layer: place for cascade in program.placements for place in cascade.weights}
    used: dict[str, list[int]] = {}
    for layer, found in contents(program, config):
        used.setdefault(layer, []).extend(found)
    for spec in specs:
        if spec.op != "depthwise":
            place, (blocks, size) = places[spec.name], pointwise_shape(spec, config)
            order = [place.address + block * size for block in range(blocks)]
            times, rest = divmod(len(used[spec.name]), blocks)
            assert rest == 0
            assert used[spec.name] == order * times


@CONFIGS
@PIECES
@ROWS
@pytest.mark.parametrize("name", CASCADES)
def test_each_block_is_used_from_where_it_was_brought(name: str, config: EngineConfig, piece_bytes: int,
                                                      stripe_rows: int) -> None:
    specs = CASCADES[name]
    program = compile_cascade(specs, config, Schedule(stripe_rows=stripe_rows, piece_bytes=piece_bytes))
    check_blocks(program, specs, config)


@CONFIGS
@PIECES
def test_later_cascades_use_other_words(config: EngineConfig, piece_bytes: int) -> None:
    specs = [pointwise(f"pw_{number}", (6, 4, 24), 24) for number in range(9)]
    program = compile_cascades([((spec,), Schedule(stripe_rows=2 + number % 2 * 4, piece_bytes=piece_bytes))
                                for number, spec in enumerate(specs)], config)
    check_blocks(program, specs, config)
    words = [command.fields["word"] for command in program.commands if command.unit == "weights"]
    first, second = (words[index * len(words) // 9] for index in (0, 1))
    assert second > first


@CONFIGS
def test_a_piece_that_is_used_once_leaves_room_for_the_next(config: EngineConfig) -> None:
    program = compile_cascade(CASCADES["streamed"], config, Schedule(stripe_rows=6, piece_bytes=1 << 20))
    (place,) = program.placements[0].weights
    assert place.size > config.weight_bytes
    assert 2 * place.slot_bytes <= config.weight_bytes


def test_blocks_that_are_not_there_are_found_missing() -> None:
    """Without the fetch of a piece the check above must fail: the words hold something else."""
    program = compile_cascade(CASCADES["streamed"], TINY, Schedule(stripe_rows=6, piece_bytes=1))
    last = max(index for index, command in enumerate(program.commands) if command.unit == "weights")
    broken = replace(program, commands=program.commands[:last] + program.commands[last + 1:])
    with pytest.raises(AssertionError):
        check_blocks(broken, CASCADES["streamed"], TINY)


@CONFIGS
@PIECES
@pytest.mark.parametrize("name", CASCADES)
def test_resident_weights_are_fetched_once(name: str, config: EngineConfig, piece_bytes: int) -> None:
    program = compile_cascade(CASCADES[name], config, Schedule(stripe_rows=2, piece_bytes=piece_bytes))
    for number, place in enumerate(program.placements[0].weights):
        fetched = [command.fields["beats"] * config.bus_bytes for command in program.commands
                   if command.unit == "weights" and command.layer == number]
        if place.resident:
            assert sum(fetched) == place.size
        else:
            assert sum(fetched) % place.size == 0
            assert sum(fetched) > place.size
        assert max(fetched) <= place.slot_bytes


def test_small_pieces_are_blocks() -> None:
    specs = CASCADES["resident"]
    program = compile_cascade(specs, TINY, Schedule(stripe_rows=2, piece_bytes=1))
    blocks, size = pointwise_shape(specs[0], TINY)
    fetched = [command.fields["beats"] * TINY.bus_bytes for command in program.commands if command.unit == "weights"]
    assert fetched == [size] * blocks
