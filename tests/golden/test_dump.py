"""Dumps: every tensor, named, whole or not at all."""

import json

import numpy as np
import pytest

from golden.dump import MANIFEST, dump
from golden.model import ModelError
from golden.networks import network
from golden.open_model import open_model
from golden.synthetic_model import synthesise_model


@pytest.fixture(scope="module")
def model():
    return synthesise_model(network("mobilenet_v2", alpha=0.25, resolution=32), 0)


def picture(model, seed=0):
    return np.random.default_rng(seed).integers(-128, 128, model.input.shape, dtype=np.int8)


def test_every_tensor(model, tmp_path):
    x = picture(model)
    output = dump(model, x, tmp_path / "deep" / "d")
    np.testing.assert_array_equal(output, model.run(x), strict=True)
    manifest = json.loads((tmp_path / "deep" / "d" / MANIFEST).read_text())
    assert (manifest["schema"], manifest["network"]) == (1, "mobilenet_v2")
    rows = manifest["tensors"]
    assert [row["layer"] for row in rows] == ["input", *model.network.names]
    assert {path.name for path in (tmp_path / "deep" / "d").iterdir()} == {MANIFEST, *(r["file"] for r in rows)}
    expected = {"input": model.input.read(x), **dict(model.trace(x))}
    for row in rows:
        values = np.load(tmp_path / "deep" / "d" / row["file"])
        np.testing.assert_array_equal(values, model.port(row["layer"]).write(expected[row["layer"]]), strict=True)
        assert (row["dtype"], row["shape"]) == (str(values.dtype), list(values.shape))
    assert rows[-1]["inputs"] == [rows[-2]["layer"]]
    add = next(row for row in rows if row["op"] == "add")
    assert add["inputs"] == list(model.network.inputs_of(add["layer"]))


def test_an_earlier_dump_is_replaced(model, tmp_path):
    first = dump(model, picture(model), tmp_path / "d")
    second = dump(model, picture(model, 1), tmp_path / "d", rounding="single")
    rows = json.loads((tmp_path / "d" / MANIFEST).read_text())["tensors"]
    np.testing.assert_array_equal(np.load(tmp_path / "d" / rows[-1]["file"]), second, strict=True)
    np.testing.assert_array_equal(np.load(tmp_path / "d" / rows[0]["file"]), picture(model, 1), strict=True)
    assert first.shape == second.shape
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_nothing_half_written(model, tmp_path, monkeypatch):
    """A run that breaks off leaves the earlier dump, and nothing else."""
    dump(model, picture(model), tmp_path / "d")
    before = {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()}
    saved, calls = np.save, []

    def breaking(file, values):
        calls.append(file)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        saved(file, values)

    monkeypatch.setattr(np, "save", breaking)
    for folder in ("d", "new"):
        calls.clear()
        with pytest.raises(ModelError, match=r"cannot write .*: No space left on device"):
            dump(model, picture(model, 1), tmp_path / folder)
    assert {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_other_folders_are_left_alone(model, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file"):
        with pytest.raises(ModelError, match="is there and is not a dump; name a folder that is new or empty"):
            dump(model, picture(model), tmp_path / name)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"
    with pytest.raises(ModelError, match="cannot write"):
        dump(model, picture(model), tmp_path / "file" / "below")
    (tmp_path / "empty").mkdir()
    dump(model, picture(model), tmp_path / "empty")
    with pytest.raises(ModelError, match="must be int8"):
        dump(model, np.zeros(3), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_open_model_refuses(tmp_path):
    (tmp_path / "m.txt").write_text("text")
    with pytest.raises(ModelError, match=r"m.txt is not a model file; supported are .tflite, .onnx, .pth, .whl"):
        open_model(tmp_path / "m.txt")
    with pytest.raises(ModelError, match=r"cannot read .*absent"):
        open_model(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"m\.pth holds float weights: name pictures to calibrate the quantiser on"):
        open_model(tmp_path / "m.pth")
