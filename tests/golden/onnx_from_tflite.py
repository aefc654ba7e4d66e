"""A `.tflite` network written once more as ONNX QDQ, with the same integers and scales."""

import numpy as np

from golden.importer.reader import FileTensor, read_graph
from tests.golden.onnx_files import Floats

ENDS = ("QUANTIZE", "DEQUANTIZE", "SOFTMAX", "MUL", "SUB")
BOUNDS = {1: (0.0, np.inf), 3: (0.0, 6.0)}


class Writer:
    """Walks the operators; `real` holds the name of each tensor behind DequantizeLinear."""

    def __init__(self, content: bytes) -> None:
        self.graph = read_graph(content)
        self.net = Floats(rng=np.random.default_rng(0))
        self.real: dict[int, str] = {}
        self.pads: dict[int, tuple[int, ...]] = {}

    def onnx(self) -> bytes:
        """The file, from the first multiplying layer to the last layer before softmax or a dequantisation."""
        engine = [o for o in self.graph.operators if o.kind not in ENDS]
        first = self.tensor(engine[0].inputs[0])
        self.real[first.index] = self.dequantised("x", first)
        for operator in engine:
            tensors = [self.tensor(index) for index in operator.inputs if index >= 0]
            getattr(self, operator.kind.lower())(operator, tensors, self.tensor(operator.outputs[0]))
        height, width, channels = first.shape[1:]
        return self.net.file((1, channels, height, width), self.real[engine[-1].outputs[0]])

    def tensor(self, index: int) -> FileTensor:
        return self.graph.tensors[index]

    def levels(self, tensor: FileTensor) -> list[str]:
        many = len(tensor.scales) > 1
        scales, zero_points = (v if many else v[0] for v in (tensor.scales, tensor.zero_points))
        return [self.net.constant(scales), self.net.constant(zero_points, tensor.dtype)]

    def dequantised(self, name: str, tensor: FileTensor) -> str:
        levels = self.levels(tensor)
        return self.net.op("DequantizeLinear", self.net.op("QuantizeLinear", name, *levels), *levels)

    def end(self, name: str, operator, output: FileTensor) -> None:
        activation = operator.options.get("FusedActivationFunction", 0)
        if activation:
            name = self.net.op("Clip", name, *(self.net.constant(bound) for bound in BOUNDS[activation]))
        self.real[output.index] = self.dequantised(name, output)

    def weights(self, tensor: FileTensor, order: tuple[int, ...], axis: int) -> str:
        values = tensor.constant().transpose(order)
        return self.net.op(
            "DequantizeLinear", self.net.constant(values, tensor.dtype), *self.levels(tensor), axis=axis
        )

    def bias(self, tensors: list[FileTensor], channels: int) -> list[str]:
        if len(tensors) < 3:
            return []
        scales = np.float32(tensors[0].scales[0]) * np.broadcast_to(tensors[1].scales, channels)
        zeros = self.net.constant(np.zeros(channels), np.int32)
        values = self.net.constant(tensors[2].constant().reshape(-1), np.int32)
        return [self.net.op("DequantizeLinear", values, self.net.constant(scales), zeros, axis=0)]

    def window(self, operator, source: FileTensor) -> dict:
        strides = (operator.options["StrideH"], operator.options["StrideW"])
        if operator.options["Padding"] == 0:
            return {"auto_pad": "SAME_UPPER", "strides": strides}
        return {"strides": strides, "pads": self.pads.get(source.index, (0, 0, 0, 0))}

    def pad(self, operator, tensors, output) -> None:
        (_, _), (top, bottom), (left, right), _ = tensors[1].constant().tolist()
        self.pads[output.index] = (top, left, bottom, right)
        self.real[output.index] = self.real[tensors[0].index]

    def conv_2d(self, operator, tensors, output) -> None:
        source, weights = tensors[:2]
        y = self.net.op(
            "Conv", self.real[source.index], self.weights(weights, (0, 3, 1, 2), 0),
            *self.bias(tensors, output.shape[3]), **self.window(operator, source),
        )  # fmt: skip
        self.end(y, operator, output)

    def depthwise_conv_2d(self, operator, tensors, output) -> None:
        source, weights = tensors[:2]
        y = self.net.op(
            "Conv", self.real[source.index], self.weights(weights, (3, 0, 1, 2), 0),
            *self.bias(tensors, output.shape[3]), group=source.shape[3], **self.window(operator, source),
        )  # fmt: skip
        self.end(y, operator, output)

    def fully_connected(self, operator, tensors, output) -> None:
        channels = tensors[1].shape[0]
        flat = self.net.op("Flatten", self.real[tensors[0].index])
        y = self.net.op(
            "Gemm", flat, self.weights(tensors[1], (0, 1), 0), *self.bias(tensors, channels), transB=1
        )
        self.end(y, operator, output)

    def add(self, operator, tensors, output) -> None:
        self.end(self.net.op("Add", *(self.real[t.index] for t in tensors)), operator, output)

    def average_pool_2d(self, operator, tensors, output) -> None:
        kernel = (operator.options["FilterHeight"], operator.options["FilterWidth"])
        source = tensors[0]
        y = self.net.op("AveragePool", self.real[source.index], kernel_shape=kernel, **self.window(operator, source))
        self.end(y, operator, output)

    def mean(self, operator, tensors, output) -> None:
        self.end(self.net.op("GlobalAveragePool", self.real[tensors[0].index]), operator, output)

    def reshape(self, operator, tensors, output) -> None:
        self.real[output.index] = self.net.op("Flatten", self.real[tensors[0].index])

    squeeze = reshape


def rewritten(content: bytes) -> bytes:
    """The bytes of the ONNX file."""
    return Writer(content).onnx()


