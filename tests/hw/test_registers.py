"""The tables of registers and faults: no overlaps, and what is made from them is what is checked in."""

from pathlib import Path

from hw.account import COUNTERS, KEYS
from hw.faults import FAULTS, SOURCES, describe
from hw.register_text import DOCUMENT, HEADER, c_header, markdown
from hw.registers import ADDRESS_BITS, BY_NAME, REGISTERS, account_of, counter_name

ROOT = Path(__file__).parents[2]


def test_made_files_are_current() -> None:
    """`python -m hw.register_text` makes them."""
    assert (ROOT / DOCUMENT).read_text() == markdown()
    assert (ROOT / HEADER).read_text() == c_header()


def test_registers_do_not_overlap() -> None:
    offsets = [register.offset for register in REGISTERS]
    assert offsets == sorted(set(offsets))
    assert all(offset % 4 == 0 and offset < 1 << ADDRESS_BITS for offset in offsets)
    assert len(BY_NAME) == len(REGISTERS)
    for register in REGISTERS:
        masks = [field.mask for field in register.fields]
        assert sum(masks) == sum(1 << bit for bit in range(32) if any(mask >> bit & 1 for mask in masks))
        assert not register.fields or register.reset & ~sum(masks) == 0


def test_counters_lie_one_behind_the_other() -> None:
    """From ACCOUNT on: the C driver and the gateware count on it."""
    offsets = [BY_NAME[counter_name(*counter)].offset for counter in COUNTERS]
    assert offsets == [BY_NAME["ACCOUNT"].offset + 4 * (index + 1) for index in range(len(COUNTERS))]
    assert offsets[0] % (1 << (4 * len(offsets) - 1).bit_length()) == 0


def test_account_is_made_of_registers() -> None:
    registers = {counter_name(*counter): index for index, counter in enumerate(COUNTERS)}
    account = account_of(registers, 1000)
    assert {counter: account[counter[0]][counter[1]] for counter in COUNTERS} == dict(
        zip(COUNTERS, range(len(COUNTERS)), strict=True))
    assert all(tuple(keys) == KEYS and sum(keys.values()) == 1000 for keys in account.values())


def test_faults_are_told_apart() -> None:
    field = BY_NAME["ERROR"].field("code")
    assert len({fault.code for fault in FAULTS}) == len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(0 < fault.code < 1 << field.bits for fault in FAULTS)
    assert len(SOURCES) <= 1 << BY_NAME["ERROR"].field("unit").bits


def test_description_says_where() -> None:
    fetch, store = SOURCES.index("fetch"), SOURCES.index("store")
    text = "error 3 (checksum): a block of the program is broken [fetch, block 7, address 0x1240]"
    assert describe(3, fetch, 7, 0x1240) == text
    assert describe(16, store, 2, 0).endswith("[store, command 2]")
    assert describe(18, SOURCES.index("host"), 0, 0) == "error 18 (stopped): the host stopped the engine"
    assert describe(99, 0, 0, 0) == "unknown error 99"
