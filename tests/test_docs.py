"""The documents say what is: their commands run, their tables are the code's."""

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from tests.bench import readme
from tests.bench.best import engines, timed
from tests.bench.networks import NETWORKS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()

NOT_HERE = ("make test", "make models", "make cocotb", "make fpga CONFIG=pe64 TARGET=lfe5u-45f ROUTE=0")
"""Commands this very test is part of, that download, that have tests of their own, or that take minutes."""


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def runs_here(command: str) -> bool:
    if command in NOT_HERE:
        return False
    model = re.search(r"MODEL=(\S+)", command)
    return model is None or (ROOT / model[1]).exists()


@pytest.mark.parametrize("command", [command for command in commands(README) if runs_here(command)])
def test_readme_command(command: str) -> None:
    result = subprocess.run(command.split(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_readme_names_the_two_commands() -> None:
    assert commands(README)[:2] == ["make sim LAYER=conv_dw_5", "make test"]


def test_every_target_has_help() -> None:
    targets = re.findall(r"^([a-z-]+):(?! *=)(.*)", MAKEFILE, re.MULTILINE)
    assert {name for name, rest in targets if "##" not in rest} == set()
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name, _ in targets:
        assert f"  {name} " in shown


def test_every_make_variable_has_help() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    used = set(re.findall(r"call option,([A-Z]+)", MAKEFILE)) | {"LAYER", "WAVES"}
    assert {name for name in used if name not in shown} == set()


def test_readme_has_every_parameter() -> None:
    fields = {field.name for field in dataclasses.fields(EngineConfig)} - {"name"}
    fields |= {field.name for field in dataclasses.fields(MemoryTiming)}
    assert {name for name in fields if f"`{name}`" not in README} == set()


def test_readme_numbers_are_the_models() -> None:
    assert readme.renewed(README) == README


def test_performance_page_has_the_same_cycles() -> None:
    """Whether they are the RTL's too, `make bench` looks; here, that the page was not left behind."""
    page = (ROOT / "docs" / "performance.md").read_text()
    rows = [row.split(" | ") for row in readme.networks().splitlines()[2:]]
    assert rows
    for title, cycles, *_ in rows:
        assert re.search(rf"^{re.escape(title)} \| `\w+` \| {cycles} \|", page, re.MULTILINE), title


def test_performance_page_has_engines_of_the_row() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    rows = re.findall(r"^\| (.*) \| `(pe256\S*)` \| ([\d,]+) \| ([\d.]+%) \|$", page, re.MULTILINE)
    assert {title for title, *_ in rows} == set(NETWORKS)
    for title, settings, cycles, utilisation in rows:
        assert settings in engines()
        found = timed(title, settings)
        assert (f"{found.cycles:,}", f"{found.utilisation:.1%}") == (cycles, utilisation)


def test_files_named_in_the_documents_exist() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = document.read_text()
        for name in re.findall(r"`((?:hw|sim|golden|tests|docs)/[\w./]+\.\w+)`", text):
            assert (ROOT / name).exists(), f"{document.name}: {name}"
