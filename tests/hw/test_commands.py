"""The command set: what is encoded is decoded, what does not fit is refused, the gateware sees the same table."""

import random
import zlib

import pytest
from amaranth.hdl import Shape

from hw.commands import (
    BLOCK_BYTES,
    BODY,
    CHECKSUM_BYTES,
    COUNT_BITS,
    FORMAT_VERSION,
    HEADER,
    HEADER_BITS,
    MAGIC,
    PROGRAM_HEADER,
    UNITS,
    Command,
    CommandError,
    Field,
    decode_command,
    decode_program,
    encode_program,
)
from hw.gateware.layouts import BODY_LAYOUT, HEADER_LAYOUT


def limits(field: Field) -> tuple[int, int]:
    return (-(1 << field.bits - 1), (1 << field.bits - 1) - 1) if field.signed else (0, (1 << field.bits) - 1)


def command(unit: str, value) -> Command:
    """A command of `unit`, each field set to ``value(field)``."""
    return Command(
        unit=unit,
        layer=1023,
        fields={field.name: value(field) for field in BODY[unit]},
        waits=dict.fromkeys(UNITS, (1 << COUNT_BITS) - 1),
        space=frozenset(UNITS[1:3]),
    )


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("end", [0, 1])
def test_extremes_survive(unit: str, end: int) -> None:
    wanted = command(unit, lambda field: limits(field)[end])
    assert decode_command(wanted.encode(0xBEEF)) == (wanted, 0xBEEF)


@pytest.mark.parametrize("unit", UNITS)
def test_random_values_survive(unit: str) -> None:
    rng = random.Random(unit)
    for _ in range(50):
        wanted = command(unit, lambda field: rng.randint(*limits(field)))
        assert decode_command(wanted.encode(0xBEEF)) == (wanted, 0xBEEF)


@pytest.mark.parametrize("unit", UNITS)
def test_fields_do_not_overlap(unit: str) -> None:
    """One field at a time, all its bits set: the encodings have no bit in common and leave none out."""


    def coded(value) -> int:
        return int.from_bytes(command(unit, value).encode()[:-CHECKSUM_BYTES], "little")

    zero = coded(lambda field: 0)
    seen = 0
    for chosen in BODY[unit]:
        values = {field.name: 0 for field in BODY[unit]} | {
            chosen.name: -1 if chosen.signed else limits(chosen)[1]
        }
        bits = coded(lambda field, values=values: values[field.name]) ^ zero
        assert bits.bit_count() == chosen.bits
        assert not bits & seen
        seen |= bits
    assert seen == (1 << sum(field.bits for field in BODY[unit])) - 1 << HEADER_BITS


@pytest.mark.parametrize("unit", UNITS)
def test_one_beyond_is_refused(unit: str) -> None:
    for chosen in BODY[unit]:
        low, high = limits(chosen)
        for wrong in (low - 1, high + 1):
            values = {field.name: 0 for field in BODY[unit]} | {chosen.name: wrong}
            with pytest.raises(CommandError) as error:
                Command(unit=unit, layer=3, fields=values).encode()
            assert (
                str(error.value)
                == f"{unit} command of layer 3: {chosen.name}={wrong}: must be {low} to {high}"
            )


def test_layer_and_fields_are_checked() -> None:
    fields = {field.name: 0 for field in BODY["weights"]}
    with pytest.raises(CommandError, match="layer=1024: must be 0 to 1023"):
        Command(unit="weights", layer=1024, fields=fields).encode()
    with pytest.raises(CommandError, match=r"weights: fields .* are not the unit's own"):
        Command(unit="weights", layer=0, fields=fields | {"row": 0}).encode()
    with pytest.raises(CommandError, match=r"weights: fields .* are not the unit's own"):
        Command(unit="weights", layer=0, fields={"word": 0}).encode()


@pytest.mark.parametrize("code", [5, 6, 7])
def test_unknown_unit(code: int) -> None:
    block = bytes([code]) + bytes(BLOCK_BYTES - CHECKSUM_BYTES - 1)
    with pytest.raises(CommandError, match=f"unit code {code}: must be 0 to 4"):
        decode_command(block + zlib.crc32(block).to_bytes(CHECKSUM_BYTES, "little"))


def test_counts_wrap() -> None:
    fields = {field.name: 0 for field in BODY["weights"]}
    wrapped = Command(unit="weights", layer=0, fields=fields, waits={"load": (1 << COUNT_BITS) + 5})
    assert decode_command(wrapped.encode())[0].waits == {"load": 5}


@pytest.mark.parametrize("unit", UNITS)
def test_bodies_fit(unit: str) -> None:
    assert sum(field.bits for field in HEADER) <= HEADER_BITS
    assert HEADER_BITS + sum(field.bits for field in BODY[unit]) <= 8 * (BLOCK_BYTES - CHECKSUM_BYTES)
    assert len(command(unit, lambda field: 0).encode()) == BLOCK_BYTES


@pytest.mark.parametrize(
    ("layout", "table"), [(HEADER_LAYOUT, HEADER), *((BODY_LAYOUT[u], BODY[u]) for u in UNITS)]
)
def test_gateware_sees_the_same_table(layout, table: tuple[Field, ...]) -> None:
    position = 0
    for field in table:
        assert layout[field.name].offset == position
        assert Shape.cast(layout[field.name].shape) == Shape(field.bits, field.signed)
        position += field.bits
    assert layout.size == position


def test_program_header() -> None:
    data = encode_program(0xDEADBEEF, [command("load", lambda field: 1)])
    assert len(data) == 2 * BLOCK_BYTES
    words = [int.from_bytes(data[place : place + 4], "little") for place in range(0, 16, 4)]
    tag = decode_command(data[BLOCK_BYTES:])[1]
    assert words == [MAGIC, FORMAT_VERSION, 0xDEADBEEF, 1 | tag << 16]
    assert data[:4] == b"SEPC"
    assert data[16 : BLOCK_BYTES - CHECKSUM_BYTES] == bytes(BLOCK_BYTES - CHECKSUM_BYTES - 16)
    assert sum(field.bits for field in PROGRAM_HEADER) == 128
    with pytest.raises(CommandError, match="config"):
        encode_program(1 << 32, [])


def test_program_survives() -> None:
    commands = [command(unit, lambda field: 1) for unit in UNITS]
    header, decoded = decode_program(encode_program(7, commands))
    assert decoded == commands
    assert (header["config"], header["commands"]) == (7, len(UNITS))


def test_too_many_commands_of_a_unit() -> None:
    """A count of 2^15 would be half of the range beyond a wait of 0, and no longer have reached it."""
    with pytest.raises(CommandError, match="32768 commands of weights: a program has at most 32767 for each unit"):
        encode_program(7, [command("load", lambda field: 0), *[command("weights", lambda field: 0)] * 32768])


def test_broken_programs_are_refused() -> None:
    good = encode_program(7, [command(unit, lambda field: 1) for unit in UNITS])
    other = encode_program(7, [command(unit, lambda field: 0) for unit in UNITS])
    with pytest.raises(CommandError, match="95 bytes: a program has at least 96"):
        decode_program(good[:95])
    with pytest.raises(CommandError, match=r"block 5 at byte 480: 20 bytes: a block is 96"):
        decode_program(good[:500])
    with pytest.raises(CommandError, match=r"block 2 at byte 192: checksum"):
        decode_program(good[:200] + b"!" + good[201:])
    with pytest.raises(CommandError, match=r"block 3 at byte 288: tag"):
        decode_program(good[:288] + other[288:])
    block = b"SEPD" + good[4 : BLOCK_BYTES - CHECKSUM_BYTES]
    with pytest.raises(CommandError, match=r"block 0 at byte 0: magic 0x44504553: must be 0x43504553"):
        decode_program(block + zlib.crc32(block).to_bytes(CHECKSUM_BYTES, "little"))
