"""The Python driver against a mock that checks what it is told to do."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from hw.account import COUNTERS
from hw.driver.driver import Driver
from hw.driver.errors import DriverError, EngineFaultError, EngineTimeoutError
from hw.driver.mapped import MappedBus
from hw.faults import BY_CODE, CODES, FAULTS
from hw.registers import ADDRESS_BITS, OFFSET
from tests.support.cases import CASES
from tests.support.configs import SKEW, TINY
from tests.support.mock_engine import MockEngine, Stop, mock_for

CASE = CASES["two_pairs"]
PROGRAM = CASE.program(TINY, 0)


def loaded(**options) -> tuple[Driver, MockEngine]:
    mock = mock_for(CASE, PROGRAM, 0, **options)
    driver = Driver(mock)
    driver.load(PROGRAM)
    return driver, mock


def test_runs_one_input_after_another() -> None:
    driver, mock = loaded()
    for seed in (0, 1, 2):
        values = CASE.values(seed)
        np.testing.assert_array_equal(driver.run(values), CASE.computed(values, 0), strict=True)
    assert mock.starts == 3
    assert mock.waits >= 3  # it looked, and waited between looks
    assert mock.registers["INTERRUPT"] == 2  # enabled, and no longer pending


def test_counters() -> None:
    driver, _ = loaded()
    driver.run(CASE.values(0))
    counters = driver.counters()
    assert counters.cycles == 5 << 32 | 1234
    assert (counters.read_beats, counters.write_beats) == (56, 7)
    commands = [command.unit for command in PROGRAM.commands]
    assert counters.ended == {unit: commands.count(unit) for unit in counters.ended}


def test_account() -> None:
    driver, _ = loaded()
    driver.run(CASE.values(0))
    account = driver.account()
    assert {counter: account[counter[0]][counter[1]] for counter in COUNTERS} == {
        counter: 3 * index for index, counter in enumerate(COUNTERS)}
    assert all(sum(keys.values()) == 5 << 32 | 1234 for keys in account.values())


def test_account_of_one_layer() -> None:
    driver, mock = loaded()
    for layer, value in ((PROGRAM.layers[1], 1 | 1 << 10), (None, 0)):
        driver.count_layer(layer)
        assert mock.registers["ACCOUNT"] == value
    with pytest.raises(DriverError, match="no layer 'conv9'; it has dw_1, "):
        driver.count_layer("conv9")
    driver.start()
    with pytest.raises(DriverError, match="busy"):
        driver.count_layer(None)


def test_engine_without_counters() -> None:
    class Quiet(MockEngine):
        """On a bus that hides responses."""

        def write32(self, offset: int, value: int) -> None:
            if offset != OFFSET["ACCOUNT"]:
                super().write32(offset, value)

    config = dataclasses.replace(TINY, counters=False)
    driver = Driver(Quiet(config, PROGRAM.memory_bytes, lambda memory, commands: None))
    driver.load(PROGRAM)
    driver.run(CASE.values(0))
    with pytest.raises(DriverError, match="made without counters"):
        driver.account()
    with pytest.raises(DriverError, match="made without counters"):
        driver.count_layer(PROGRAM.layers[0])


def test_engine_may_touch_the_program_only() -> None:
    _, mock = loaded()
    assert mock.window("READ") == (0, PROGRAM.memory_bytes - 1)
    first, last = mock.window("WRITE")
    assert len(PROGRAM.image) <= first <= PROGRAM.output.address
    assert PROGRAM.output.address + PROGRAM.output.size - 1 <= last < PROGRAM.address


@pytest.mark.parametrize(
    ("register", "value", "message"),
    [
        ("IDENTITY", 0, r"no engine: IDENTITY reads 0x00000000, must be 0x43504553"),
        ("VERSION", 1 << 16 | 9, "the engine has version 9 of program, this driver knows"),
        ("VERSION", 9 << 16, "the engine has version 9 of registers, this driver knows"),
    ],
)
def test_wrong_engine_is_refused(register: str, value: int, message: str) -> None:
    mock = mock_for(CASE, PROGRAM, 0)
    mock.registers[register] = value
    with pytest.raises(DriverError, match=message):
        Driver(mock)


def test_program_for_another_engine_is_refused() -> None:
    driver = Driver(mock_for(CASE, PROGRAM, 0))
    with pytest.raises(DriverError, match=rf"the program is for skew \({SKEW.hash:#010x}\), the engine is"):
        driver.load(CASES["pair_s1"].program(SKEW, 0))
    with pytest.raises(DriverError, match="no program is loaded"):
        driver.start()
    with pytest.raises(DriverError, match="must be a multiple of 32"):
        driver.load(dataclasses.replace(PROGRAM, address=PROGRAM.address + 16))


@pytest.mark.parametrize("base", [0x800, -4096, (1 << 32) - 4096 * (PROGRAM.memory_bytes // 4096)])
def test_buffer_out_of_reach_is_refused(base: int) -> None:
    mock = mock_for(CASE, PROGRAM, 0)
    mock.base = base
    with pytest.raises(DriverError, match=f"buffer at {base:#x}: must be a multiple of 4096 up to 0x"):
        Driver(mock).load(PROGRAM)
    assert mock.registers["BASE"] == 0


def test_setting_that_does_not_hold_is_noticed() -> None:
    class Deaf(MockEngine):
        def write32(self, offset: int, value: int) -> None:
            if offset != OFFSET["WRITE_LAST"]:
                super().write32(offset, value)

    driver = Driver(Deaf(TINY, PROGRAM.memory_bytes, lambda memory, commands: None))
    with pytest.raises(DriverError, match=r"WRITE_LAST=0x[0-9a-f]+ was refused: it reads 0x0"):
        driver.load(PROGRAM)


def test_fault_names_command_and_layer() -> None:
    driver, mock = loaded(stop=Stop(name="read_slave", source="load", index=2, address=0x1240))
    with pytest.raises(EngineFaultError) as caught:
        driver.run(CASE.values(0))
    fault = caught.value
    third = [command for command in PROGRAM.commands if command.unit == "load"][2]
    assert fault.command is third
    assert (fault.code, fault.name, fault.unit) == (CODES["read_slave"], "read_slave", "load")
    assert (fault.index, fault.layer, fault.address) == (2, "dw_1", 0x1240)
    assert str(fault) == (
        "error 8 (read_slave): the memory answered a read with SLVERR [load, command 2, address 0x1240]"
        " in layer dw_1"
    )
    with pytest.raises(DriverError, match=r"the engine has stopped, reset it: error 8 \(read_slave\)"):
        driver.start()
    driver.reset()
    mock.stop = None
    values = CASE.values(0)
    np.testing.assert_array_equal(driver.run(values), CASE.computed(values, 0), strict=True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_told(fault) -> None:
    """Of `fetch`, the block is looked up in program order; the program's header is no command."""
    for block in (0, 5):
        driver, _ = loaded(stop=Stop(name=fault.name, source="fetch", index=block, address=64))
        with pytest.raises(EngineFaultError) as caught:
            driver.run(CASE.values(0))
        assert caught.value.code == fault.code
        assert fault.text in str(caught.value)
        assert caught.value.address == (64 if fault.address else None)
        wanted = PROGRAM.commands[4] if block and fault.command else None
        assert caught.value.command is wanted
        assert caught.value.layer == (PROGRAM.layers[wanted.layer] if wanted else "")


def test_unknown_fault_and_index_beyond_the_program() -> None:
    code = max(BY_CODE) + 1
    fault = EngineFaultError(code=code, source=7, index=9, address=1, program=PROGRAM)
    assert str(fault) == f"unknown error {code}"
    assert (fault.name, fault.unit, fault.command, fault.layer, fault.address) == ("", "", None, "", None)
    beyond = EngineFaultError(code=CODES["deadlock"], source=4, index=999, address=0, program=PROGRAM)
    assert beyond.command is None
    assert "store, command 999" in str(beyond)


def test_endless_program_times_out_and_can_be_stopped() -> None:
    driver, _ = loaded(patience=None)
    driver.write_input(CASE.values(0))
    driver.start()
    with pytest.raises(EngineTimeoutError, match=r"still busy after 0.01 s; commands ended: load 0, weights 0"):
        driver.wait(0.01)
    with pytest.raises(DriverError, match="the engine is busy"):
        driver.load(PROGRAM)
    driver.stop()
    with pytest.raises(EngineFaultError, match="the host stopped the engine"):
        driver.wait(math.inf)
    driver.reset()
    with pytest.raises(DriverError, match="it was not started, or was reset"):
        driver.wait()


def test_reset_that_does_not_end() -> None:
    driver, mock = loaded()
    driver.reset()
    mock.read32 = lambda offset: 8  # halting
    with pytest.raises(EngineTimeoutError, match="open bursts have not been answered"):
        driver.reset(0.01)


def test_mapped_bus(tmp_path: Path) -> None:
    """Two files stand for the registers and the memory, each from its second page on."""
    page = 4096
    registers, memory = tmp_path / "registers", tmp_path / "memory"
    registers.write_bytes(bytes(page + (1 << ADDRESS_BITS)))
    memory.write_bytes(bytes(range(256)) * 48)
    bus = MappedBus(registers, memory, 2 * page, base=7 * page, registers_offset=page, memory_offset=page)
    assert bus.base == 7 * page
    bus.write32(OFFSET["READ_LAST"], 0x89ABCDEF)
    assert bus.read32(OFFSET["READ_LAST"]) == 0x89ABCDEF
    bus.write_memory(300, b"abc")
    assert bus.read_memory(299, 5) == bytes([43]) + b"abc" + bytes([47])
    assert registers.read_bytes()[page + OFFSET["READ_LAST"]:][:4] == bytes.fromhex("efcdab89")
    assert memory.read_bytes()[page + 300:][:3] == b"abc"
    with pytest.raises(DriverError, match="no engine"):
        Driver(bus)


def test_the_readme_runs_a_program() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0]
    values = CASE.values(4)
    names = {
        "Driver": Driver, "MappedBus": lambda *given, **places: mock_for(CASE, PROGRAM, 0),
        "registers": None, "memory": None, "address": 0, "program": PROGRAM, "values": values,
    }  # fmt: skip
    exec(code, names)
    np.testing.assert_array_equal(names["output"], CASE.computed(values, 0), strict=True)
