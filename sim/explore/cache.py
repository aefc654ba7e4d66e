"""Results of points on disk: each is worked out once, and an interrupted sweep goes on where it stopped."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hw.verilator import BUILD
from sim.explore.point import Task
from sim.explore.sources import model_hash


def key_of(task: Task) -> str:
    """What tells this task's result from all others; names of networks and engines do not count."""
    shapes = [(spec, inputs) for spec, inputs in zip(task.network.layers, task.network.inputs, strict=True)]
    text = f"{model_hash()} {task.config.hash:08x} {shapes} {task.memory}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Cache:
    """One file a result, below ``build/explore``. A file that can't be read counts as not there."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or BUILD / "explore"

    def load(self, key: str) -> dict[str, Any] | None:
        """The result kept for `key`."""
        try:
            found = json.loads(self._path(key).read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and ("total" in found or "refusal" in found) else None

    def store(self, key: str, result: dict[str, Any]) -> None:
        """Keeps a result, whole or not at all."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result, separators=(",", ":")))
        part.replace(path)

    def _path(self, key: str) -> Path:
        return self.directory / key[:2] / f"{key}.json"
