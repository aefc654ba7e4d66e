"""The `--trace` file of a command: its runs, collected and written in one go."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw.memory_timing import MemoryTiming
from hw.program import Program
from sim.model.engine import ModelRun
from sim.work import RequestError

if TYPE_CHECKING:  # what only a trace needs is loaded for a trace only
    from hw.rtl import RtlRun
    from sim.timeline import Timeline


class Tracer:
    """Collects the runs of a command for its `--trace` file; without one it does nothing."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._made_by = ""
        self._runs: list[tuple[str, Timeline]] = []

    def model(self, title: str, program: Program, run: ModelRun) -> None:
        if self.path is not None:
            from sim.timeline import of_model

            self._made_by = "model"
            self._runs.append((title, of_model(program, run)))

    def rtl(self, title: str, program: Program, run: "RtlRun", timing: MemoryTiming) -> None:
        if self.path is not None:
            from sim.timeline import of_rtl

            self._made_by = "rtl"
            self._runs.append((title, of_rtl(program, run, timing)))

    def write(self, about: Mapping[str, Any]) -> None:
        """The file, whole or not at all; `about` is what the viewer shows of it. Raises `RequestError`."""
        if self.path is None:
            return
        from sim.trace import events

        runs = enumerate(self._runs, 1)
        lines = [json.dumps(event, ensure_ascii=False, separators=(",", ":"))
                 for process, (title, timeline) in runs for event in events(process, title, timeline)]
        other = json.dumps({**about, "made_by": self._made_by, "time": "1 µs is 1 clock cycle"}, ensure_ascii=False)
        text = f'{{"displayTimeUnit":"ms","otherData":{other},\n"traceEvents":[\n' + ",\n".join(lines) + "\n]}\n"
        path = Path(self.path)
        try:
            part = path.with_name(f"{path.name}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        except (OSError, ValueError) as error:
            raise RequestError(f"--trace {self.path}: {getattr(error, 'strerror', None) or error}") from None
