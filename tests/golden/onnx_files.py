"""Small float ONNX networks, quantised by onnxruntime's own static quantiser into QDQ files."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the optional package onnx is not installed")
quantization = pytest.importorskip("onnxruntime.quantization", reason="onnxruntime is not installed")
TYPES = {"int8": quantization.QuantType.QInt8, "uint8": quantization.QuantType.QUInt8}


@dataclass(kw_only=True)
class Floats:
    """A float network under construction; each method appends an operator and returns its output's name."""

    rng: np.random.Generator
    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)

    def constant(self, values, dtype=np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [name], name=f"n{len(self.nodes)}", **attributes))
        return name

    def conv(
        self, x: str, channels: int, filters: int, kernel: int, *, group: int = 1, bias: bool = True, **more
    ) -> str:
        shape = (filters, channels // group, kernel, kernel)
        spread = self.rng.uniform(0.2, 2, (filters, 1, 1, 1)) / np.sqrt(np.prod(shape[1:]))
        weights = self.rng.normal(size=shape) * spread
        biases = [self.constant(self.rng.normal(size=filters) * 0.3)] if bias else []
        return self.op("Conv", x, self.constant(weights), *biases, group=group, kernel_shape=(kernel, kernel), **more)

    def relu6(self, x: str) -> str:
        return self.op("Clip", x, self.constant(0.0), self.constant(6.0))

    def gemm(self, x: str, rows: int, columns: int, *, transposed: bool = True) -> str:
        shape = (columns, rows) if transposed else (rows, columns)
        weights = self.constant(self.rng.normal(size=shape) / np.sqrt(rows))
        return self.op("Gemm", x, weights, self.constant(self.rng.normal(size=columns)), transB=int(transposed))

    def file(self, shape: tuple[int, ...], output: str) -> bytes:
        """The bytes of the float model from input "x" to `output`."""
        typed = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            self.nodes, "net", [typed("x", onnx.TensorProto.FLOAT, shape)],
            [typed(output, onnx.TensorProto.FLOAT, None)], self.constants,
        )  # fmt: skip
        opsets = [onnx.helper.make_opsetid("", 17)]
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def quantise(
    content: bytes, folder: Path, *, activations="uint8", weights="int8", per_channel=True, feeds=None, **more
) -> bytes:
    """A QDQ file from a float one, calibrated by min/max on `feeds`, or else on four seeded normal inputs."""
    source, target = folder / "float.onnx", folder / "qdq.onnx"
    source.write_bytes(content)
    shape = [axis.dim_value for axis in onnx.ModelProto.FromString(content).graph.input[0].type.tensor_type.shape.dim]
    rng = np.random.default_rng(11)
    inputs = iter(feeds or [rng.normal(size=shape).astype(np.float32) for _ in range(4)])

    class Reader(quantization.CalibrationDataReader):
        def get_next(self):
            x = next(inputs, None)
            return None if x is None else {"x": x}

    logging.disable(logging.WARNING)
    try:
        quantization.quantize_static(
            source, target, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=per_channel,
            activation_type=TYPES[activations], weight_type=TYPES[weights], extra_options=more,
        )  # fmt: skip
    finally:
        logging.disable(logging.NOTSET)
    return target.read_bytes()


def mobile(rng: np.random.Generator) -> tuple[Floats, tuple[int, ...], str]:
    """Every operator of a small MobileNetV2: strides, odd sizes, a residual add, a head with softmax."""
    net = Floats(rng=rng)
    x = net.relu6(net.conv("x", 3, 8, 3, strides=(2, 2), pads=(1, 1, 1, 1)))
    x = net.op("Relu", net.conv(x, 8, 8, 3, group=8, pads=(1, 1, 1, 1)))
    skip = net.conv(x, 8, 6, 1)
    x = net.relu6(net.conv(skip, 6, 12, 1))
    x = net.relu6(net.conv(x, 12, 12, 3, group=12, pads=(1, 1, 1, 1), bias=False))
    x = net.op("Add", skip, net.conv(x, 12, 6, 1))
    x = net.relu6(net.conv(x, 6, 6, 3, group=6, strides=(2, 2), pads=(0, 0, 1, 1)))
    x = net.relu6(net.conv(x, 6, 16, 1))
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    return net, (1, 3, 13, 17), net.op("Softmax", net.gemm(x, 16, 5), axis=1)
