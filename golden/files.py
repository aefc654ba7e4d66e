"""Reading a file that may be anything: missing, endless, or far too long."""

from collections.abc import Callable
from pathlib import Path

from golden.model import ModelError

_CHUNK = 1 << 20


def read_bytes(path: str | Path, limit: int, check: Callable[[bytes], None] = lambda start: None) -> bytes:
    """The file's content, of at most `limit` bytes; `check` sees its beginning before the rest is read.

    Raises
    ------
    ModelError
        When the file cannot be read or is longer, or `check` refuses it.
    """
    chunks: list[bytes] = []
    try:
        with Path(path).open("rb") as file:
            chunks.append(file.read(64))
            check(chunks[0])
            total = len(chunks[0])
            while chunk := file.read(_CHUNK):
                chunks.append(chunk)
                total += len(chunk)
                if total > limit:
                    raise ModelError(f"files of at most {limit >> 20} MiB are supported")
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    return b"".join(chunks)
