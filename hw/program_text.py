"""``python -m hw.program_text``: writes ``docs/program.md`` and the C header from the command table."""

from pathlib import Path

from hw.program_docs import markdown
from hw.program_header import c_header

DOCUMENT = Path("docs/program.md")
HEADER = Path("hw/driver/sepconv_program.h")


def main() -> None:
    DOCUMENT.write_text(markdown(), encoding="utf-8")
    HEADER.write_text(c_header(), encoding="utf-8")


if __name__ == "__main__":
    main()
