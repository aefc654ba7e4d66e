"""Random models of one operator, on the corners where rounding rules differ.

Scales are often powers of two with interior zero points, so that halves of either sign are common; inputs and
weights take their extremes; biases come close to ±2^30.
"""

import numpy as np

from tests.golden.file_builder import Op, T, build_file

Rng = np.random.Generator


def scale(rng: Rng, low: float = -8, high: float = -2) -> float:
    exponent = rng.integers(low, high, endpoint=True)
    return float(np.float32(2.0**exponent if rng.random() < 0.5 else 2.0 ** rng.uniform(low, high)))


def zero_point(rng: Rng, dtype: str) -> int:
    limits = np.iinfo(dtype)
    return int(rng.choice([limits.min, limits.max, rng.integers(limits.min, limits.max, endpoint=True)]))


def values(rng: Rng, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    limits = np.iinfo(dtype)
    drawn = rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    extreme = rng.choice(np.array([limits.min, limits.max], dtype=dtype), shape)
    return np.where(rng.random(shape) < 0.2, extreme, drawn)


def activation(rng: Rng, shape: tuple[int, ...], dtype: str, **fields) -> T:
    return T(
        shape=shape,
        dtype=dtype,
        **{"scales": [scale(rng)], "zero_points": [zero_point(rng, dtype)], **fields},
    )


def window(rng: Rng, size: int, kernel: int, stride: int, same: bool) -> int:
    return -(-size // stride) if same else (size - kernel) // stride + 1


def weighted(rng: Rng, kind: str, dtype: str) -> bytes:
    """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED, perhaps behind a PAD."""
    depthwise, full = kind == "DEPTHWISE_CONV_2D", kind == "FULLY_CONNECTED"
    kernel = (
        (1, 1)
        if full or (not depthwise and rng.random() < 0.5)
        else tuple(rng.choice([1, 2, 3, 3, 5], 2).tolist())
    )
    stride = (1, 1) if full else tuple(rng.choice([1, 1, 2, 3], 2).tolist())
    same = bool(rng.integers(2))
    channels = int(rng.choice([1, 2, 3, 7, 8, 24]))
    multiplier = int(rng.choice([1, 1, 2, 8])) if depthwise else 1
    filters = channels * multiplier if depthwise else int(rng.choice([1, 5, 16, 40]))
    height, width = (int(v) for v in rng.integers(5, 12, 2))
    pads = rng.integers(0, 3, (2, 2)) if not full and rng.random() < 0.4 else np.zeros((2, 2), dtype=np.int64)
    inner = (1, height, width, channels)
    outer = (1, height + int(pads[0].sum()), width + int(pads[1].sum()), channels)
    if full:
        inner = outer = (1, channels * 16)
        shape, out, axis = (filters, channels * 16), (1, filters), 0
    else:
        size = [
            window(rng, extent, k, s, same) for extent, k, s in zip(outer[1:3], kernel, stride, strict=True)
        ]
        shape = (1, *kernel, filters) if depthwise else (filters, *kernel, channels)
        out, axis = (1, *size, filters), 3 if depthwise else 0
    per_channel = dtype == "int8" and (not full or rng.random() < 0.5)
    count = filters if per_channel else 1
    taps = int(np.prod(shape)) // filters
    scale_in, out_scale = scale(rng), scale(rng, -3, 1)
    reach = np.where(rng.random(count) < 0.7, rng.uniform(-12, -4, count), rng.uniform(-14, 0.9, count))
    wanted = 2.0**reach * out_scale / scale_in / np.sqrt(taps)
    powers = rng.random(count) < 0.5
    weight_scales = np.where(powers, 2.0 ** np.round(np.log2(wanted)), wanted).astype(np.float32)
    weights = values(rng, shape, dtype)
    if rng.random() < 0.5:
        weights = (weights // 32).astype(dtype)  # small sums meet halves more often
    bias = rng.integers(-2000, 2000, filters).astype(np.int32)
    if rng.random() < 0.2:
        large = 2**30 - 2**26  # within 32 bits even after a left shift of 1
        bias[rng.integers(filters)] = rng.choice([-large, large])
    source = activation(rng, outer, dtype, scales=[scale_in])
    tensors = [
        source,
        T(
            shape=shape, dtype=dtype, data=weights, scales=weight_scales, axis=axis,
            zero_points=[0] * count if dtype == "int8" else [int(rng.integers(0, 256))],
        ),
        T(
            shape=(filters,), dtype="int32", data=bias, scales=weight_scales * np.float32(scale_in),
            zero_points=[0] * count,
        ),
        activation(rng, out, dtype, scales=[out_scale]),
    ]  # fmt: skip
    options = {"FusedActivationFunction": int(rng.choice([0, 1, 3]))}
    if not full:
        options |= {"Padding": 0 if same else 1, "StrideH": stride[0], "StrideW": stride[1]}
        options |= {"DilationHFactor": 1, "DilationWFactor": 1}
    if depthwise:
        options["DepthMultiplier"] = multiplier
    version = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4}[kind] if dtype == "int8" else 1
    operators = [Op(kind=kind, inputs=(0, 1, 2), outputs=(3,), options=options, version=version)]
    entry = 0
    if pads.any():
        amounts = np.array([[0, 0], *pads, [0, 0]], dtype=np.int32)
        tensors += [
            T(shape=inner, dtype=dtype, scales=source.scales, zero_points=source.zero_points),
            T(shape=(4, 2), dtype="int32", data=amounts),
        ]
        entry = 4
        operators.insert(0, Op(kind="PAD", inputs=(4, 5), outputs=(0,), version=2))
    return build_file(tensors, operators, (entry,), (3,))


def addition(rng: Rng, dtype: str) -> bytes:
    shape = (1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 17)))
    tensors = [activation(rng, shape, dtype), activation(rng, shape, dtype), activation(rng, shape, dtype)]
    # One input only is supported, so the second operand is a scaled copy of the first.
    tensors.append(T(shape=shape, dtype=dtype, scales=tensors[0].scales, zero_points=tensors[0].zero_points))
    tensors[0] = tensors[3]
    return build_file(
        tensors[:3],
        [
            Op(kind="QUANTIZE", inputs=(0,), outputs=(1,), version=2),
            Op(
                kind="ADD", inputs=(0, 1), outputs=(2,), version=2,
                options={"FusedActivationFunction": int(rng.choice([0, 1, 3]))},
            ),
        ],
        (0,), (2,),
    )  # fmt: skip


def scaling(rng: Rng, kind: str, dtype: str) -> bytes:
    """MUL or SUB with a constant: a scalar, or one per channel."""
    channels = int(rng.integers(1, 9))
    shape = (1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), channels)
    constant_shape = () if rng.random() < 0.5 else (channels,)
    constant = activation(rng, constant_shape, dtype)
    constant.data = values(rng, constant_shape, dtype)
    tensors = [activation(rng, shape, dtype), constant, activation(rng, shape, dtype)]
    inputs = (0, 1) if rng.random() < 0.6 else (1, 0)
    options = {"FusedActivationFunction": int(rng.choice([0, 1, 3]))}
    return build_file(
        tensors, [Op(kind=kind, inputs=inputs, outputs=(2,), options=options, version=2)], (0,), (2,)
    )


def pool(rng: Rng, dtype: str) -> bytes:
    size = rng.integers(2, 10, 2)
    kernel = [int(rng.integers(1, extent, endpoint=True)) for extent in size]
    stride = rng.choice([1, 2, 3], 2).tolist()
    same = bool(rng.integers(2))
    channels = int(rng.integers(1, 9))
    out = [window(rng, int(e), k, s, same) for e, k, s in zip(size, kernel, stride, strict=True)]
    source = activation(rng, (1, *map(int, size), channels), dtype)
    sink = T(shape=(1, *out, channels), dtype=dtype, scales=source.scales, zero_points=source.zero_points)
    options = {
        "Padding": 0 if same else 1, "StrideH": stride[0], "StrideW": stride[1],
        "FilterHeight": kernel[0], "FilterWidth": kernel[1],
        "FusedActivationFunction": int(rng.choice([0, 1, 3])),
    }  # fmt: skip
    operator = Op(kind="AVERAGE_POOL_2D", inputs=(0,), outputs=(1,), options=options, version=2)
    return build_file([source, sink], [operator], (0,), (1,))


def mean(rng: Rng, dtype: str) -> bytes:
    shape = (1, int(rng.integers(1, 15)), int(rng.integers(1, 15)), int(rng.integers(1, 17)))
    keep = bool(rng.integers(2))
    out = (1, 1, 1, shape[3]) if keep else (1, shape[3])
    source = activation(rng, shape, dtype)
    scales = source.scales if rng.random() < 0.3 else [scale(rng)]
    zero_points = source.zero_points if rng.random() < 0.5 else [zero_point(rng, dtype)]
    tensors = [
        source,
        T(shape=(2,), dtype="int32", data=np.array([1, 2], dtype=np.int32)),
        T(shape=out, dtype=dtype, scales=scales, zero_points=zero_points),
    ]
    return build_file(
        tensors,
        [Op(kind="MEAN", inputs=(0, 1), outputs=(2,), options={"KeepDims": keep}, version=2)],
        (0,),
        (2,),
    )


def softmax(rng: Rng, dtype: str) -> bytes:
    classes = int(rng.choice([2, 3, 10, 400]))  # the reference aborts on flat scores of more than 512
    source = activation(rng, (1, classes), dtype, scales=[scale(rng, -8, 0)])
    sink = T(shape=(1, classes), dtype=dtype, scales=[1 / 256], zero_points=[-128 if dtype == "int8" else 0])
    return build_file(
        [source, sink],
        [Op(kind="SOFTMAX", inputs=(0,), outputs=(1,), options={"Beta": 1.0}, version=2)],
        (0,),
        (1,),
    )


def requantising(rng: Rng, dtype: str) -> bytes:
    """QUANTIZE from any type to `dtype`, or DEQUANTIZE from it."""
    shape = (1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 9)))
    sink = activation(rng, shape, dtype)
    kind = str(rng.choice(["float32", "int8", "uint8", "dequantize"]))
    if kind == "dequantize":
        float_sink = T(shape=shape, dtype="float32")
        return build_file(
            [sink, float_sink], [Op(kind="DEQUANTIZE", inputs=(0,), outputs=(1,), version=2)], (0,), (1,)
        )
    source = T(shape=shape, dtype="float32") if kind == "float32" else activation(rng, shape, kind)
    if kind not in ("float32", dtype) and rng.random() < 0.3:  # the same numbers in the other type
        offset = 128 if dtype == "int8" else -128
        source.scales, source.zero_points = sink.scales, [sink.zero_points[0] + offset]
    return build_file([source, sink], [Op(kind="QUANTIZE", inputs=(0,), outputs=(1,), version=2)], (0,), (1,))


MAKERS = {
    "conv": lambda rng, dtype: weighted(rng, "CONV_2D", dtype),
    "depthwise": lambda rng, dtype: weighted(rng, "DEPTHWISE_CONV_2D", dtype),
    "fully_connected": lambda rng, dtype: weighted(rng, "FULLY_CONNECTED", dtype),
    "add": addition,
    "mul": lambda rng, dtype: scaling(rng, "MUL", dtype),
    "sub": lambda rng, dtype: scaling(rng, "SUB", dtype),
    "average_pool": pool,
    "mean": mean,
    "softmax": softmax,
    "quantize": requantising,
}
