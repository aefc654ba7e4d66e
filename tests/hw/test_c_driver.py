"""The C driver against the mock that also checks the Python one; tensors against `DramTensor`."""

import ctypes
import re

import numpy as np
import pytest

from golden.layer import Padding
from hw.account import COUNTED, COUNTERS, KEYS
from hw.faults import CODES, FAULTS, SOURCES
from hw.program import DramTensor, Patches
from hw.registers import OFFSET, account_of, counter_name
from tests.support.c_driver import RESULTS, SOURCE, CDriver, build_library, model_of, tensor_of
from tests.support.cases import CASES
from tests.support.configs import SKEW, TINY
from tests.support.mock_engine import BusError, MockEngine, Stop, mock_for

CASE = CASES["two_pairs"]
PROGRAM = CASE.program(TINY, 0)
NO_COMMAND = 0xFFFFFFFF


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build_library(tmp_path_factory.mktemp("driver"))


def loaded(library: ctypes.CDLL, **options) -> tuple[CDriver, MockEngine]:
    mock = mock_for(CASE, PROGRAM, 0, **options)
    driver = CDriver(library, mock)
    assert driver.open() == "OK"
    assert driver.load(model_of(PROGRAM)) == "OK"
    return driver, mock


def test_results_are_those_of_the_header() -> None:
    text = SOURCE.with_suffix(".h").read_text()
    body = text.partition("enum sepconv_result {")[2].partition("};")[0]
    assert tuple(re.findall(r"^ +SEPCONV_(\w+)", body, re.MULTILINE)) == RESULTS


def test_runs_one_input_after_another(library: ctypes.CDLL) -> None:
    driver, mock = loaded(library)
    for seed in (0, 1, 2):
        values = CASE.values(seed)
        result, output = driver.run(values, PROGRAM.output.shape)
        assert result == "OK"
        np.testing.assert_array_equal(output, CASE.computed(values, 0), strict=True)
    assert mock.starts == 3
    assert mock.registers["INTERRUPT"] == 2
    counters = driver.count()
    assert (counters.cycles, counters.read_beats, counters.write_beats) == (5 << 32 | 1234, 56, 7)
    units = [command.unit for command in PROGRAM.commands]
    assert list(counters.ended) == [units.count(unit) for unit in SOURCES[:5]]


def test_account(library: ctypes.CDLL) -> None:
    driver, mock = loaded(library)
    assert driver.run(CASE.values(0), PROGRAM.output.shape)[0] == "OK"
    found = {unit: dict(zip(KEYS, keys, strict=True))
             for unit, keys in zip(COUNTED, driver.account().cycles, strict=True)}
    wanted = account_of({name: mock.registers[name] for name in (counter_name(*counter) for counter in COUNTERS)}, 1234)
    assert found == {unit: {key: cycles % (1 << 32) for key, cycles in keys.items()} for unit, keys in wanted.items()}


def test_account_of_one_layer(library: ctypes.CDLL) -> None:
    driver, mock = loaded(library)
    for layer, value in ((1, 1 | 1 << 10), (NO_COMMAND, 0)):
        assert driver.call("count_layer", ctypes.c_uint32(layer)) == "OK"
        assert mock.registers["ACCOUNT"] == value
    assert driver.call("start") == "OK"
    assert driver.call("count_layer", ctypes.c_uint32(1)) == "NOT_AT_REST"


def test_engine_may_touch_the_program_only(library: ctypes.CDLL) -> None:
    _, mock = loaded(library)
    assert mock.window("READ") == PROGRAM.read_window
    assert mock.window("WRITE") == PROGRAM.write_window
    assert mock.registers["PROGRAM_ADDRESS"] == PROGRAM.address


def test_wrong_engine_is_refused(library: ctypes.CDLL) -> None:
    for register, value, result in (("IDENTITY", 0, "NO_ENGINE"), ("VERSION", 0, "OTHER_VERSION")):
        mock = mock_for(CASE, PROGRAM, 0)
        mock.registers[register] = value
        assert CDriver(library, mock).open() == result


def test_wrong_program_is_refused(library: ctypes.CDLL) -> None:
    driver, mock = loaded(library)
    before = mock.memory.copy()
    assert driver.load(model_of(CASES["pair_s1"].program(SKEW, 0))) == "OTHER_CONFIG"
    for change in (lambda data: data[:-1], lambda data: b"\0" + data[1:], lambda data: data[:96 * 3]):
        model = model_of(PROGRAM)
        model.program = change(PROGRAM.encoded)
        model.program_bytes = len(change(PROGRAM.encoded))
        assert driver.load(model) == "BROKEN_PROGRAM"
    np.testing.assert_array_equal(mock.memory, before)


def test_buffer_out_of_reach_is_refused(library: ctypes.CDLL) -> None:
    last = (1 << 32) - PROGRAM.memory_bytes // 4096 * 4096 - 4096
    for base, result in ((0x800, "OUT_OF_REACH"), (last + 4096, "OUT_OF_REACH"), (last, "OK")):
        mock = mock_for(CASE, PROGRAM, 0)
        mock.base = base
        driver = CDriver(library, mock)
        assert driver.open() == "OK"
        assert driver.load(model_of(PROGRAM)) == result
        assert mock.registers["BASE"] == (base if result == "OK" else 0)


def test_order_of_calls(library: ctypes.CDLL) -> None:
    mock = mock_for(CASE, PROGRAM, 0)
    driver = CDriver(library, mock)
    assert driver.open() == "OK"
    assert driver.run(CASE.values(0), PROGRAM.output.shape)[0] == "NOT_LOADED"
    assert driver.call("start") == "NOT_LOADED"
    assert driver.load(model_of(PROGRAM)) == "OK"
    assert driver.call("wait") == "NOT_STARTED"
    assert driver.call("start") == "OK"
    assert driver.call("start") == "NOT_AT_REST"
    assert driver.load(model_of(PROGRAM)) == "NOT_AT_REST"


def test_setting_that_does_not_hold_is_noticed(library: ctypes.CDLL) -> None:
    class Deaf(MockEngine):
        def write32(self, offset: int, value: int) -> None:
            if offset != OFFSET["WRITE_LAST"]:
                super().write32(offset, value)

    driver = CDriver(library, Deaf(TINY, PROGRAM.memory_bytes, lambda memory, commands: None))
    assert driver.open() == "OK"
    assert driver.load(model_of(PROGRAM)) == "REFUSED"
    assert driver.call("start") == "NOT_LOADED"
    with pytest.raises(BusError):
        loaded(library)[0].load(model_of(PROGRAM, burst_bytes=48))


def test_fault_names_command_and_layer(library: ctypes.CDLL) -> None:
    driver, mock = loaded(library, stop=Stop(name="read_slave", source="load", index=2, address=0x1240))
    assert driver.run(CASE.values(0), PROGRAM.output.shape)[0] == "FAULT"
    fault = driver.engine.fault
    blocks = [index + 1 for index, command in enumerate(PROGRAM.commands) if command.unit == "load"]
    assert (fault.code, SOURCES[fault.unit], fault.index, fault.address) == (CODES["read_slave"], "load", 2, 0x1240)
    assert (fault.block, PROGRAM.layers[fault.layer]) == (blocks[2], "dw_1")
    assert driver.call("start") == "NOT_AT_REST"
    assert driver.call("reset") == "OK"
    mock.stop = None
    values = CASE.values(0)
    result, output = driver.run(values, PROGRAM.output.shape)
    assert result == "OK"
    np.testing.assert_array_equal(output, CASE.computed(values, 0), strict=True)


@pytest.mark.parametrize(
    ("source", "index", "block"),
    [("fetch", 0, 0), ("fetch", 5, 5), ("fetch", 10_000, NO_COMMAND), ("store", 10_000, NO_COMMAND),
     ("host", 0, NO_COMMAND)],
)  # fmt: skip
def test_block_of_a_fault(library: ctypes.CDLL, source: str, index: int, block: int) -> None:
    driver, _ = loaded(library, stop=Stop(name="tag", source=source, index=index))
    assert driver.run(CASE.values(0), PROGRAM.output.shape)[0] == "FAULT"
    assert driver.engine.fault.block == block
    known = block not in (0, NO_COMMAND)
    assert driver.engine.fault.layer == (PROGRAM.commands[block - 1].layer if known else NO_COMMAND)


def test_endless_program_can_be_stopped(library: ctypes.CDLL) -> None:
    driver, _ = loaded(library, patience=None)
    assert driver.run(CASE.values(0), PROGRAM.output.shape)[0] == "GAVE_UP"
    library.sepconv_stop(ctypes.byref(driver.engine))
    assert driver.call("wait") == "FAULT"
    assert driver.text("fault_text", driver.engine.fault.code) == "the host stopped the engine"
    assert driver.text("unit_name", driver.engine.fault.unit) == "host"
    assert driver.call("reset") == "OK"


def test_texts(library: ctypes.CDLL) -> None:
    driver = CDriver(library, mock_for(CASE, PROGRAM, 0))
    for fault in FAULTS:
        assert driver.text("fault_text", fault.code) == fault.text
    for index, name in enumerate(SOURCES):
        assert driver.text("unit_name", index) == name
    assert driver.text("fault_text", 255) == driver.text("unit_name", 7) == "unknown"


PATCHES = Patches(
    shape=(7, 9, 3), kernel=(2, 3), stride=(2, 1), padding=Padding(top=1, left=2, right=1), zero_point=-9
)


@pytest.mark.parametrize(
    ("shape", "block_channels", "patches"),
    [((5, 7, 19), 8, None), ((1, 1, 300), 16, None), ((9, 6, 24), 24, None), ((4, 10, 18), 8, PATCHES)],
)
def test_tensors_lie_as_in_python(
    library: ctypes.CDLL, shape: tuple[int, int, int], block_channels: int, patches: Patches | None
) -> None:
    """Input as `DramTensor` packs it; output as it unpacks it."""
    tensor = DramTensor(
        name="x", shape=shape, block_channels=block_channels, address=64, patches=patches,
        stride=-(-shape[0] * shape[1] * block_channels // 64) * 64,
    )  # fmt: skip
    mock = MockEngine(TINY, tensor.address + tensor.size + 64, lambda memory, commands: None)
    driver = CDriver(library, mock)
    assert driver.open() == "OK"
    model = model_of(PROGRAM)
    driver.engine.model = ctypes.cast(ctypes.byref(model), ctypes.c_void_p)
    values = np.random.default_rng(1).integers(-128, 128, patches.shape if patches else shape).astype(np.int8)
    model.input = model.output = tensor_of(tensor)
    assert driver.call("write_input", ctypes.c_void_p(values.ctypes.data)) == "OK"
    assert mock.memory[64:-64].tobytes() == tensor.pack(values)
    assert set(mock.memory[:64]) == set(mock.memory[-64:]) == {0xA5}
    back = np.zeros(values.shape, np.int8)
    assert driver.call("read_output", ctypes.c_void_p(back.ctypes.data)) == "OK"
    np.testing.assert_array_equal(back, values, strict=True)
