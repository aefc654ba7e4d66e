"""Output registers of block memories."""

from typing import Any

import pytest

from hw.fpga.memories import use_output_registers

CLOCK, OTHER_CLOCK, ENABLE = 1, 2, 3


def register(data: int, output: int, **changes: Any) -> dict[str, Any]:
    wires = {"CLK": [CLOCK], "DI": [data], "LSR": ["0"], "Q": [output]} | changes.get("wires", {})
    return {"type": "TRELLIS_FF", "connections": wires,
            "port_directions": {port: "output" if port == "Q" else "input" for port in wires},
            "parameters": {"CLKMUX": "CLK", "CEMUX": "1 "} | changes.get("parameters", {})}


def memory(width: int, **outputs: int) -> dict[str, Any]:
    wires = {"CLKA": [OTHER_CLOCK], "CLKB": [CLOCK], **{name: [bit] for name, bit in outputs.items()},
             **{f"{kind}{port}": [level] for port in "AB"
                for kind, level in (("CE", "1"), ("OCE", "1"), ("RST", "0"))}}
    return {"type": "DP16KD", "connections": wires,
            "port_directions": {port: "output" if port.startswith("DO") else "input" for port in wires},
            "parameters": {"DATA_WIDTH_B": f"{width:032b}", "REGMODE_A": "NOREG", "REGMODE_B": "NOREG",
                           "CLKAMUX": "CLKA", "CLKBMUX": "CLKB"}}


def test_registers_move_into_the_memory() -> None:
    cells = {"memory": memory(9, DOB0=10, DOB1=11, DOB2=12), "first": register(10, 20), "second": register(11, 21)}
    use_output_registers(cells)  # bit 12 goes nowhere
    assert set(cells) == {"memory"}
    assert cells["memory"]["connections"] | {"DOB0": [20], "DOB1": [21]} == cells["memory"]["connections"]
    assert cells["memory"]["parameters"]["REGMODE_B"] == "OUTREG"
    assert cells["memory"]["parameters"]["REGMODE_A"] == "NOREG"


def test_a_word_of_both_ports_is_one() -> None:
    cells = {"memory": memory(36, DOB0=10, DOA0=11), "low": register(10, 20), "high": register(11, 21)}
    use_output_registers(cells)
    assert set(cells) == {"memory"}
    assert {cells["memory"]["parameters"][f"REGMODE_{port}"] for port in "AB"} == {"OUTREG"}


@pytest.mark.parametrize("other", [
    register(11, 21, wires={"CLK": [OTHER_CLOCK]}),
    register(11, 21, wires={"LSR": [4]}),
    register(11, 21, wires={"CE": [ENABLE]}, parameters={"CEMUX": "CE"}),
    register(11, 21, parameters={"CLKMUX": "INV"}),
    {"type": "LUT4", "connections": {"A": [11], "Z": [21]}, "port_directions": {"A": "input", "Z": "output"},
     "parameters": {}},
], ids=["clock", "reset", "enable", "edge", "logic"])
def test_none_moves_if_one_can_not(other: dict[str, Any]) -> None:
    cells = {"memory": memory(9, DOB0=10, DOB1=11), "first": register(10, 20), "second": other}
    use_output_registers(cells)
    assert set(cells) == {"memory", "first", "second"}
    assert cells["memory"]["parameters"]["REGMODE_B"] == "NOREG"
    assert cells["memory"]["connections"]["DOB0"] == [10]


def test_a_word_that_is_seen_elsewhere_stays() -> None:
    cells = {"memory": memory(9, DOB0=10), "first": register(10, 20), "second": register(10, 21)}
    use_output_registers(cells)
    assert len(cells) == 3
    assert cells["memory"]["parameters"]["REGMODE_B"] == "NOREG"


@pytest.mark.parametrize(("place", "name", "value"), [
    ("connections", "CEB", [ENABLE]), ("connections", "OCEB", [ENABLE]), ("connections", "RSTB", [4]),
    ("parameters", "CLKBMUX", "INV"),
])
def test_a_memory_that_does_not_take_each_word_keeps_its_registers(place: str, name: str, value: object) -> None:
    cells = {"memory": memory(9, DOB0=10), "first": register(10, 20)}
    cells["memory"][place][name] = value
    use_output_registers(cells)
    assert len(cells) == 2
    assert cells["memory"]["parameters"]["REGMODE_B"] == "NOREG"
