"""`docs/program.md` is the table's."""

from pathlib import Path

import pytest

from hw import commands, program_docs
from hw.commands import BODY, HEADER, HEADER_BITS, PROGRAM_HEADER, Field
from hw.program_docs import COMMAND, main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "program.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == program_docs.program_docs(), f"the tables have changed; run: {COMMAND}"


def test_every_field_is_explained() -> None:
    page = PAGE.read_text()
    for first, table in ((0, PROGRAM_HEADER), (0, HEADER), *((HEADER_BITS, fields) for fields in BODY.values())):
        for field in table:
            last = first + field.bits - 1
            bits = f"{first}–{last}" if last > first else f"{first}"
            width = f"{field.bits}, signed" if field.signed else f"{field.bits}"
            assert f"| {bits} | {width} | `{field.name}` | {field.doc} |" in page
            first = last + 1


def test_a_new_field_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wider = (*BODY["weights"], Field("novelty", 3, "what is new"))
    monkeypatch.setattr(program_docs, "BODY", {**commands.BODY, "weights": wider})
    assert main([str(tmp_path / "page.md")]) == 0
    assert "| `novelty` | what is new |" in (tmp_path / "page.md").read_text()


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert COMMAND in capsys.readouterr().err
