"""`DramTensor` packs and unpacks; `Program` puts everything where its addresses say."""

import numpy as np
import pytest

from golden.layer import Padding, window_output
from hw.commands import decode_program
from hw.program import ALIGNMENT, DramTensor, Patches
from tests.support.cases import CASES
from tests.support.configs import SKEW, TINY


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 8), (2, 7, 19), (4, 4, 24)])
@pytest.mark.parametrize("block_channels", [8, 24])
def test_round_trip(shape: tuple[int, int, int], block_channels: int) -> None:
    stride = -(-shape[0] * shape[1] * block_channels // ALIGNMENT) * ALIGNMENT
    tensor = DramTensor(name="t", shape=shape, block_channels=block_channels, address=128, stride=stride)
    values = np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    packed = tensor.pack(values)
    assert len(packed) == tensor.size
    memory = np.frombuffer(bytes(128) + packed + bytes(10), np.uint8)
    np.testing.assert_array_equal(tensor.unpack(memory), values, strict=True)
    np.testing.assert_array_equal(tensor.unpack(memory.tobytes()), values, strict=True)
    for (y, x, c), value in np.ndenumerate(values):
        block, channel = divmod(c, block_channels)
        assert (
            memory.view(np.int8)[128 + block * stride + (y * shape[1] + x) * block_channels + channel]
            == value
        )


@pytest.mark.parametrize(
    "values", [np.zeros((2, 2, 3), np.int8), np.zeros((2, 2, 2), np.uint8), np.zeros((2, 4), np.int8)]
)
def test_wrong_values_are_refused(values: np.ndarray) -> None:
    tensor = DramTensor(name="picture", shape=(2, 2, 2), block_channels=8, address=0, stride=64)
    with pytest.raises(ValueError, match=r"picture: must be int8\(2, 2, 2\), not "):
        tensor.pack(values)


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [Padding(), Padding(top=1, bottom=2, left=3, right=1)])
def test_patches_are_the_pixels_under_each_window(stride: tuple[int, int], padding: Padding) -> None:
    shape, kernel, zero_point = (6, 8, 3), (3, 2), -9
    patches = Patches(shape=shape, kernel=kernel, stride=stride, padding=padding, zero_point=zero_point)
    height, width = window_output(shape, kernel, stride, padding)
    stored = (height, width, 18)
    tensor = DramTensor(name="picture", shape=stored, block_channels=8, address=0, stride=height * width * 8,
                        patches=patches)
    values = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
    found = tensor.unpack(tensor.pack(values))
    for (y, x, taken), value in np.ndenumerate(found):
        row, column, channel = taken // 6, taken // 3 % 2, taken % 3
        row, column = y * stride[0] + row - padding.top, x * stride[1] + column - padding.left
        inside = 0 <= row < shape[0] and 0 <= column < shape[1]
        assert value == (values[row, column, channel] if inside else zero_point)
    with pytest.raises(ValueError, match=r"picture: must be int8\(6, 8, 3\), not "):
        tensor.pack(found)


@pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)
@pytest.mark.parametrize("name", ["pair_s2_keras", "weights_streamed", "lone_pointwise"])
def test_places(name: str, config) -> None:
    case = CASES[name]
    program, values = case.program(config, 0), case.values(0)
    assert (
        program.input.address % ALIGNMENT
        == program.output.address % ALIGNMENT
        == program.address % ALIGNMENT
        == 0
    )
    assert len(program.image) <= program.input.address
    assert program.input.address + program.input.size <= program.output.address
    assert program.output.address + program.output.size <= program.address
    for command in program.commands:
        if "dram_address" in command.fields:
            assert command.fields["dram_address"] % config.bus_bytes == 0
    memory = program.memory(values)
    assert len(memory) == program.memory_bytes
    np.testing.assert_array_equal(program.input.unpack(memory), values, strict=True)
    header, decoded = decode_program(memory[program.address :].tobytes())
    assert header["config"] == config.hash
    assert decoded == list(program.commands)
