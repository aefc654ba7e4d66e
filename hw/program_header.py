"""The text of `hw/driver/sepconv_program.h`: the format of programs in C99, from the tables of `hw.commands`."""

from collections.abc import Iterable

from hw.commands import (
    BLOCK_BYTES,
    BODY,
    CHECKSUM_BYTES,
    FORMAT_VERSION,
    HEADER,
    HEADER_BITS,
    MAGIC,
    PROGRAM_HEADER,
    UNITS,
    Field,
    positions,
)

RECORDS: dict[str, list[tuple[Field, int]]] = {
    "program": list(positions(PROGRAM_HEADER)), "header": list(positions(HEADER)),
    **{unit: list(positions(BODY[unit], HEADER_BITS)) for unit in UNITS},
}
"""By name: the fields of a block's parts, with the bit of the block each begins at."""

START = f"""/* Programs of sepconv: fields of their blocks, functions that read and write them.
 *
 * Made by `python -m hw.program_text`; do not edit. docs/program.md explains the format.
 *
 * To read a block: sepconv_intact, then sepconv_read_program for the first one, or sepconv_read_header and, by its
 * unit, sepconv_read_UNIT. To make one: clear it, sepconv_write_header and sepconv_write_UNIT (0 if a field can't hold
 * its value), then sepconv_seal.
 */
#ifndef SEPCONV_PROGRAM_H
#define SEPCONV_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define SEPCONV_BLOCK_BYTES {BLOCK_BYTES}
#define SEPCONV_CHECKSUM_BYTES {CHECKSUM_BYTES}
#define SEPCONV_MAGIC {MAGIC:#010x}
#define SEPCONV_FORMAT_VERSION {FORMAT_VERSION}
"""

FUNCTIONS = """
/* CRC-32 (ISO-HDLC) of `size` bytes. */
static inline uint32_t sepconv_checksum(const uint8_t *data, size_t size) {
    uint32_t sum = 0xffffffff;
    for (size_t i = 0; i < size; ++i) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/* `bits` bits of a block from bit `first` on. */
static inline uint32_t sepconv_get(const uint8_t *block, unsigned first, unsigned bits) {
    uint32_t value = 0;
    for (unsigned i = 0; i < bits; ++i) {
        const unsigned bit = first + i;
        value |= (uint32_t)(block[bit / 8] >> bit % 8 & 1) << i;
    }
    return value;
}

/* The same in two's complement. */
static inline int32_t sepconv_get_signed(const uint8_t *block, unsigned first, unsigned bits) {
    const uint32_t value = sepconv_get(block, first, bits);
    return (int32_t)((int64_t)value - ((int64_t)(value >> (bits - 1)) << bits));
}

/* Writes the lowest `bits` bits of `value`; 0 if they do not hold all of it. */
static inline int sepconv_put(uint8_t *block, unsigned first, unsigned bits, uint32_t value) {
    for (unsigned i = 0; i < bits; ++i) {
        const unsigned bit = first + i;
        block[bit / 8] = (uint8_t)((block[bit / 8] & ~(1u << bit % 8)) | (value >> i & 1) << bit % 8);
    }
    return (uint64_t)value >> bits == 0;
}

/* The same in two's complement. */
static inline int sepconv_put_signed(uint8_t *block, unsigned first, unsigned bits, int32_t value) {
    sepconv_put(block, first, bits, (uint32_t)value);
    return sepconv_get_signed(block, first, bits) == value;
}

/* Whether a block's checksum is right. */
static inline int sepconv_intact(const uint8_t *block) {
    const unsigned size = SEPCONV_BLOCK_BYTES - SEPCONV_CHECKSUM_BYTES;
    return sepconv_get(block, 8 * size, 8 * SEPCONV_CHECKSUM_BYTES) == sepconv_checksum(block, size);
}

/* Gives a block its checksum. */
static inline void sepconv_seal(uint8_t *block) {
    const unsigned size = SEPCONV_BLOCK_BYTES - SEPCONV_CHECKSUM_BYTES;
    sepconv_put(block, 8 * size, 8 * SEPCONV_CHECKSUM_BYTES, sepconv_checksum(block, size));
}
"""


def _record(name: str, fields: Iterable[tuple[Field, int]]) -> str:
    members, reads, writes = [], [], []
    for field, first in fields:
        suffix, kind = ("_signed", "int32_t") if field.signed else ("", "uint32_t")
        members.append(f"    {kind} {field.name}; /* {field.doc} */")
        reads.append(f"    fields.{field.name} = sepconv_get{suffix}(block, {first}, {field.bits});")
        writes.append(f"    fits &= sepconv_put{suffix}(block, {first}, {field.bits}, fields->{field.name});")
    return "\n".join([
        "", f"struct sepconv_{name} {{", *members, "};", "",
        f"static inline struct sepconv_{name} sepconv_read_{name}(const uint8_t *block) {{",
        f"    struct sepconv_{name} fields;", *reads, "    return fields;", "}", "",
        f"static inline int sepconv_write_{name}(uint8_t *block, const struct sepconv_{name} *fields) {{",
        "    int fits = 1;", *writes, "    return fits;", "}", ""])


def c_header() -> str:
    """The header."""
    units = "\n".join(f"    SEPCONV_{unit.upper()} = {code}," for code, unit in enumerate(UNITS))
    enumeration = f"\nenum sepconv_unit {{\n{units.removesuffix(',')}\n}};\n"
    records = "".join(_record(name, fields) for name, fields in RECORDS.items())
    return f"{START}{enumeration}{FUNCTIONS}{records}\n#endif\n"
