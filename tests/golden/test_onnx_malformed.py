"""ONNX files that are broken or not supported: always a `ModelError`, never another error or much memory."""

import importlib
import tracemalloc

import numpy as np
import pytest

from golden.model import ModelError
from golden.onnx_import import load_onnx, parse_onnx
from tests.golden.onnx_files import Floats, mobile, onnx, quantise


def attempt(content: bytes) -> str:
    """The message of the `ModelError`, or "" when the bytes are a model after all."""
    try:
        model = parse_onnx(content)
        if np.prod(model.input.shape) < 1 << 12:
            model.run(np.zeros(model.input.shape, dtype=np.float32))
    except ModelError as error:
        return str(error)
    return ""


def fuzz(content: bytes, rounds: int, seed: int) -> int:
    """Number of broken copies of `content` that are refused; any error but `ModelError` fails the test."""
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(rounds):
        broken = bytearray(content)
        for place in rng.integers(0, len(broken), rng.integers(1, 9)):
            broken[place] = rng.choice([rng.integers(256), 0, 1, 127, 128, 255])
        if rng.integers(4) == 0:
            del broken[rng.integers(0, len(broken)) :]
        refused += bool(attempt(bytes(broken)))
    return refused


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> bytes:
    net, shape, output = mobile(np.random.default_rng(0))
    return quantise(net.file(shape, output), tmp_path_factory.mktemp("small"))


def test_broken_files(small):
    assert fuzz(small, 300, 0) > 100


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
def test_many_broken_files(small, seed):
    assert fuzz(small, 3000, seed + 1) > 1000


def test_absurd_numbers(small):
    """Every integer of the file, in turn, is replaced by absurd ones: shapes, attributes, types."""
    absurd = (0, -1, 2**31 - 1, 2**40, -(2**62))
    for value in absurd:
        for change in _changes():
            model = onnx.ModelProto.FromString(small)
            change(model.graph, value)
            attempt(model.SerializeToString())


def _changes():
    def attribute(graph, value):
        for node in graph.node:
            for a in node.attribute:
                if a.ints:
                    a.ints[:] = [value] * len(a.ints)
                elif a.type == onnx.AttributeProto.INT:
                    a.i = value

    def dims(graph, value):
        for tensor in graph.initializer:
            tensor.dims[:] = [value] * len(tensor.dims)

    def input_shape(graph, value):
        for axis in list(graph.input[0].type.tensor_type.shape.dim)[1:]:
            axis.dim_value = value

    def rank(graph, value):
        for tensor in graph.initializer:
            tensor.dims.extend([1] * 40)

    return attribute, dims, input_shape, rank


def test_random_bytes():
    rng = np.random.default_rng(0)
    for size in (0, 1, 8, 100, 5000):
        for _ in range(50):
            assert attempt(rng.bytes(size))


def test_a_broken_file_takes_little_memory(small):
    attempt(small)
    tracemalloc.start()
    fuzz(small, 100, 5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_one_constant_named_many_times(monkeypatch):
    """The weights of a small file cannot become many times its size without limit."""

    def build(net, x):
        levels = [net.constant(0.5), net.constant(0, np.int8)]
        w = net.op("DequantizeLinear", net.constant(np.ones((2, 2, 1, 1)), np.int8), *levels)
        for _ in range(20):
            x = net.op("DequantizeLinear", net.op("QuantizeLinear", net.op("Conv", x, w), *levels), *levels)
        return x

    content = graph(build)
    parse_onnx(content)
    monkeypatch.setattr("golden.onnx_import.assemble.MAX_ELEMENTS", 70)
    with pytest.raises(ModelError, match=r"QuantizeLinear: a model of at most 70 weights is supported"):
        parse_onnx(content)


SCALE, ZERO = (1 / 64,), (0, np.int8)


def graph(build, shape=(1, 2, 3, 3), *, out_scale=1 / 64, ends=True) -> bytes:
    """x → Q → DQ → build(net, real) → Q → DQ."""
    net = Floats(rng=np.random.default_rng(0))
    levels = [net.constant(*SCALE), net.constant(*ZERO)]
    real = net.op("DequantizeLinear", net.op("QuantizeLinear", "x", *levels), *levels)
    y = build(net, real)
    if ends:
        out = [net.constant(out_scale), net.constant(*ZERO)]
        y = net.op("DequantizeLinear", net.op("QuantizeLinear", y, *out), *out)
    return net.file(shape, y)


def weights(net, values, *, scales=(1 / 128,), zero_points=(0,), dtype=np.int8, **more):
    return net.op("DequantizeLinear", net.constant(values, dtype), net.constant(scales),
                  net.constant(zero_points, dtype), **more)  # fmt: skip


def conv(*, values=None, scales=(1 / 128,), zero_points=(0,), dtype=np.int8, axis=0, bias=None, **attributes):
    taps = np.ones((3, 2, 1, 1)) if values is None else values

    def build(net, x):
        more = [] if bias is None else [bias(net)]
        w = weights(net, taps, scales=scales, zero_points=zero_points, dtype=dtype, axis=axis)
        return net.op("Conv", x, w, *more, **attributes)

    return graph(build)


def unary(kind, *more, **attributes):
    return graph(lambda net, x: net.op(kind, x, *(net.constant(*c) for c in more), **attributes))


THREE = (np.ones(3),)
REFUSED = {
    "operator": (unary("Sigmoid"), r"operator #2 Sigmoid is not supported; supported are Add, AveragePool, Clip"),
    "attribute": (unary("Flatten", colour=1), "#2 Flatten: attribute 'colour' is not supported; supported are axis"),
    "domain": (graph(lambda net, x: net.op("Conv", x, domain="my.own")), "my.own.Conv is not supported"),
    "groups": (conv(values=np.ones((4, 1, 1, 1)), group=3), "group 3 of 2 channels"),
    "channels": (conv(values=np.ones((4, 3, 1, 1))), "group 1 of 2 channels: only 1 and depthwise"),
    "dilation": (conv(dilations=(2, 2)), r"dilations \(2, 2\): two positive strides and \(1, 1\) are supported"),
    "stride": (conv(strides=(0, 1)), r"strides \(0, 1\)"),
    "pads": (conv(pads=(-1, 0, 0, 0)), "pads must be four numbers from 0 on"),
    "huge pads": (conv(pads=(2**30, 0, 0, 0)), "elements"),
    "auto pad": (conv(auto_pad="SAME_LOWER"), "auto_pad b'SAME_LOWER' is not supported"),
    "kernel": (conv(kernel_shape=(3, 3)), "kernel_shape"),
    "window": (conv(values=np.ones((3, 2, 5, 5))), r"a window of \(5, 5\) does not fit a picture of \(3, 3\)"),
    "weight axis": (conv(values=np.ones((3, 2, 1, 1)), scales=np.ones(3), zero_points=[0] * 3, axis=1), "along axis 1"),
    "weight scales": (conv(scales=np.ones(2), zero_points=[0] * 2), "2 scales for 3 channels"),
    "weight zero points": (conv(scales=np.ones(3), zero_points=[0, 1, 0]), "weights must have one zero point"),
    "nan": (conv(scales=[np.nan]), "not a number"),
    "int32 weights": (conv(dtype=np.int32), "weights must be int8 or uint8, not int32"),
    "bias scale": (
        conv(bias=lambda net: weights(net, [1, 2, 3], scales=[0.5], dtype=np.int32)), r"int32 of zero point 0 and",
    ),
    "bias size": (conv(bias=lambda net: net.constant([1.0])), "a bias of 1 values does not fit 3 channels"),
    "bias": (conv(bias=lambda net: net.constant([2**30] * 3, np.int64)), "not int64"),
    "accumulator": (
        conv(bias=lambda net: net.constant([1e9] * 3)), "operator #4 QuantizeLinear: an accumulator can leave 32 bits",
    ),
    "float weights": (
        graph(lambda net, x: net.op("Conv", x, net.constant(np.ones((3, 2, 1, 1))))),
        "operator #2 Conv: weights must be a constant behind DequantizeLinear",
    ),
    "float output": (
        graph(lambda net, x: net.op("GlobalAveragePool", x), ends=False), "of the last GlobalAveragePool is not quant",
    ),
    "float input": (graph(lambda net, x: net.op("GlobalAveragePool", "x")), "is not an activation behind"),
    "softmax axis": (unary("Softmax", axis=1), "softmax over the channels of one pixel"),
    "mean axes": (unary("ReduceMean", axes=(1,)), r"axes 2 and 3 is supported, not \[1\]"),
    "clip": (unary("Clip", (3.0,), (1.0,)), "cannot clip to 3.0 … 1.0"),
    "reshape": (unary("Reshape", ([1, 2, 9, 1], np.int64)), "a reshape of"),
    "flat output": (unary("Flatten"), "an output that flattens a picture"),
    "squeeze": (unary("Squeeze", ([1], np.int64)), "cannot be squeezed"),
    "pool scale": (
        graph(lambda net, x: net.op("AveragePool", x, kernel_shape=(2, 2)), out_scale=0.5), "one type, scale and zero",
    ),
    "pool count": (
        unary("AveragePool", kernel_shape=(2, 2), pads=(1, 1, 0, 0), count_include_pad=1), "count_include_pad",
    ),
    "gemm": (graph(lambda net, x: net.op("Gemm", x, weights(net, np.ones((9, 2))), alpha=2.0)), "alpha and beta"),
    "rows": (graph(lambda net, x: net.op("Gemm", x, weights(net, np.ones((9, 2))))), "does not fit weights of 9 rows"),
    "scale": (graph(lambda net, x: x, out_scale=1e-30), r"not between 2\^-64 and 2\^64"),
    "batch": (graph(lambda net, x: net.op("Relu", x), shape=(2, 2, 3, 3)), "a batch of one"),
    "axes": (graph(lambda net, x: net.op("Relu", x), shape=(1, 3, 3)), "a batch of one"),
    "size": (graph(lambda net, x: net.op("Relu", x), shape=(1, 2**15, 2**15, 3)), "up to 4 known axes"),
    "transpose": (unary("Transpose", perm=(0, 2, 3, 1)), r"perm \(0, 3, 1, 2\) is supported, not \(0, 2, 3, 1\)"),
    "channels last": (
        graph(lambda net, x: net.op("Add", net.op("Relu", x), net.op("Transpose", x, perm=(0, 3, 1, 2)))),
        "operator #2 Relu: an input with the channels last is supported where Transpose follows",
    ),
    "late transpose": (
        graph(lambda net, x: net.op("Transpose", net.op("GlobalAveragePool", x), perm=(0, 3, 1, 2))),
        "only an input with the channels last can be transposed",
    ),
    "constant": (
        graph(lambda net, x: net.op("Add", x, weights(net, np.ones((1, 1, 2))))), "does not lie along the channels",
    ),
    "infinite weights": (
        graph(lambda net, x: net.op("Add", x, net.op("QuantizeLinear", net.constant([np.inf]), net.constant(1.0)))),
        "operator #2 QuantizeLinear: a constant that is not finite",
    ),
    "two scales": (
        graph(lambda net, x: net.op("Add", x, weights(net, np.ones((2, 1, 1)), scales=[1, 2], zero_points=[0, 0]))),
        "one value per channel, of one scale",
    ),
    "order": (graph(lambda net, x: net.op("Add", x, "t99")), "reads 't99', which no operator before it makes"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refused(row):
    content, message = REFUSED[row]
    with pytest.raises(ModelError, match=message):
        parse_onnx(content)


def test_float_models_are_refused(tmp_path):
    net, shape, output = mobile(np.random.default_rng(0))
    (tmp_path / "f.onnx").write_bytes(net.file(shape, output))
    with pytest.raises(ModelError, match=r"f.onnx: operator #0 Conv: .* only QDQ models|#0 Conv: weights must be"):
        load_onnx(tmp_path / "f.onnx")


def test_missing_files_and_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*absent.onnx: No such file"):
        load_onnx(tmp_path / "absent.onnx")
    with pytest.raises(ModelError, match=r"cannot read .*: Is a directory"):
        load_onnx(tmp_path)
    (tmp_path / "text.onnx").write_text("not a model at all")
    with pytest.raises(ModelError, match=r"text.onnx: (not|malformed)"):
        load_onnx(tmp_path / "text.onnx")


def test_external_data_is_refused(small):
    model = onnx.ModelProto.FromString(small)
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(ModelError, match="is in another file"):
        parse_onnx(model.SerializeToString())


def test_without_the_package(small, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModelError, match=r"^ONNX files need the package onnx: pip install 'sepconv\[onnx\]'$"):
        parse_onnx(small)


def test_endless_and_long_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="/dev/zero: not an ONNX file"):
        load_onnx("/dev/zero")
    monkeypatch.setattr("golden.onnx_import.onnx_file.MAX_FILE_BYTES", 1 << 20)
    (tmp_path / "long.onnx").write_bytes(b"\x08\x09" + bytes(1 << 20))
    with pytest.raises(ModelError, match=r"long.onnx: files of at most 1 MiB are supported"):
        load_onnx(tmp_path / "long.onnx")
