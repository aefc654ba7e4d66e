"""A program written as a folder is the same when it is read, and anything broken is refused by name."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hw.commands import BLOCK_BYTES
from hw.program import Program
from hw.program_files import (
    IMAGE,
    MAP,
    PROGRAM,
    REPORT,
    ProgramFileError,
    load_program,
    program_map,
    save_program,
)
from hw.registers import BY_NAME
from tests.support.cases import CASES
from tests.support.configs import SKEW, TINY

CASE = CASES["pair_s2_keras"]


def save(directory: Path, program: Program) -> Path:
    save_program(program, directory, description=program_map(program), report="why")
    return directory


@pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
@pytest.mark.parametrize("name", ["pair_s2_keras", "weights_streamed", "lone_pointwise"])
def test_round_trip(name: str, config, tmp_path: Path) -> None:
    case = CASES[name]
    program = case.program(config, 0)
    loaded = load_program(save(tmp_path / "new" / "folder", program))
    assert loaded == dataclasses.replace(program, placements=())
    np.testing.assert_array_equal(loaded.memory(case.values(0)), program.memory(case.values(0)), strict=True)


def test_the_map_tells_a_host_all_it_needs(tmp_path: Path) -> None:
    """Memory put together from the files and the map alone is that of `Program.memory`."""
    program, values = CASE.program(TINY, 0), CASE.values(0)
    folder = save(tmp_path, program)
    found = json.loads((folder / MAP).read_text())
    memory = np.zeros(found["memory_bytes"], np.uint8)
    for part in ("image", "program"):
        data = np.fromfile(folder / found[part]["file"], np.uint8)
        assert len(data) == found[part]["bytes"]
        memory[found[part]["address"]:found[part]["address"] + len(data)] = data
    place = found["input"]
    height, width, channels = place["shape"]
    assert values.shape == (height, width, channels)
    for channel in range(channels):
        block, lane = divmod(channel, place["block_channels"])
        start = place["address"] + block * place["stride"] + lane
        stop = start + height * width * place["block_channels"]
        memory[start:stop:place["block_channels"]] = values[:, :, channel].reshape(-1).view(np.uint8)
    np.testing.assert_array_equal(memory, program.memory(values), strict=True)
    registers = found["registers"]
    assert registers.keys() <= BY_NAME.keys()
    assert registers["PROGRAM_ADDRESS"] == program.address
    assert (registers["READ_FIRST"], registers["READ_LAST"]) == program.read_window
    assert (registers["WRITE_FIRST"], registers["WRITE_LAST"]) == program.write_window


@pytest.mark.parametrize("name", [PROGRAM, IMAGE, REPORT, MAP])
def test_all_files_or_none(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.part").mkdir()
    with pytest.raises(OSError, match=name):
        save(tmp_path, CASE.program(TINY, 0))
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.part"]


def edit(path: Path, change: Callable[[dict], object]) -> None:
    description = json.loads(path.read_text())
    change(description)
    path.write_text(json.dumps(description))


@pytest.mark.parametrize(("damage", "message"), [
    (lambda folder: (folder / PROGRAM).unlink(), f"{PROGRAM}: No such file"),
    (lambda folder: (folder / IMAGE).unlink(), f"{IMAGE}: No such file"),
    (lambda folder: (folder / MAP).unlink(), f"{MAP}: No such file"),
    (lambda folder: (folder / MAP).write_text("{"), f"{MAP}: not JSON: "),
    (lambda folder: (folder / MAP).write_text("[]"), f"{MAP}: not a program's map of schema 1"),
    (lambda folder: (folder / PROGRAM).write_bytes((folder / PROGRAM).read_bytes()[:-BLOCK_BYTES]), "0 bytes: a block"),
    (lambda folder: (folder / PROGRAM).write_bytes((folder / PROGRAM).read_bytes() + b"x"), f"{MAP} says "),
    (lambda folder: (folder / IMAGE).write_bytes(b"short"), f"{IMAGE}: 5 bytes; {MAP} says "),
    (lambda folder: edit(folder / MAP, lambda found: found.pop("input")), f"{MAP}: not a program's map: 'input'"),
    (lambda folder: edit(folder / MAP, lambda found: found["input"].pop("stride")), "input: must have name, shape, "),
    (lambda folder: edit(folder / MAP, lambda found: found["output"].update(address="0")),
     "output.address='0': must be of type int"),
    (lambda folder: edit(folder / MAP, lambda found: found["output"].update(shape=[1, 2])),
     "output.shape: must be 3 values"),
    (lambda folder: edit(folder / MAP, lambda found: found["output"].update(stride=8)), "stride 8 is less than "),
    (lambda folder: edit(folder / MAP, lambda found: found["input"].update(block_channels=0)), "must be blocks of 8"),
    (lambda folder: edit(folder / MAP, lambda found: found["tensors"]["pw"].update(address=0)),
     "bytes at 0 are not between image and program"),
    (lambda folder: edit(folder / MAP, lambda found: found["program"].update(address=0)), "program.address=0: must be"),
    (lambda folder: edit(folder / MAP, lambda found: found.update(image=None)), f"{MAP}: not a program's map: "),
    (lambda folder: edit(folder / MAP, lambda found: found["config"].update(pe_rows=9)), "pe_rows=9: must be a"),
    (lambda folder: edit(folder / MAP, lambda found: found["config"].update(queue_depth=8)), "compiled for"),
    (lambda folder: edit(folder / MAP, lambda found: found["program"].update(tag=70000)), "tag 0x"),
])
def test_what_is_broken_is_named(damage: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    folder = save(tmp_path, CASE.program(TINY, 0))
    damage(folder)
    with pytest.raises(ProgramFileError) as error:
        load_program(folder)
    assert message in str(error.value)
    assert str(folder) in str(error.value)


def test_files_of_two_programs_are_told_apart(tmp_path: Path) -> None:
    one = save(tmp_path / "one", CASE.program(TINY, 0))
    other = save(tmp_path / "other", CASES["pair_s1"].program(TINY, 0))
    (one / PROGRAM).write_bytes((other / PROGRAM).read_bytes())
    with pytest.raises(ProgramFileError, match=PROGRAM):
        load_program(one)
