"""Files that are broken or not supported: always a `ModelError`, never another error or much memory."""

import tracemalloc

import numpy as np
import pytest

from golden.importer import load_tflite, parse_tflite
from golden.layer import QuantisedLayer
from golden.model import ModelError
from tests.golden.file_builder import Op, T, build_file
from tests.golden.models import model_rows
from tests.golden.one_operator import MAKERS

CONV = {"Padding": 0, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
SCALE = {"scales": [0.5], "zero_points": [0]}


def attempt(content: bytes) -> str:
    """The message of the `ModelError`, or "" when the bytes are a model after all."""
    try:
        model = parse_tflite(content)
        model.run(np.zeros(model.input.shape, dtype=model.input.dtype))
    except ModelError as error:
        return str(error)
    return ""


def fuzz(content: bytes, rounds: int, seed: int) -> int:
    """Number of broken copies of `content` that are refused; any error but `ModelError` fails the test."""
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(rounds):
        broken = np.frombuffer(content, dtype=np.uint8).copy()
        # Offsets and shapes are spread thinly among the weights: prefer the places that hold them.
        places = rng.integers(0, len(broken), rng.integers(1, 9))
        style = rng.integers(4)
        if style == 0:
            broken[places] = rng.integers(0, 256, len(places))
        elif style == 1:
            broken[places] = rng.choice([0, 1, 127, 128, 255], len(places))
        elif style == 2:
            words = broken[: len(broken) // 4 * 4].view("<u4")
            words[places // 4 % len(words)] = rng.choice([0, 2**16, 2**31 - 1, 2**31, 2**32 - 1], len(places))
        else:
            broken = broken[: rng.integers(0, len(broken))]
        refused += bool(attempt(broken.tobytes()))
    return refused


@pytest.mark.parametrize("kind", MAKERS)
def test_broken_small_files(kind):
    content = MAKERS[kind](np.random.default_rng(3), "int8")
    assert fuzz(content, 400, 0) > 100


@pytest.mark.full
@pytest.mark.parametrize("kind", MAKERS)
def test_many_broken_small_files(kind):
    for seed in range(20):
        content = MAKERS[kind](np.random.default_rng(seed), "int8")
        assert fuzz(content, 1000, seed) > 100


@pytest.mark.parametrize("path", model_rows())
def test_broken_real_files(path):
    content = path.read_bytes()
    tables = content[: len(content) // 8] + content[-len(content) // 4 :]
    assert fuzz(content, 40, 1) > 5
    assert attempt(tables)
    for size in (0, 1, 4, 7, 8, 9, 64, len(content) // 2):
        assert attempt(content[:size])


@pytest.mark.parametrize("prefix", [b"", b"\x1c\0\0\0TFL3"])
def test_random_bytes(prefix):
    rng = np.random.default_rng(0)
    for size in (8, 100, 5000):
        for _ in range(100):
            assert attempt(prefix + rng.bytes(size))


def test_a_broken_file_takes_little_memory():
    content = MAKERS["conv"](np.random.default_rng(0), "int8")
    parse_tflite(content)
    tracemalloc.start()
    fuzz(content, 300, 5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def one(kind, tensors, *, inputs, output, options=None, **fields):
    operator = Op(kind=kind, inputs=inputs, outputs=(output,), options=options or {}, **fields)
    return build_file(tensors, [operator], (0,), (output,))


def conv(
    *, shape=(1, 4, 4, 2), weight_shape=(3, 1, 1, 2), out=(1, 4, 4, 3), options=None, weights=None, **fields
):
    data = np.ones(weight_shape, dtype=np.int8)
    tensors = [
        T(shape=shape, **SCALE), T(shape=weight_shape, **{"data": data, **SCALE, **(weights or {})}),
        T(shape=out, **SCALE),
    ]  # fmt: skip
    return one("CONV_2D", tensors, inputs=(0, 1), output=2, options={**CONV, **(options or {})}, **fields)


def unary(kind, *, shape=(1, 4, 4, 2), out=(1, 4, 4, 2), options=None, source=None, sink=None, **fields):
    tensors = [T(shape=shape, **{**SCALE, **(source or {})}), T(shape=out, **{**SCALE, **(sink or {})})]
    return one(kind, tensors, inputs=(0,), output=1, options=options, **fields)


POOL = {"Padding": 1, "StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1}
FLOATS = {"dtype": "float32", "data": np.ones((3, 1, 1, 2), np.float32)}
THREE = {"scales": [1] * 3, "zero_points": [0] * 3}
HUGE = {**POOL, "Padding": 0, "FilterHeight": 2**30}
NO_PAD = [T(shape=(1, 4, 4, 2), **SCALE), T(shape=(4, 2), dtype="int32", data=np.zeros((4, 2), np.int32))]
PROBABILITY = {"scales": [1 / 256], "zero_points": [-128]}
REFUSED = {
    "operator": (unary("MAX_POOL_2D", options=POOL), "#0 MAX_POOL_2D is not supported; supported are ADD, "),
    "dilation": (conv(options={"DilationHFactor": 2}), "operator #0 CONV_2D: dilation is not supported"),
    "activation": (conv(options={"FusedActivationFunction": 2}), "activation 2 is not supported; NONE, RELU"),
    "batch": (conv(shape=(2, 4, 4, 2)), "batch of one"),
    "stride": (conv(options={"StrideH": 0}), "strides must be positive"),
    "groups": (conv(shape=(1, 4, 4, 4)), "groups are not supported"),
    "output shape": (conv(out=(1, 5, 4, 3)), r"output \(5, 4\) is not \(4, 4\)"),
    "short weights": (conv(weights={"data": np.ones(5, dtype=np.int8)}), "has 5 bytes of data"),
    "no weights": (conv(weights={"data": None}), "must be a constant"),
    "weight axis": (conv(weights={**THREE, "axis": 3}), "along axis 3; axis 0"),
    "weight scales": (conv(weights={"scales": [1] * 2, "zero_points": [0] * 2}), "2 scales for 3 channels"),
    "weight zero point": (conv(weights={"zero_points": [4]}), "int8 weights must have zero point 0, not 4"),
    "scale": (unary("QUANTIZE", source={"scales": [1e-30]}), r"not between 2\^-64 and 2\^64"),
    "weight scale": (conv(weights={"scales": [float("nan")]}), "weights have a scale that is not a number"),
    "wrong options": (unary("SOFTMAX", table="AddOptions"), "has no SoftmaxOptions"),
    "float weights": (conv(weights=FLOATS), "tensors of one type"),
    "float model": (
        unary("AVERAGE_POOL_2D", options=POOL, source={"dtype": "float32"}, sink={"dtype": "float32"}),
        "tensor 0 is float32; only int8 and uint8 can be computed with",
    ),
    "zero point": (unary("QUANTIZE", source={"zero_points": [300]}), "zero point 300, outside int8"),
    "pool scales": (unary("AVERAGE_POOL_2D", options=POOL, sink={"scales": [1.0]}), "must have one scale"),
    "huge window": (unary("AVERAGE_POOL_2D", options=HUGE), "pads the picture to more"),
    "huge shape": (conv(shape=(1, 2**15, 2**15, 2)), "elements are supported"),
    "softmax beta": (unary("SOFTMAX", sink=PROBABILITY), r"beta must be between 2\^-20 and 2\^20, not 0"),
    "softmax scale": (unary("SOFTMAX", options={"Beta": 1.0}), "the output must have scale 1/256"),
    "softmax shape": (
        unary("SOFTMAX", out=(1, 4, 4, 3), options={"Beta": 1.0}, sink=PROBABILITY),
        r"softmax makes \(4, 4, 2\), not \(4, 4, 3\)",
    ),
    "pad alone": (
        one("PAD", [*NO_PAD, T(shape=(1, 4, 4, 2), **SCALE)], inputs=(0, 1), output=2),
        "only padding in front of CONV_2D or DEPTHWISE_CONV_2D",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_refused(row):
    content, message = REFUSED[row]
    with pytest.raises(ModelError, match=message):
        parse_tflite(content)


def test_two_inputs_are_refused():
    tensors = [T(shape=(1, 2, 2, 2), **SCALE) for _ in range(3)]
    content = build_file(tensors, [Op(kind="ADD", inputs=(0, 1), outputs=(2,))], (0, 1), (2,))
    with pytest.raises(ModelError, match="one input and one output are supported, not 2 and 1"):
        parse_tflite(content)


def test_accumulators_beyond_32_bits_are_refused():
    bias = np.array([2**31 - 1], dtype=np.int32)
    tensors = [
        T(shape=(1, 1, 1, 1), **SCALE), T(shape=(1, 1, 1, 1), data=np.ones((1, 1, 1, 1), np.int8), **SCALE),
        T(shape=(1,), dtype="int32", data=bias), T(shape=(1, 1, 1, 1), **SCALE),
    ]  # fmt: skip
    content = one("CONV_2D", tensors, inputs=(0, 1, 2), output=3, options=CONV)
    with pytest.raises(ModelError, match="operator #0 CONV_2D: an accumulator can leave 32 bits"):
        parse_tflite(content)


def test_dead_channels_are_accepted():
    """A channel whose scale is 0 or tiny multiplies by 0, as TFLite does below a shift of −31."""
    model = parse_tflite(conv(weights={"scales": [0, 1e-37, 0.25], "zero_points": [0] * 3}))
    layer = model.nodes[0]
    assert isinstance(layer, QuantisedLayer)
    assert layer.multiplier.tolist() == [0, 0, 2**30]


def test_missing_files_and_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*absent.tflite: No such file"):
        load_tflite(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match=r"cannot read .*: Is a directory"):
        load_tflite(tmp_path)
    (tmp_path / "text.tflite").write_text("not a model at all")
    with pytest.raises(ModelError, match=r"text.tflite: not a TFLite file"):
        load_tflite(tmp_path / "text.tflite")


def test_endless_files_are_refused_at_once():
    with pytest.raises(ModelError, match="not a TFLite file"):
        load_tflite("/dev/zero")


def test_files_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("golden.importer.tflite_import.MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "long.tflite").write_bytes(conv() + bytes(1 << 20))
    with pytest.raises(ModelError, match=r"long.tflite: files of at most 1 MiB are supported"):
        load_tflite(tmp_path / "long.tflite")


def test_wrong_inputs_are_refused():
    model = parse_tflite(conv())
    with pytest.raises(ModelError, match=r"must be int8\(1, 4, 4, 2\), not int8\(4, 4, 3\)"):
        model.run(np.zeros((4, 4, 3), dtype=np.int8))
    with pytest.raises(ModelError, match="not uint8"):
        model.run(np.zeros((1, 4, 4, 2), dtype=np.uint8))
    model = parse_tflite(unary("QUANTIZE", source={"dtype": "float32", "scales": [], "zero_points": []}))
    with pytest.raises(ModelError, match="not finite"):
        model.run(np.full((1, 4, 4, 2), np.nan, dtype=np.float32))
