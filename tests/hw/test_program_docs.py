"""The page and the C header are those of the command table."""

from pathlib import Path

import pytest

from hw import commands, program_docs
from hw.commands import BODY, HEADER, HEADER_BITS, PROGRAM_HEADER, Field
from hw.program_header import c_header
from hw.program_text import DOCUMENT
from hw.program_text import HEADER as C_HEADER

ROOT = Path(__file__).resolve().parents[2]
OUTDATED = "the command table has changed: run python -m hw.program_text"


def test_made_files_are_current() -> None:
    assert (ROOT / DOCUMENT).read_text() == program_docs.markdown(), OUTDATED
    assert (ROOT / C_HEADER).read_text() == c_header(), OUTDATED


def test_every_field_is_explained() -> None:
    page = (ROOT / DOCUMENT).read_text()
    for first, table in ((0, PROGRAM_HEADER), (0, HEADER), *((HEADER_BITS, fields) for fields in BODY.values())):
        for field in table:
            last = first + field.bits - 1
            bits = f"{first}–{last}" if last > first else f"{first}"
            width = f"{field.bits}, signed" if field.signed else f"{field.bits}"
            assert f"| {bits} | {width} | `{field.name}` | {field.doc} |" in page
            first = last + 1


def test_a_new_field_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    wider = (*BODY["weights"], Field("novelty", 3, "what is new"))
    monkeypatch.setattr(program_docs, "BODY", {**commands.BODY, "weights": wider})
    assert "| `novelty` | what is new |" in program_docs.markdown()
