"""The first adder of a carry chain."""

from hw.fpga.carries import open_carries


def test_constant_inputs_are_opened() -> None:
    cells = {
        "low": {"type": "VLO", "connections": {"Z": [5]}},
        "first": {"type": "CCU2", "connections": {"CIN": [5], "A0": [5], "COUT": [7]}},
        "second": {"type": "CCU2", "connections": {"CIN": [7], "COUT": [8]}},
        "other": {"type": "CCU2", "connections": {"CIN": ["0"]}},
        "lookup": {"type": "LUT4", "connections": {"CIN": [5]}},
    }
    open_carries(cells)
    assert cells["first"]["connections"] == {"A0": [5], "COUT": [7]}
    assert cells["second"]["connections"] == {"CIN": [7], "COUT": [8]}
    assert cells["other"]["connections"] == {}
    assert cells["lookup"]["connections"] == {"CIN": [5]}
