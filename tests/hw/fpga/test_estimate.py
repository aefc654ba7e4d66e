"""Clocks by levels of logic, of netlists small enough to be counted by hand."""

import pytest

from hw.fpga.estimate import PathRule, logic_levels


def cell(kind: str, output: list[int], *inputs: list[int]) -> dict:
    ports = {"O": output, **{f"I{index}": bits for index, bits in enumerate(inputs)}}
    return {"type": kind, "connections": ports,
            "port_directions": {port: "output" if port == "O" else "input" for port in ports}}


PATH = {
    "first": cell("FDRE", [1], [9]), "a": cell("LUT6", [2], [1]), "chain": cell("CARRY4", [3, 4], [2]),
    "b": cell("LUT2", [5], [4, 1]), "wide": cell("MUXF7", [6], [5]), "memory": cell("RAMB18E1", [7], [6]),
    "c": cell("LUT4", [8], [7]), "last": cell("FDSE", [9], [8]),
}  # fmt: skip


def test_levels() -> None:
    """Two lookup tables in front of the memory, one behind it; the chain and the wide multiplexer are beside them."""
    assert logic_levels(PATH) == 2


def test_registers_end_a_path() -> None:
    assert logic_levels(PATH | {"memory": cell("LUT1", [7], [6])}) == 4


def test_what_is_written_does_not_go_on() -> None:
    """A memory of lookup tables that takes what is worked out from its output: through its address there is a loop."""
    ports = {"O": [1], "DI": [2], "WE": [2], "ADDR": [9]}
    memory = {"type": "RAM32M", "connections": ports,
              "port_directions": dict.fromkeys(ports, "input") | {"O": "output"}}  # fmt: skip
    cells = {"memory": memory, "next": cell("LUT2", [2], [1])}
    assert logic_levels(cells) == 2
    with pytest.raises(ValueError, match="depends on itself"):
        logic_levels(cells | {"memory": memory | {"connections": ports | {"ADDR": [2]}}})


def test_loop() -> None:
    with pytest.raises(ValueError, match="depends on itself"):
        logic_levels({"a": cell("LUT2", [1], [2]), "b": cell("LUT2", [2], [1])})


def test_rule() -> None:
    assert PathRule(ends_ns=1, level_ns=2).clock_mhz(4) == pytest.approx(1000 / 11)
