"""Addresses of small memories."""

from hw.fpga.addresses import open_addresses


def test_only_what_is_zero_for_both_is_opened() -> None:
    cells = {
        "memory": {"type": "TRELLIS_DPR16X4",
                   "connections": {"RAD": [5, "0", "0", "1"], "WAD": [6, 7, "0", "1"], "DI": ["0", "0", "0", "0"]}},
        "lookup": {"type": "LUT4", "connections": {"RAD": ["0"], "WAD": ["0"]}},
    }
    open_addresses(cells)
    assert cells["memory"]["connections"] == {
        "RAD": [5, "0", "z", "1"], "WAD": [6, 7, "z", "1"], "DI": ["0", "0", "0", "0"]}
    assert cells["lookup"]["connections"] == {"RAD": ["0"], "WAD": ["0"]}
