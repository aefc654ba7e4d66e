"""The C header reads what the Python encoder writes, and writes the same."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from hw.commands import (
    BLOCK_BYTES,
    BODY,
    CHECKSUM_BYTES,
    COUNT_BITS,
    HEADER,
    UNITS,
    Command,
    Field,
    decode_program,
    encode_program,
)
from hw.program_header import RECORDS, c_header

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def _shown(name: str) -> str:
    """C that reads a record of `block`, prints its fields, and writes it into `copy`."""
    lines = [f'printf(" {field.name}=%lld", (long long)fields.{field.name});' for field, _ in RECORDS[name]]
    return "\n".join([f"struct sepconv_{name} fields = sepconv_read_{name}(block);", *lines,
                      f'if (!sepconv_write_{name}(copy, &fields)) printf(" too wide");'])


def _source() -> str:
    """Program that prints each block of its standard input: its fields, and whether it can be made from them."""
    cases = "\n".join(f"case SEPCONV_{unit.upper()}: {{ {_shown(unit)}\nbreak; }}" for unit in UNITS)
    return f"""
#include <stdio.h>
#include <string.h>
#include "sepconv_program.h"
int main(void) {{
    uint8_t block[SEPCONV_BLOCK_BYTES], copy[SEPCONV_BLOCK_BYTES];
    for (int index = 0; fread(block, 1, sizeof block, stdin) == sizeof block; ++index) {{
        if (!sepconv_intact(block)) {{ printf("broken\\n"); continue; }}
        memset(copy, 0, sizeof copy);
        if (index == 0) {{
            {_shown("program")}
            printf(fields.magic == SEPCONV_MAGIC && fields.version == SEPCONV_FORMAT_VERSION ? " ours" : " other");
        }} else {{
            const struct sepconv_header header = sepconv_read_header(block);
            {{ {_shown("header")} }}
            switch (header.unit) {{ {cases} default: printf(" unknown unit"); }}
        }}
        sepconv_seal(copy);
        printf(memcmp(block, copy, sizeof block) ? " differs\\n" : " same\\n");
    }}
    return 0;
}}
"""


def _compile(folder: Path, source: str) -> Path:
    compiler = shutil.which("cc")
    assert compiler, "cc is missing: install a C compiler"
    (folder / "sepconv_program.h").write_text(c_header())
    (folder / "main.c").write_text(source)
    result = subprocess.run([compiler, *FLAGS, "-o", folder / "main", folder / "main.c"],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder / "main"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _compile(tmp_path_factory.mktemp("header"), _source())


def _read(reader: Path, program: bytes) -> list[str]:
    return subprocess.run([reader], input=program, capture_output=True, check=True).stdout.decode().splitlines()


def _limits(field: Field) -> tuple[int, int]:
    return (-(1 << field.bits - 1), (1 << field.bits - 1) - 1) if field.signed else (0, (1 << field.bits) - 1)


def _random_command(rng: random.Random, unit: str) -> Command:
    def value(field: Field) -> int:
        low, high = _limits(field)
        return rng.choice((low, high, rng.randint(low, high)))

    return Command(unit=unit, layer=rng.randrange(1024), fields={field.name: value(field) for field in BODY[unit]},
                   waits={name: rng.randrange(1, 1 << COUNT_BITS) for name in UNITS if rng.random() < 0.5},
                   space=frozenset(name for name in UNITS if rng.random() < 0.5))


def _words(values: dict[str, int]) -> str:
    return "".join(f" {name}={value}" for name, value in values.items())


def test_blocks_are_read_and_made_again(reader: Path) -> None:
    rng = random.Random(0)
    commands = [_random_command(rng, unit) for unit in UNITS for _ in range(40)]
    program = encode_program(rng.getrandbits(32), commands)
    header, _ = decode_program(program)
    lines = _read(reader, program)
    assert lines[0] == f"{_words(header)} ours same"
    for command, line in zip(commands, lines[1:], strict=True):
        common = {"unit": UNITS.index(command.unit), "layer": command.layer,
                  **{f"wait_{name}": command.waits.get(name, 0) for name in UNITS},
                  "space": sum(1 << index for index, name in enumerate(UNITS) if name in command.space),
                  "tag": header["tag"]}
        assert list(common) == [field.name for field in HEADER]
        ordered = {field.name: command.fields[field.name] for field in BODY[command.unit]}
        assert line == f"{_words(common)}{_words(ordered)} same"


def test_broken_blocks_are_seen(reader: Path) -> None:
    rng = random.Random(1)
    program = bytearray(encode_program(7, [_random_command(rng, "load") for _ in range(20)]))
    for block in range(20):
        program[block * BLOCK_BYTES + rng.randrange(BLOCK_BYTES)] ^= 1 << rng.randrange(8)
    lines = _read(reader, bytes(program))
    assert lines[:20] == ["broken"] * 20
    assert lines[20].endswith("same")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Each field, one beyond either end: the write function says so, and writes no other field's bits."""
    checks = []
    for name, fields in RECORDS.items():
        for field, first in fields:
            low, high = _limits(field)
            for value, fits in ((low, 1), (high, 1), (low - 1, 0), (high + 1, 0)):
                if (0 if not field.signed else -(1 << 31)) <= value < 1 << 32:
                    checks.append(f"""{{
struct sepconv_{name} fields;
memset(&fields, 0, sizeof fields); memset(block, 0, sizeof block);
fields.{field.name} = {value}{"" if field.signed else "u"};
if (sepconv_write_{name}(block, &fields) != {fits}) printf("{name}.{field.name}={value}\\n");
sepconv_put(block, {first}, {field.bits}, 0);
for (unsigned i = 0; i < sizeof block; ++i) if (block[i]) printf("{name}.{field.name} spills\\n");
}}""")
    source = (f'#include <stdio.h>\n#include <string.h>\n#include "sepconv_program.h"\n'
              f"int main(void) {{ uint8_t block[SEPCONV_BLOCK_BYTES]; {' '.join(checks)} return 0; }}\n")
    assert subprocess.run([_compile(tmp_path, source)], capture_output=True, check=True).stdout == b""
    assert len(checks) > 2 * sum(len(fields) for fields in RECORDS.values())


def test_checksum_ends_the_block() -> None:
    last = max(first + field.bits for fields in RECORDS.values() for field, first in fields)
    assert last <= 8 * (BLOCK_BYTES - CHECKSUM_BYTES)
