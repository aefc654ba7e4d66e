"""What is disassembled can be assembled again, and shows what was encoded."""

import json
import random

import pytest

from hw.commands import BLOCK_BYTES, BODY, COUNT_BITS, UNITS, Command, CommandError, encode_program
from hw.disassembly import as_json, decode_file, from_json, rows, summary
from tests.support.cases import CASES
from tests.support.configs import SKEW, TINY


def again(data: bytes) -> bytes:
    """Disassembled to JSON text, and encoded from it."""
    header, commands = decode_file(data)
    report = json.loads(json.dumps(as_json(header, commands)))
    return encode_program(report["program"]["config"], from_json(report))


@pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
@pytest.mark.parametrize("name", ["pair_s2_keras", "weights_streamed", "two_pairs", "lone_depthwise"])
def test_programs_survive(name: str, config) -> None:
    data = CASES[name].program(config, 0).encoded
    assert again(data) == data


def test_random_commands_survive() -> None:
    rng = random.Random(0)
    commands = [Command(
        unit=unit, layer=rng.randrange(1024),
        fields={field.name: rng.getrandbits(field.bits) - (field.signed << field.bits - 1) for field in BODY[unit]},
        waits={name: rng.randrange(1 << COUNT_BITS) for name in UNITS if rng.random() < 0.5},
        space=frozenset(name for name in UNITS if rng.random() < 0.5)) for unit in UNITS for _ in range(20)]
    data = encode_program(rng.getrandbits(32), commands)
    assert again(data) == data


def test_the_table_names_what_is_there() -> None:
    program = CASES["two_pairs"].program(TINY, 0)
    _, commands = decode_file(program.encoded)
    table = rows(commands, program.layers)
    assert len(table) == 1 + len(commands)
    seen = dict.fromkeys(UNITS, 0)
    for index, (row, command) in enumerate(zip(table[1:], commands, strict=True)):
        assert row[:3] == (str(index), f"{command.unit} {seen[command.unit]}", program.layers[command.layer])
        waits = dict(wait.split(" ")[:2] for wait in row[4].split(", ")) if row[4] != "·" else {}
        assert waits == {unit: str(count) for unit, count in command.waits.items()}
        assert row[4].count("(space)") == len(command.space)
        seen[command.unit] += 1
    assert rows(commands)[1][2] == f"layer {commands[0].layer}"


@pytest.mark.parametrize(("unit", "field"), [
    ("load", "dram_address"), ("load", "split"), ("store", "beats"), ("weights", "word"), ("weights", "depthwise"),
    ("depthwise", "out_pixel"), ("depthwise", "accumulate"), ("pointwise", "passes"), ("pointwise", "residual_passes"),
])
def test_the_summary_follows_the_fields(unit: str, field: str) -> None:
    zero = Command(unit=unit, layer=0, fields={entry.name: 0 for entry in BODY[unit]})
    assert summary(zero) != summary(Command(unit=unit, layer=0, fields={**zero.fields, field: 1}))


def test_broken_files_are_refused() -> None:
    data = CASES["pair_s1"].program(TINY, 0).encoded
    flipped = bytearray(data)
    flipped[3 * BLOCK_BYTES + 50] ^= 4
    blocks = len(data) // BLOCK_BYTES
    for broken, message in (
        (bytes(flipped), f"block 3 at byte {3 * BLOCK_BYTES}: checksum "),
        (data[:-1], f"block {blocks - 1} at byte {len(data) - BLOCK_BYTES}: {BLOCK_BYTES - 1} bytes"),
        (data + b"x", f"block {blocks} at byte {len(data)}: 1 bytes beyond the program's {blocks - 1} commands"),
        (b"", "0 bytes: a program has at least"),
    ):
        with pytest.raises(CommandError) as error:
            decode_file(broken)
        assert str(error.value).startswith(message)
