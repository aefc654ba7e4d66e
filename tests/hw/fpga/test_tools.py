"""Running a tool in a process of its own."""

import threading
import time
from pathlib import Path

import pytest

from hw.fpga import tools
from hw.verilator import ToolError


def test_tools_of_other_threads_are_stopped(tmp_path: Path) -> None:
    """What waits for them goes on with an error, not with a result."""
    came: list[str] = []

    def wait() -> None:
        with pytest.raises(ToolError, match="sleeper failed"):
            tools.run("import time; print('up', flush=True); time.sleep(60)", (), title="sleeper",
                      log=tmp_path / "log", milestones={"up": "up"})
        came.append("ended")

    thread = threading.Thread(target=wait)
    thread.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "log").exists() or "up" not in (tmp_path / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    tools.stop_all()
    thread.join(timeout=30)
    assert came == ["ended"]
