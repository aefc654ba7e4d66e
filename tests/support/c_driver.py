"""The C driver as a library, its bus a Python one."""

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.account import COUNTED, KEYS
from hw.driver.bus import Bus
from hw.program import DramTensor, Program

SOURCE = Path(__file__).parents[2] / "hw" / "driver" / "sepconv.c"
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-ffreestanding", "-O1")
"""What the driver must compile with."""

RESULTS = (
    "OK", "NO_ENGINE", "OTHER_VERSION", "BROKEN_PROGRAM", "OTHER_CONFIG", "NOT_AT_REST", "NOT_LOADED", "REFUSED",
    "OUT_OF_REACH", "FAULT", "GAVE_UP", "NOT_STARTED",
)  # fmt: skip
"""Of ``enum sepconv_result``, in its order."""

U32, POINTER = ctypes.c_uint32, ctypes.c_void_p
READ32 = ctypes.CFUNCTYPE(U32, POINTER, U32)
WRITE32 = ctypes.CFUNCTYPE(None, POINTER, U32, U32)
MOVE = ctypes.CFUNCTYPE(None, POINTER, U32, POINTER, U32)
WAIT = ctypes.CFUNCTYPE(ctypes.c_int, POINTER)


class CBus(ctypes.Structure):
    _fields_ = [
        ("context", POINTER), ("base", U32), ("read32", READ32), ("write32", WRITE32), ("read_memory", MOVE),
        ("write_memory", MOVE), ("wait", WAIT),
    ]  # fmt: skip


class CPatches(ctypes.Structure):
    _fields_ = [
        *((name, U32) for name in ("height", "width", "channels", "kernel_columns", "row_stride", "column_stride",
                                   "pad_top", "pad_left")),
        ("zero_point", ctypes.c_int32),
    ]  # fmt: skip


class CTensor(ctypes.Structure):
    _fields_ = [
        *((name, U32) for name in ("height", "width", "channels", "block_channels", "address", "stride")),
        ("patches", CPatches),
    ]  # fmt: skip


class CModel(ctypes.Structure):
    _fields_ = [
        ("image", ctypes.c_char_p), ("image_bytes", U32), ("program", ctypes.c_char_p), ("program_bytes", U32),
        ("program_address", U32), *((f"{kind}_{end}", U32) for kind in ("read", "write") for end in ("first", "last")),
        ("burst_bytes", U32), ("input", CTensor), ("output", CTensor),
    ]  # fmt: skip


class CFault(ctypes.Structure):
    _fields_ = [(name, U32) for name in ("code", "unit", "index", "address", "block", "layer")]


class CCounters(ctypes.Structure):
    _fields_ = [("cycles", ctypes.c_uint64), ("read_beats", U32), ("write_beats", U32), ("ended", U32 * 5)]


class CAccount(ctypes.Structure):
    _fields_ = [("cycles", U32 * len(KEYS) * len(COUNTED))]


class CEngine(ctypes.Structure):
    _fields_ = [("bus", POINTER), ("model", POINTER), ("fault", CFault), ("config", U32)]


def build_library(folder: Path) -> ctypes.CDLL:
    """The driver compiled into `folder`, where any warning is an error."""
    library = folder / "sepconv.so"
    subprocess.run(["cc", *FLAGS, "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)
    return ctypes.CDLL(str(library))


def model_of(program: Program, burst_bytes: int = 256) -> CModel:
    (read_first, read_last), (write_first, write_last) = program.read_window, program.write_window
    return CModel(
        program.image, len(program.image), program.encoded, len(program.encoded), program.address,
        read_first, read_last, write_first, write_last, burst_bytes,
        tensor_of(program.input), tensor_of(program.output),
    )  # fmt: skip


def tensor_of(tensor: DramTensor) -> CTensor:
    patches = tensor.patches
    return CTensor(
        *tensor.shape, tensor.block_channels, tensor.address, tensor.stride,
        CPatches() if patches is None else CPatches(
            *patches.shape, patches.kernel[1], *patches.stride, patches.padding.top, patches.padding.left,
            patches.zero_point),
    )  # fmt: skip


class CDriver:
    """Calls by name without their prefix; results by name. What the bus raises is kept and raised here."""

    def __init__(self, code: ctypes.CDLL, bus: Bus, patience: int = 100) -> None:
        self.code, self.bus, self.patience = code, bus, patience
        self.engine = CEngine()
        self.raised: BaseException | None = None
        self.c_bus = CBus(
            None, bus.base, READ32(self._guard(self._read32)), WRITE32(self._guard(self._write32)),
            MOVE(self._guard(self._read_memory)), MOVE(self._guard(self._write_memory)), WAIT(self._guard(self._wait)),
        )  # fmt: skip

    def call(self, name: str, *arguments: Any) -> str:
        """Result of ``sepconv_NAME(engine, arguments)``."""
        result = getattr(self.code, f"sepconv_{name}")(ctypes.byref(self.engine), *arguments)
        if self.raised is not None:
            raise self.raised
        return RESULTS[result]

    def open(self) -> str:
        return self.call("open", ctypes.byref(self.c_bus))

    def load(self, model: CModel) -> str:
        self.model = model
        return self.call("load", ctypes.byref(model))

    def run(self, values: NDArray[np.int8], shape: tuple[int, ...]) -> tuple[str, NDArray[np.int8]]:
        output = np.zeros(shape, np.int8)
        contiguous = np.ascontiguousarray(values)
        return self.call("run", POINTER(contiguous.ctypes.data), POINTER(output.ctypes.data)), output

    def count(self) -> CCounters:
        function = self.code.sepconv_count
        function.restype = CCounters
        return function(ctypes.byref(self.engine))

    def account(self) -> CAccount:
        function = self.code.sepconv_account
        function.restype = CAccount
        return function(ctypes.byref(self.engine))

    def text(self, name: str, code: int) -> str:
        function = getattr(self.code, f"sepconv_{name}")
        function.restype = ctypes.c_char_p
        return function(U32(code)).decode()

    def _guard(self, function: Any) -> Any:
        """An exception can't pass through C: it is raised when the call is over."""

        def guarded(_context: int, *arguments: int) -> Any:
            try:
                return function(*arguments)
            except Exception as error:
                self.raised = error
                return 0

        return guarded

    def _read32(self, offset: int) -> int:
        return self.bus.read32(offset)

    def _write32(self, offset: int, value: int) -> None:
        self.bus.write32(offset, value)

    def _read_memory(self, address: int, data: int, size: int) -> None:
        ctypes.memmove(data, self.bus.read_memory(address, size), size)

    def _write_memory(self, address: int, data: int, size: int) -> None:
        self.bus.write_memory(address, ctypes.string_at(data, size))

    def _wait(self) -> int:
        self.patience -= 1
        return int(self.patience > 0)
