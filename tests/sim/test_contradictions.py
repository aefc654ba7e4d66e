"""Commands whose checksum is right and whose fields are not: the engine stops, or ends, but never hangs."""

import dataclasses
import random
from collections.abc import Mapping

import pytest

from hw.commands import BODY, Command, Field
from hw.config import EngineConfig
from hw.proof.errors import ProofError
from hw.proof.proof import prove
from hw.rtl import Job, run_jobs
from tests.support.configs import TINY
from tests.support.faulty import (
    check_as_fresh,
    check_untouched,
    edited,
    error_of,
    field,
    job,
    program,
    run_wrong,
    with_fields,
)

MOST_CYCLES = 100_000
"""Of work a command may have, so that a test comes to an end; the engine takes far more for work."""


def work(unit: str, fields: Mapping[str, int], config: EngineConfig) -> int:
    """Cycles a command takes at the most, on the bus or in its datapath."""
    if unit in ("load", "store", "weights"):
        return fields.get("blocks", 1) * fields["beats"] * 2
    if unit == "depthwise":
        block = 3 * fields["column_blocks"] + config.dw_groups * fields["out_width"]
        return fields["blocks"] * (fields["out_rows"] * block + config.dw_block_words)
    vectors = max(fields["tile_vectors"], fields["last_vectors"])
    passes = (fields["passes"] + fields["residual_passes"]) * max(vectors, config.tile_words)
    drain = config.parameter_words + 4 * vectors * config.drain_cycles
    return fields["tiles"] * fields["out_blocks"] * (passes + drain)


def value(rng: random.Random, entry: Field) -> int:
    """Small, at an end, or anything."""
    raw = rng.choice((0, 1, 2, 3, (1 << entry.bits) - 1, rng.getrandbits(entry.bits), rng.getrandbits(entry.bits)))
    return entry.decode(raw & (1 << entry.bits) - 1)


def changed(rng: random.Random, command: Command) -> Command:
    """A few fields of the command, or one, are something else."""
    while True:
        entries = rng.sample(BODY[command.unit], rng.choice((1, 1, 2, 4)))
        wrong = with_fields(**{entry.name: value(rng, entry) for entry in entries})(command)
        if wrong != command and work(wrong.unit, wrong.fields, TINY) <= MOST_CYCLES:
            return wrong


def contradiction(rng: random.Random) -> Job:
    commands = list(program().commands)
    place = rng.randrange(len(commands))
    commands[place] = changed(rng, commands[place])
    wrong = job(dataclasses.replace(program(), commands=tuple(commands)))
    return dataclasses.replace(wrong, limit=4 * MOST_CYCLES)


def check(seed: int, count: int) -> None:
    """Every wrong program comes to its interrupt, and the right one behind it runs as on a fresh engine."""
    rng = random.Random(seed)
    wrongs = [contradiction(rng) for _ in range(count)]
    runs = run_jobs([each for wrong in wrongs for each in (wrong, job(program()))])
    for wrong, bad, good in zip(wrongs, runs[::2], runs[1::2], strict=True):
        check_as_fresh(good, wrong.timing)
        check_untouched(wrong, bad)
    stopped = sum(bad.error["code"] != 0 for bad in runs[::2])
    assert 0 < stopped < count


def test_no_field_makes_the_engine_hang() -> None:
    check(0, 60)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(1, 21))
def test_no_field_makes_the_engine_hang_at_all(seed: int) -> None:
    check(seed, 200)


@pytest.mark.parametrize(("unit", "name", "value"), [
    ("pointwise", "last_vectors", TINY.half_vectors + 1), ("pointwise", "tile_vectors", 1023),
    ("pointwise", "residual_passes", 7), ("pointwise", "tiles", 2),
    ("depthwise", "column_blocks", 1), ("depthwise", "out_width", 4095)])
def test_fields_that_contradict_one_another(unit: str, name: str, value: int) -> None:
    fields = {name: value}
    if name == "residual_passes":  # together more than are counted
        fields["passes"] = (1 << 14) - 1
    if name == "tiles":  # each over before the next is known
        fields["tile_vectors"] = 3
    assert field(unit, 1, name) != value
    wrong = edited(unit, 1, with_fields(**fields))
    with pytest.raises(ProofError, match=rf"^{unit} command 1 of \w+ has .*, and "):
        prove(wrong)
    assert error_of(run_wrong(job(wrong))) == ("fields", unit, 1, 0)


def test_a_burst_without_beats() -> None:
    """It begins in the last bytes before a multiple of the burst, where no beat has room."""
    address = field("store", 1, "dram_address") // 256 * 256 + 255
    run = run_wrong(job(edited("store", 1, with_fields(dram_address=address))))
    assert error_of(run) == ("burst", "store", 1, address)
