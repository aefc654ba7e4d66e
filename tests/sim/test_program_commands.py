"""Compiled networks as files: they run as they are, and the report says what was decided."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from golden.importer import load_tflite
from golden.networks import mobilenet_v1
from hw.commands import BLOCK_BYTES, encode_program
from hw.config import PRESETS
from hw.disassembly import from_json
from hw.memory_timing import MemoryTiming
from hw.program_files import IMAGE, MAP, PROGRAM, REPORT, load_program, program_map, save_program
from sim.cli import main
from sim.model.engine import run_model
from sim.network_run import engine_input, plan_network, whole_model
from sim.work import Source, seeded_picture
from tests.golden_models import INSTALLED

SMALL = ["--alpha", "0.25", "--resolution", "32", "--config", "pe64"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program")
    assert main(["compile", *SMALL, "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module", params=["mobilenet_v1", "mobilenet_v2"])
def decided(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the machine-readable report beside the program."""
    path = tmp_path_factory.mktemp(request.param)
    arguments = ["--network", request.param, *SMALL, "--out", str(path), "--json", str(path / "all.json")]
    assert main(["compile", *arguments]) == 0
    return path


def source() -> Source:
    return Source(title="", network=mobilenet_v1(0.25, 32))


def test_the_files_are_the_program(folder: Path) -> None:
    planned = plan_network(source(), PRESETS["pe64"], MemoryTiming(), seed=0)
    loaded = load_program(folder)
    assert loaded.encoded == (folder / PROGRAM).read_bytes() == planned.program.encoded
    assert loaded.encoded_bytes == len(loaded.encoded)
    assert loaded.image == (folder / IMAGE).read_bytes() == planned.program.image
    cycles = json.loads((folder / MAP).read_text())["cycles"]
    assert run_model(loaded, MemoryTiming()).cycles == planned.run.cycles == cycles


def test_the_map_knows_the_network(folder: Path) -> None:
    found = json.loads((folder / MAP).read_text())
    model = whole_model(source(), 0)
    engine = [spec for spec in model.network.layers if spec.op != "softmax"]
    assert [(layer["id"], layer["name"], layer["op"]) for layer in found["layers"]] == [
        (index, spec.name, spec.op) for index, spec in enumerate(engine)]
    for layer, spec in zip(found["layers"], engine, strict=True):
        assert (tuple(layer["input_shape"]), tuple(layer["output_shape"])) == (spec.input_shape, spec.output_shape)
    assert found["input"]["zero_point"] == model.layer("conv1").input_zero_point
    assert found["output"]["zero_point"] == model.layer("conv_preds").output_zero_point
    assert found["input"]["scale"] is found["output"]["scale"] is None


def test_a_compiled_network_runs_in_rtl(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = whole_model(source(), 0)
    picture = seeded_picture(model, 0)
    specs = [spec for cascade in source().whole() for spec in cascade]
    np.save(tmp_path / "x.npy", engine_input(model, picture, specs, "double"))
    status = main(["rtl", "--program", str(folder), "--input", str(tmp_path / "x.npy"),
                   "--output", str(tmp_path / "y.npy"), "--json", "-"])
    assert status == 0
    out, err = capsys.readouterr()
    told = [line.split()[0] for line in err.splitlines() if "ended in cycle" in line]
    assert sorted(told) == sorted(spec.name for spec in specs)
    total = json.loads(out)["total"]
    assert total["rtl_cycles"] == total["model_cycles"] == json.loads((folder / MAP).read_text())["cycles"]
    expected = dict(model.trace(picture))["conv_preds"]
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), expected, strict=True)


def test_an_unsafe_program_is_not_run(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A compiled program whose last command, a store, no longer waits for anything."""
    program = load_program(folder)
    hasty = dataclasses.replace(program, commands=(*program.commands[:-1],
                                                   dataclasses.replace(program.commands[-1], waits={})))
    save_program(hasty, tmp_path, description=program_map(hasty), report="")
    assert main(["rtl", "--program", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("sepconv: the program is not safe: store command ")


def test_the_report_says_what_was_decided(decided: Path) -> None:
    text, report = (decided / REPORT).read_text(), json.loads((decided / "all.json").read_text())
    program = load_program(decided)
    assert [name for cascade in report["cascades"] for name in cascade["layers"]] == list(program.layers)
    assert f"{report['total']['cycles']:,} cycles" in text
    for cascade in report["cascades"]:
        assert " → ".join(cascade["layers"]) in text
        (chosen,) = [trial for trial in cascade["tried"] if trial["chosen"]]
        assert chosen["stripe_rows"] == cascade["stripe_rows"]
        assert chosen["output"] == cascade["output"]["in"]
        assert f"{chosen['cycles']:,}  chosen" in text
        for end in (cascade["input"], cascade["output"]):
            in_dram = end["name"] in program.tensors or end["name"] == program.input.name
            assert (end["in"] == "dram") == in_dram
        groups = [tuple(range(place["groups"][0], place["groups"][1] + 1)) for place in cascade["tensors"]]
        assert len({group for one in groups for group in one}) == sum(map(len, groups))
        assert max(group for one in groups for group in one) < program.config.activation_groups
        for place in cascade["weights"]:
            times = place["fetched_bytes"] / place["bytes"]
            assert times == 1 if place["resident"] else times >= 1
    fetched = sum(place["fetched_bytes"] for cascade in report["cascades"] for place in cascade["weights"])
    assert fetched == program.config.bus_bytes * sum(
        command.fields["beats"] for command in program.commands if command.unit == "weights")


def test_disasm_is_undone_by_the_encoder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["disasm", str(folder / PROGRAM), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert encode_program(report["program"]["config"], from_json(report)) == (folder / PROGRAM).read_bytes()
    assert {command["name"] for command in report["commands"]} == set(load_program(folder).layers)


def test_disasm_shows_a_line_for_each_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["disasm", str(folder)]) == 0
    named = capsys.readouterr().out
    (tmp_path / PROGRAM).write_bytes((folder / PROGRAM).read_bytes())
    assert main(["disasm", str(tmp_path / PROGRAM)]) == 0
    alone = capsys.readouterr().out
    assert len(named.splitlines()) == len(alone.splitlines()) == len(load_program(folder).commands) + 3
    assert "conv_dw_13" in named
    assert "conv_dw_13" not in alone
    assert main(["disasm", str(tmp_path / PROGRAM), "--map", str(folder / MAP)]) == 0
    assert capsys.readouterr().out == named.replace(str(folder), str(tmp_path))
    (tmp_path / MAP).write_text("{}")
    assert main(["disasm", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == (alone, 1)


@pytest.mark.parametrize(("arguments", "words"), [
    (["disasm", "absent.bin"], ["absent.bin", "No such file"]),
    (["disasm", "/dev/zero"], ["/dev/zero", "at most 6 MiB"]),
    (["disasm", "{folder}/program.bin", "--map", "{folder}/other.json"], ["other.json: of another program, tag 0x"]),
    (["disasm", "{folder}/program.bin", "--map", "{folder}/empty.json"], ["empty.json: not a program's map: "]),
    (["disasm", "{folder}/cut.bin"], ["cut.bin: block 3 at byte 288: 12 bytes"]),
    (["disasm", "{folder}/program.bin", "--map", "absent.json"], ["absent.json"]),
    (["rtl", "--program", "absent"], ["absent/program.bin"]),
    (["rtl", "conv_dw_5", "--program", "{folder}"], ["--program", "no LAYER"]),
    (["rtl", "--program", "{folder}", "--input", "{folder}/wrong.npy"], ["wrong.npy", "int8[32, 32, 3]"]),
    (["compile", "--network", "vgg"], ["vgg"]),
    (["compile", *SMALL, "--out", "{folder}/program.bin"], ["program.bin", "File exists"]),
    (["compile", "--config", "small", "--network", "conv_mobilenet"],
     ["conv_2, 1 row at a time", "8192 bytes short", "presets that would do: pe256"]),
])
def test_wrong_requests(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
                        words: list[str]) -> None:
    data = (folder / PROGRAM).read_bytes()
    (tmp_path / "cut.bin").write_bytes(data[:3 * BLOCK_BYTES + 12])
    np.save(tmp_path / "wrong.npy", np.zeros((4, 4, 3), np.int8))
    for name in (PROGRAM, IMAGE, MAP):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    description = json.loads((folder / MAP).read_text())
    description["program"]["tag"] ^= 1
    (tmp_path / "other.json").write_text(json.dumps(description))
    (tmp_path / "empty.json").write_text(json.dumps({"schema": 1}))
    status = main([argument.format(folder=tmp_path) for argument in arguments])
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.count("\n") == 1
    for word in words:
        assert word in captured.err


@pytest.mark.skipif(not INSTALLED, reason="no models in build/models: make models fetches them")
def test_scales_of_a_real_model(tmp_path: Path) -> None:
    (path,) = [path for path in INSTALLED if path.stem == "visual_wake_words"]
    assert main(["compile", "--model", str(path), "--config", "pe64", "--out", str(tmp_path)]) == 0
    model = load_tflite(path)
    found = json.loads((tmp_path / MAP).read_text())
    first, last = (model.layer(found["layers"][index]["name"]) for index in (0, -1))
    assert found["input"]["zero_point"] == first.input_zero_point
    assert found["output"]["zero_point"] == last.output_zero_point
    assert found["output"]["scale"] == model.port(found["layers"][-1]["name"]).scale > 0
