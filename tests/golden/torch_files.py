"""PyTorch's files of tensors, written without PyTorch."""

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
CLASSES = {"float32": "FloatStorage", "int64": "LongStorage"}


class _Stored:
    """A tensor that pickles as torch's do."""

    def __init__(self, key: str, values: np.ndarray, modules) -> None:
        self.key, self.values, self.modules = key, values, modules

    def __reduce__(self):
        torch, utils = self.modules
        strides = tuple(step // self.values.itemsize for step in self.values.strides)
        storage = _Storage(self.key, getattr(torch, CLASSES[str(self.values.dtype)]), self.values.size)
        return utils._rebuild_tensor_v2, (storage, 0, self.values.shape, strides, False, OrderedDict())


class _Storage:
    def __init__(self, key: str, kind: type, length: int) -> None:
        self.key, self.kind, self.length = key, kind, length


class _Pickler(pickle.Pickler):
    view: tuple = (None,)

    def persistent_id(self, obj):
        if isinstance(obj, _Storage):
            return ("storage", obj.kind, obj.key, "cpu", obj.length, *self.view)
        return None


def pickled(state: Mapping[str, np.ndarray], *, legacy: bool) -> bytes:
    """The pickle that describes the tensors; storages are called "0", "1", …"""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in CLASSES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*arguments):
        raise AssertionError

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils.__dict__["_rebuild_tensor_v2"] = _rebuild_tensor_v2
    sys.modules["torch"], sys.modules["torch._utils"] = torch, utils
    try:
        file = io.BytesIO()
        pickler = _Pickler(file, protocol=2)
        pickler.view = (None,) if legacy else ()
        tensors = ((name, _Stored(str(i), values, (torch, utils))) for i, (name, values) in enumerate(state.items()))
        pickler.dump(OrderedDict(tensors))
        return file.getvalue()
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]


def legacy_file(state: Mapping[str, np.ndarray]) -> bytes:
    """As PyTorch before 1.6 wrote it."""
    keys = [str(i) for i in range(len(state))]
    system = {"protocol_version": PROTOCOL, "little_endian": True}
    head = [pickle.dumps(value, 2) for value in (MAGIC, PROTOCOL, system)]
    body = [struct.pack("<q", values.size) + values.tobytes() for values in state.values()]
    return b"".join([*head, pickled(state, legacy=True), pickle.dumps(keys, 2), *body])


def zip_file(state: Mapping[str, np.ndarray]) -> bytes:
    """As PyTorch writes it since 1.6."""
    members = {"archive/data.pkl": pickled(state, legacy=False), "archive/byteorder": b"little"}
    members |= {f"archive/data/{i}": values.tobytes() for i, values in enumerate(state.values())}
    return zipped(members)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()
