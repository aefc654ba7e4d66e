"""Every intermediate tensor of a run, as `.npy` files in a folder with a manifest."""

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.model import Model, ModelError
from golden.network import INPUT
from golden.quantise import Rounding

MANIFEST = "manifest.json"


def dump(model: Model, x: NDArray[Any], folder: str | Path, rounding: Rounding = "double") -> NDArray[Any]:
    """Runs `model` on `x` and writes the input and each layer's output; returns the model's output.

    Files are `NNN_NAME.npy` in execution order, each tensor as the model's file has it (`Port.write`), and
    `manifest.json`: `{"schema": 1, "network": …, "tensors": [{"layer", "op", "inputs", "file", "name", "dtype",
    "shape", "scale", "zero_point"}]}`, `name` being the file's own.

    Nothing half-written is ever seen under `folder`: all is written beside it and then renamed to it. The
    folder must not exist, or hold nothing but an earlier dump, which is replaced.

    Raises
    ------
    ModelError
        When `x` does not fit, the folder holds something else, or it cannot be written.
    """
    target = Path(folder)
    try:
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            output = _write(model, x, beside, rounding)
            _move(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"cannot write {folder}: {error.strerror or error}") from error
    return output


def _write(model: Model, x: NDArray[Any], folder: Path, rounding: Rounding) -> NDArray[Any]:
    tensors: list[dict[str, Any]] = []
    last = model.input.read(x)
    _save(model, INPUT, last, folder, tensors)
    for name, last in model.trace(x, rounding):
        _save(model, name, last, folder, tensors)
    manifest = {"schema": 1, "network": model.network.name, "tensors": tensors}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return model.output.write(last)


def _save(model: Model, layer: str, values: NDArray[Any], folder: Path, tensors: list[dict[str, Any]]) -> None:
    port = model.port(layer)
    outside = port.write(values)
    file = f"{len(tensors):03}_{re.sub(r'[^0-9A-Za-z_.-]', '_', layer)}.npy"
    np.save(folder / file, outside)
    tensors.append(
        {
            "layer": layer,
            "op": "input" if layer == INPUT else model.network.layer(layer).op,
            "inputs": [] if layer == INPUT else list(model.network.inputs_of(layer)),
            "file": file, "name": port.name, "dtype": str(outside.dtype), "shape": list(outside.shape),
            "scale": port.scale, "zero_point": port.zero_point,
        }
    )  # fmt: skip


def _check_replaceable(target: Path) -> None:
    """Raise `ModelError` when there is something at `target` that is not a dump."""
    if not target.exists():
        return
    names = {path.name for path in target.iterdir()} if target.is_dir() else {""}
    ours = all(name == MANIFEST or re.fullmatch(r"\d{3,}_[0-9A-Za-z_.-]*\.npy", name) for name in names)
    if not ours or (names and MANIFEST not in names):
        raise ModelError(f"{target} is there and is not a dump; name a folder that is new or empty")


def _move(beside: Path, target: Path) -> None:
    """`beside` becomes `target`; an earlier dump goes only once the new one is whole."""
    beside.chmod(0o777 & ~_umask())
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        os.replace(target, old / "old")
        try:
            os.replace(beside, target)
        finally:
            if not target.exists():
                os.replace(old / "old", target)
            shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(beside, target)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
