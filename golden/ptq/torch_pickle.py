"""PyTorch's pickles of tensors, read without PyTorch and without trusting them.

A pickle is a program. Two gates stand before it runs: a scan of its opcodes, which refuses all but those that
build plain containers, and a table of the only names it may look up. What it builds are descriptions of
tensors; their values are read elsewhere.
"""

import io
import pickle
import pickletools
import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

from golden.model import ModelError

STORAGES = {
    "FloatStorage": "float32", "LongStorage": "int64", "IntStorage": "int32", "CharStorage": "int8",
    "ByteStorage": "uint8",
}  # fmt: skip
"""torch's names of the element types that are read."""

_OPCODES = frozenset({
    "PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "GLOBAL", "REDUCE",
    "BUILD", "BINPERSID",
})  # fmt: skip
_BROKEN = (
    pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError, EOFError, ArithmeticError,
    RecursionError, MemoryError,
)  # fmt: skip


class Storage(NamedTuple):
    """A run of elements of one type, known by its key. A tuple, because no opcode can change one."""

    key: str
    dtype: str
    length: int


class StoredTensor(NamedTuple):
    """A contiguous tensor inside a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]


def unpickle(file: io.BytesIO) -> Any:
    """The next pickle of `file`, which is left after it.

    Raises
    ------
    ModelError
        When the pickle is broken, or uses an opcode or a name that tensors do not need.
    """
    start = file.tell()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of opcodes that are refused anyway
            _scan(file)
        file.seek(start)
        return _Unpickler(file).load()
    except ModelError:
        raise
    except _BROKEN as error:
        raise ModelError(f"malformed pickle: {type(error).__name__}: {error}") from error


def _scan(file: io.BytesIO) -> None:
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if opcode.name not in _OPCODES:
            raise ModelError(f"a pickle with the opcode {opcode.name} is refused: tensors do not need it")
        if opcode.name.endswith("PUT") and isinstance(argument, int) and argument > count:
            raise ModelError(f"a pickle that notes its object {argument} at step {count} is refused")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Rebuild()
        if module == "torch" and name in STORAGES:
            return _StorageType(dtype=STORAGES[name])
        raise ModelError(f"a pickle that asks for {module}.{name} is refused; only tensors are read")

    def persistent_load(self, pid: Any) -> Storage:
        match pid:
            case ("storage", _StorageType(dtype=dtype), str(key), str(), int(length), *view) if not any(view):
                if length >= 0:
                    return Storage(key=key, dtype=dtype, length=length)
        raise ModelError("a pickle with an unknown kind of storage is refused")


class _StorageType(NamedTuple):
    """What the name of a storage class becomes."""

    dtype: str


class _Rebuild:
    """What `torch._utils._rebuild_tensor_v2` becomes."""

    __slots__ = ()

    def __call__(self, storage: Storage, offset: int, shape: Any, strides: Any, *rest: Any) -> StoredTensor:
        if not isinstance(storage, Storage) or not all(isinstance(n, int) for n in (offset, *shape, *strides)):
            raise ModelError("a tensor without a storage, or of an unknown shape, is refused")
        step, contiguous = 1, []
        for extent in reversed(shape):
            contiguous.insert(0, step)
            step *= max(extent, 1)
        moving = [(s, c) for s, c, extent in zip(strides, contiguous, shape, strict=True) if extent > 1]
        if min((offset, *shape)) < 0 or any(s != c for s, c in moving) or offset + step > storage.length:
            raise ModelError(f"a tensor of shape {tuple(shape)[:8]} that is not contiguous in its storage is refused")
        return StoredTensor(storage=storage, offset=offset, shape=tuple(shape))
