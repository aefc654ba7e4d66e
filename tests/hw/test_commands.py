"""The command set: what is encoded is decoded, what does not fit is refused, the gateware sees the same table."""

import random

import pytest
from amaranth.hdl import Shape

from hw.commands import (
    BODY,
    COMMAND_BYTES,
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
    encode_program_header,
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
    assert decode_command(wanted.encode()) == wanted


@pytest.mark.parametrize("unit", UNITS)
def test_random_values_survive(unit: str) -> None:
    rng = random.Random(unit)
    for _ in range(50):
        wanted = command(unit, lambda field: rng.randint(*limits(field)))
        assert decode_command(wanted.encode()) == wanted


@pytest.mark.parametrize("unit", UNITS)
def test_fields_do_not_overlap(unit: str) -> None:
    """One field at a time, all its bits set: the encodings have no bit in common and leave none out."""
    zero = int.from_bytes(command(unit, lambda field: 0).encode(), "little")
    seen = 0
    for chosen in BODY[unit]:
        values = {field.name: 0 for field in BODY[unit]} | {
            chosen.name: -1 if chosen.signed else limits(chosen)[1]
        }
        bits = (
            int.from_bytes(command(unit, lambda field, values=values: values[field.name]).encode(), "little")
            ^ zero
        )
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
    with pytest.raises(CommandError, match=f"unit code {code}: must be 0 to 4"):
        decode_command(bytes([code]) + bytes(COMMAND_BYTES - 1))


def test_counts_wrap() -> None:
    fields = {field.name: 0 for field in BODY["weights"]}
    wrapped = Command(unit="weights", layer=0, fields=fields, waits={"load": (1 << COUNT_BITS) + 5})
    assert decode_command(wrapped.encode()).waits == {"load": 5}


@pytest.mark.parametrize("unit", UNITS)
def test_bodies_fit(unit: str) -> None:
    assert sum(field.bits for field in HEADER) <= HEADER_BITS
    assert HEADER_BITS + sum(field.bits for field in BODY[unit]) <= 8 * COMMAND_BYTES
    assert len(command(unit, lambda field: 0).encode()) == COMMAND_BYTES


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
    header = encode_program_header(0xDEADBEEF, 7)
    assert len(header) == COMMAND_BYTES
    words = [int.from_bytes(header[place : place + 4], "little") for place in range(0, COMMAND_BYTES, 4)]
    assert words == [MAGIC, FORMAT_VERSION, 0xDEADBEEF, 7, *[0] * 12]
    assert header[:4] == b"SEPC"
    assert sum(field.bits for field in PROGRAM_HEADER) == 128
    with pytest.raises(CommandError):
        encode_program_header(1 << 32, 1)
