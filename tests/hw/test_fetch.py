"""The fetch unit: commands to their queues, errors of the header and of a command, queues that are full."""

import dataclasses
import random
import zlib

import numpy as np
import pytest

from hw.commands import BLOCK_BYTES, BODY, CHECKSUM_BYTES, COUNT_BITS, COUNTS, UNITS, Command, encode_program
from hw.config import EngineConfig
from hw.faults import CODES
from hw.gateware.command_queue import PART_BITS
from hw.gateware.fetch import Fetch
from hw.latency import COMMAND_PARTS, FETCH_BYTES
from tests.support.bus import serve_requests
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.parts import bits_of
from tests.support.pysim import get, put, put_fields, run_benches
from tests.support.transfer_bench import dram

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)
ADDRESS = 0x100
NONE = (0, 0)
LIMIT = 3000


def random_commands(rng: random.Random, count: int) -> list[Command]:
    def value(unit: str, field) -> int:
        return field.decode(rng.randrange(field.name in COUNTS[unit], 1 << field.bits))

    return [
        Command(
            unit=unit,
            layer=rng.randrange(1024),
            fields={field.name: value(unit, field) for field in BODY[unit]},
            waits={name: rng.randrange(1, 1 << COUNT_BITS) for name in UNITS},
            space=frozenset(name for name in UNITS if rng.randrange(2)),
        )
        for unit in rng.choices(UNITS, k=count)
    ]


def program(config: EngineConfig, commands: list[Command]) -> bytes:
    return encode_program(config.hash, commands)


def resealed(image: bytearray, block: int) -> bytes:
    """`image` with the right checksum on a block that was changed."""
    start, end = block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES - CHECKSUM_BYTES
    image[end : end + CHECKSUM_BYTES] = zlib.crc32(image[start:end]).to_bytes(CHECKSUM_BYTES, "little")
    return bytes(image)


def entry(unit: str, parts: list[int]) -> tuple:
    """(waits, fields, space, mark) of a command that came in `parts`."""
    bits = bits_of(parts, COMMAND_PARTS * PART_BITS)

    def take(count: int) -> int:
        taken = sum(bit << place for place, bit in enumerate(bits[:count]))
        del bits[:count]
        return taken

    waits, space, mark = tuple(take(COUNT_BITS) for _ in UNITS), take(len(UNITS)), take(1)
    return waits, {field.name: field.decode(take(field.bits)) for field in BODY[unit]}, space, mark


def run(config: EngineConfig, image: bytes, *, full=lambda cycle: 0, cycles: int = LIMIT, seed: int = 0,
        layer: int | None = None):
    """(pushed commands as (unit, waits, fields, space, mark), (code, address) of the fault, finished, bytes read) after
    `cycles` or the end."""
    unit, memory = Fetch(config), dram(config, seed)
    memory.data[ADDRESS : ADDRESS + len(image)] = np.frombuffer(image, np.uint8)
    pushed, result = [], []

    async def bench(ctx) -> None:
        whose, arriving = None, []
        put(ctx, unit.burst_bytes, memory.timing.burst_bytes)
        put(ctx, unit.address, ADDRESS)
        put_fields(ctx, unit.marked, {"layer": layer or 0, "one": layer is not None})
        put(ctx, unit.start, 1)
        await ctx.tick()
        put(ctx, unit.start, 0)
        for cycle in range(cycles):
            put(ctx, unit.full, full(cycle))
            bits = get(ctx, unit.push)
            arriving.append(get(ctx, unit.part))
            if bits:
                assert not bits & (bits - 1)
                assert not bits & full(cycle)
                whose, arriving = UNITS[bits.bit_length() - 1], arriving[-1:]
            if whose is not None and len(arriving) == COMMAND_PARTS:
                pushed.append((whose, *entry(whose, arriving)))
                whose = None
            await ctx.tick()
            if (get(ctx, unit.finished) or get(ctx, unit.fault.code)) and cycle > 2 and whose is None:
                break
        await ctx.tick().repeat(20)
        fault = get(ctx, unit.fault.code), get(ctx, unit.fault.address)
        result.extend([fault, get(ctx, unit.finished)])

    run_benches(unit, bench, background=[serve_requests(unit.request, unit.beats, memory, cycles=LIMIT)])
    return pushed, *result, memory.read_bytes


def fault(name: str, block: int) -> tuple[int, int]:
    """(code, address) of a fault in a block."""
    return CODES[name], ADDRESS + block * BLOCK_BYTES


def described(commands: list[Command], layer: int | None = None) -> list:
    return [
        (
            command.unit,
            tuple(command.waits[name] for name in UNITS),
            dict(command.fields),
            sum(1 << index for index, name in enumerate(UNITS) if name in command.space),
            layer in (None, command.layer),
        )
        for command in commands
    ]


def test_marks_one_layer() -> None:
    commands = random_commands(random.Random(3), 12)
    chosen = commands[4].layer
    pushed, *_ = run(TINY, program(TINY, commands), layer=chosen)
    assert pushed == described(commands, chosen)
    assert 0 < sum(marked for *_, marked in pushed) < len(commands)


@CONFIGS
def test_delivers_in_order(config: EngineConfig) -> None:
    commands = random_commands(random.Random(1), 12)
    pushed, error, finished, read = run(config, program(config, commands))
    assert pushed == described(commands)
    assert (error, finished) == (NONE, 1)
    assert read == 13 * BLOCK_BYTES


def test_empty_program() -> None:
    assert run(TINY, program(TINY, [])) == ([], NONE, 1, BLOCK_BYTES)


def test_full_queue_holds_up_all_behind_it() -> None:
    commands = random_commands(random.Random(2), 12)
    blocked = UNITS.index(commands[4].unit)
    pushed, _, finished, read = run(
        TINY, program(TINY, commands), full=lambda cycle: 1 << blocked, cycles=600
    )
    first = next(i for i, command in enumerate(commands) if command.unit == UNITS[blocked])
    assert pushed == described(commands[:first])
    assert not finished
    assert read <= (first + 2) * BLOCK_BYTES + FETCH_BYTES  # no more than the buffer holds
    pushed, error, finished, _ = run(
        TINY, program(TINY, commands), full=lambda cycle: 0b11111 if cycle % 7 else 0
    )
    assert (pushed, error, finished) == (described(commands), NONE, 1)


@pytest.mark.parametrize(
    ("field", "error"), [("magic", "program"), ("version", "program"), ("config", "configuration")]
)
@pytest.mark.parametrize("bit", [0, 31])
def test_wrong_header(field: str, error: str, bit: int) -> None:
    image = bytearray(program(TINY, random_commands(random.Random(3), 3)))
    place = 4 * ("magic", "version", "config").index(field) + bit // 8
    image[place] ^= 1 << bit % 8
    assert run(TINY, bytes(image)) == ([], fault("checksum", 0), 0, BLOCK_BYTES)
    assert run(TINY, resealed(image, 0)) == ([], fault(error, 0), 0, BLOCK_BYTES)


@pytest.mark.parametrize("code", [5, 6, 7])
def test_unknown_unit(code: int) -> None:
    commands = random_commands(random.Random(4), 5)
    image = bytearray(program(TINY, commands))
    image[3 * BLOCK_BYTES] = image[3 * BLOCK_BYTES] & ~7 | code
    pushed, error, finished, _ = run(TINY, resealed(image, 3))
    assert (pushed, error, finished) == (described(commands[:2]), fault("unit", 3), 0)


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit, names in COUNTS.items() for name in names])
def test_command_with_nothing_to_do(unit: str, name: str) -> None:
    commands = random_commands(random.Random(7), 40)
    place = next(place for place, command in enumerate(commands) if command.unit == unit)
    command = commands[place]
    commands[place] = dataclasses.replace(command, fields={**command.fields, name: 0})
    pushed, error, finished, _ = run(TINY, program(TINY, commands))
    assert (pushed, error, finished) == (described(commands[:place]), fault("count", place + 1), 0)


@CONFIGS
@pytest.mark.parametrize("seed", range(6))
def test_broken_block(config: EngineConfig, seed: int) -> None:
    """One bit anywhere in a block, its checksum included, and nothing of it or behind it is run."""
    rng = random.Random(seed)
    commands = random_commands(rng, 5)
    image, block = bytearray(program(config, commands)), rng.randrange(1, 6)
    image[block * BLOCK_BYTES + rng.randrange(BLOCK_BYTES)] ^= 1 << rng.randrange(8)
    pushed, error, finished, _ = run(config, bytes(image))
    assert (pushed, error, finished) == (described(commands[: block - 1]), fault("checksum", block), 0)


def test_block_of_another_program() -> None:
    commands, others = (random_commands(random.Random(seed), 5) for seed in (5, 6))
    image = program(TINY, commands)[: 3 * BLOCK_BYTES] + program(TINY, others)[3 * BLOCK_BYTES :]
    pushed, error, finished, _ = run(TINY, image)
    assert (pushed, error, finished) == (described(commands[:2]), fault("tag", 3), 0)
