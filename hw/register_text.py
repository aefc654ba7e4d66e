"""``python -m hw.register_text``: writes ``docs/registers.md`` and the C header from the two tables."""

from pathlib import Path

from hw.account import COUNTED, COUNTERS, KEYS
from hw.faults import FAULTS, SOURCES
from hw.registers import ADDRESS_BITS, BASE_ALIGNMENT, REGISTERS

DOCUMENT = Path("docs/registers.md")
HEADER = Path("hw/driver/sepconv_registers.h")

_INTRODUCTION = (
    f"An AXI4-Lite port of {1 << ADDRESS_BITS} bytes; registers of 32 bits, byte strobes are obeyed. Offsets not"
    " listed, writes to read-only registers (`ro`), values a register can't hold and settings written while the"
    " engine is not at rest (`busy`, `error` and `halting` all 0) are answered with SLVERR and change nothing. Windows"
    " are inclusive; after reset they are empty, and the engine can touch nothing. Addresses are counted from BASE: to"
    " each that goes out on the bus it is added, in no cycle of its own. ACCOUNT and what follows belong to the stall"
    " account, whose keys `hw/account.py` defines; in an engine without `counters` they read as 0, and ACCOUNT can't be"
    " written. Counters may be read at any time, and are exact; a read takes up to 34 cycles. The cycles a unit was"
    " idle are the rest of all cycles.")
_ERRORS = ("The first fault wins. From then on no burst is asked for; when the open ones are done the interrupt rises,"
           " and a soft reset makes the engine ready for the next program.")


def markdown() -> str:
    """The text of `DOCUMENT`."""
    lines = [
        "# Registers", "",
        "Made by `python -m hw.register_text` from `hw/registers.py` and `hw/faults.py`; a test compares them.", "",
        _INTRODUCTION, "",
        "| offset | register | access | after reset | meaning |", "|---|---|---|---|---|",
    ]
    for register in REGISTERS:
        reset = "" if register.name == "CONFIG" else f"`{register.reset:#010x}`" if register.reset else "0"
        access = f"{register.access}, setting" if register.setting else register.access
        lines.append(f"| `{register.offset:#04x}` | {register.name} | {access} | {reset} | {register.doc} |")
    lines += ["", "## Fields", "", "| register | bits | field | meaning |", "|---|---|---|---|"]
    for register in REGISTERS:
        for field in register.fields:
            high = field.low + field.bits - 1
            bits = f"{field.low}" if field.bits == 1 else f"{high}:{field.low}"
            lines.append(f"| {register.name} | {bits} | {field.name} | {field.doc} |")
    lines += ["", "## Errors", "",
              _ERRORS, "",
              "| code | name | what happened | ERROR_COMMAND | ERROR_ADDRESS |", "|---|---|---|---|---|"]
    for fault in FAULTS:
        cells = (fault.code, fault.name, fault.text, fault.command or 0, fault.address or 0)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "Units: " + ", ".join(f"{index} `{name}`" for index, name in enumerate(SOURCES)) + ".", ""]
    return "\n".join(lines)


def c_header() -> str:
    """The text of `HEADER`."""
    lines = ["/* Registers of sepconv. Made by `python -m hw.register_text`; do not edit. */",
             "#ifndef SEPCONV_REGISTERS_H", "#define SEPCONV_REGISTERS_H", "",
             "/* Bytes BASE must be a multiple of. */", f"#define SEPCONV_BASE_ALIGNMENT {BASE_ALIGNMENT}u", ""]
    for register in REGISTERS:
        lines += [f"/* {register.doc} ({register.access}) */",
                  f"#define SEPCONV_{register.name} {register.offset:#04x}u"]
        if register.reset:
            lines.append(f"#define SEPCONV_{register.name}_RESET {register.reset:#010x}u")
        for field in register.fields:
            name = f"SEPCONV_{register.name}_{field.name.upper()}"
            lines += [f"#define {name}_SHIFT {field.low}u", f"#define {name}_MASK {field.mask:#x}u"]
    lines += ["", "/* All of them: ENTRY(offset). */", "#define SEPCONV_REGISTERS(ENTRY) \\"]
    lines += [f"    ENTRY(SEPCONV_{register.name}) \\" for register in REGISTERS]
    lines[-1] = lines[-1].removesuffix(" \\")
    lines += ["", "/* Units and keys of the stall account. */"]
    lines += [f"#define SEPCONV_ACCOUNTED_{unit.upper()} {index}u" for index, unit in enumerate(COUNTED)]
    lines += [f"#define SEPCONV_KEY_{key.upper()} {index}u" for index, key in enumerate(KEYS)]
    lines += [f"#define SEPCONV_ACCOUNTED {len(COUNTED)}u", f"#define SEPCONV_KEYS {len(KEYS)}u"]
    lines += ["", "/* Its counters: ENTRY(unit, key), in the order of their registers. */",
              "#define SEPCONV_COUNTERS(ENTRY) \\"]
    lines += [f"    ENTRY({tuple(COUNTED).index(unit)}u, {KEYS.index(key)}u) \\" for unit, key in COUNTERS]
    lines[-1] = lines[-1].removesuffix(" \\")
    lines += ["", "/* Codes of the field `code` of ERROR. */"]
    lines += [f"#define SEPCONV_FAULT_{fault.name.upper()} {fault.code}u /* {fault.text} */" for fault in FAULTS]
    lines += ["", "/* Codes of the field `unit` of ERROR. */"]
    lines += [f"#define SEPCONV_UNIT_{name.upper()} {index}u" for index, name in enumerate(SOURCES)]
    lines += ["", "/* All of them: ENTRY(code, name, text). */", "#define SEPCONV_FAULTS(ENTRY) \\"]
    lines += [f'    ENTRY({fault.code}u, "{fault.name}", "{fault.text}") \\' for fault in FAULTS]
    lines[-1] = lines[-1].removesuffix(" \\")
    lines += ["", "/* Names of the units: ENTRY(code, name). */", "#define SEPCONV_UNITS(ENTRY) \\"]
    lines += [f'    ENTRY({index}u, "{name}") \\' for index, name in enumerate(SOURCES)]
    lines[-1] = lines[-1].removesuffix(" \\")
    return "\n".join([*lines, "", "#endif", ""])


def main() -> None:
    HEADER.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(markdown())
    HEADER.write_text(c_header())


if __name__ == "__main__":
    main()
