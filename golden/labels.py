"""What a model's scores mean: labels, and the best five."""

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.files import read_bytes
from golden.model import Model, ModelError

MAX_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One class: its number, its real score, its label if there is one."""

    index: int
    score: float
    label: str | None

    def __str__(self) -> str:
        return f"{self.score:9.4f}  {self.index:4}" + (f"  {self.label}" if self.label else "")


def top(model: Model, output: NDArray[Any], count: int = 5, labels: tuple[str, ...] | None = None) -> tuple[Guess, ...]:
    """The best `count` classes of an output of `model.run`, best first, equal ones by number.

    Labels that are one fewer than the classes leave out class 0, the background of TensorFlow's models.

    Raises
    ------
    ModelError
        When the labels do not fit the classes.
    """
    port = model.output
    scores = output.reshape(-1).astype(np.float64)
    if port.scale is not None and port.zero_point is not None:
        scores = (scores - port.zero_point) * port.scale
    if labels is not None and len(labels) == scores.size - 1:
        labels = ("background", *labels)
    if labels is not None and len(labels) != scores.size:
        raise ModelError(f"{len(labels)} labels do not fit {scores.size} classes")
    order = np.argsort(-scores, kind="stable")[:count]
    return tuple(
        Guess(index=int(i), score=float(scores[i]), label=None if labels is None else labels[i]) for i in order
    )


def labels_in(path: str | Path) -> tuple[str, ...] | None:
    """Labels that a `.tflite` file carries: the text file in the zip appended to it; None without one.

    Source: the associated files of TensorFlow Lite's metadata.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            texts = [m for m in archive.infolist() if m.filename.endswith(".txt") and m.file_size <= MAX_BYTES]
            texts.sort(key=lambda member: "label" not in member.filename.lower())
            return _lines(archive.read(texts[0])) if texts else None
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError):
        return None


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Labels of a file: a text with one a line, or JSON, a list or {"0": …}.

    Raises
    ------
    ModelError
        When the file cannot be read or is neither.
    """
    try:
        content = read_bytes(path, MAX_BYTES)
        return _json_labels(content) if Path(path).suffix == ".json" else _lines(content)
    except ModelError:
        raise
    except (ValueError, KeyError, RecursionError) as error:
        raise ModelError(f"{path}: labels are lines of text, or JSON, a list or numbered from 0") from error


def _lines(content: bytes) -> tuple[str, ...]:
    return tuple(line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip())


def _json_labels(content: bytes) -> tuple[str, ...]:
    values = json.loads(content)
    listed = values if isinstance(values, list) else [values[str(index)] for index in range(len(values))]
    if not all(isinstance(label, str) for label in listed):
        raise ValueError("a label is not a text")
    return tuple(listed)
