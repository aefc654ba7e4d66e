"""TFLite's own reference kernels, as every layer's expected value."""

import numpy as np
import pytest

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert has no wheel here")


class Reference:
    """An interpreter on BUILTIN_REF, without delegates, that keeps every tensor."""

    def __init__(self, content: bytes) -> None:
        self.interpreter = litert.Interpreter(
            model_content=content,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self.interpreter.allocate_tensors()
        (self.input,) = self.interpreter.get_input_details()
        (self.output,) = self.interpreter.get_output_details()

    def run(self, x: np.ndarray) -> np.ndarray:
        """The output for x."""
        self.interpreter.set_tensor(self.input["index"], x.reshape(self.input["shape"]))
        self.interpreter.invoke()
        return self.tensor(self.output["index"])

    def tensor(self, index: int) -> np.ndarray:
        """The tensor of that number after `run`."""
        return self.interpreter.get_tensor(index)
