"""A network in float32: what comes in before quantisation, and what its int8 is judged by."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.layer import MULTIPLYING
from golden.model import ModelError
from golden.network import INPUT, Network
from golden.ptq.float_ops import OPERATORS, run_float_layer

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatModel:
    """A network with float32 numbers, batch normalisation already folded.

    Members
    -------
    weights: by layer name, of the layer's `weight_shape`
    biases: by layer name, (c_out,)

    Raises
    ------
    ModelError
        When a layer's arrays are missing, of another shape or type or not finite, or its op is not supported.
    """

    network: Network
    weights: Mapping[str, Floats]
    biases: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for spec in self.network.layers:
            if spec.op not in OPERATORS:
                raise ModelError(f"{spec.name}: {spec.op} is not supported; supported are {', '.join(OPERATORS)}")
            if spec.op in MULTIPLYING:
                _check(spec.name, "weights", self.weights.get(spec.name), spec.weight_shape)
                _check(spec.name, "bias", self.biases.get(spec.name), (spec.output_shape[2],))

    def run(self, x: Floats) -> Floats:
        """The output (h, w, c) for one picture (h, w, c)."""
        ((_, last),) = deque(self.trace(x), maxlen=1)
        return last

    def trace(self, x: Floats) -> Iterator[tuple[str, Floats]]:
        """(name, output) of each layer in order.

        Raises
        ------
        ModelError
            When `x` has another shape or type.
        """
        if x.shape != self.network.input_shape or x.dtype != np.float32:
            raise ModelError(f"the input must be float32{self.network.input_shape}, not {x.dtype}{x.shape}")
        tensors = {INPUT: x}
        for spec, sources in zip(self.network.layers, self.network.inputs, strict=True):
            inputs = [tensors[source] for source in sources]
            y = run_float_layer(spec, self.weights.get(spec.name), self.biases.get(spec.name), *inputs)
            tensors[spec.name] = y
            yield spec.name, y


def fold_batch_norm(
    weights: Floats, gamma: Floats, beta: Floats, mean: Floats, variance: Floats, epsilon: float
) -> tuple[Floats, Floats]:
    """`(weights, bias)` of a layer without bias whose outputs y become γ·(y − mean) ÷ √(variance + ε) + β.

    `weights` have the output channels last; computed in float64.
    """
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    folded = weights.astype(np.float64) * factor
    return folded.astype(np.float32), (beta - mean.astype(np.float64) * factor).astype(np.float32)


def _check(name: str, what: str, array: Floats | None, shape: tuple[int, ...]) -> None:
    if array is None:
        raise ModelError(f"{name} has no {what}")
    if array.shape != shape or array.dtype != np.float32:
        raise ModelError(f"{name}: {what} must be float32{shape}, not {array.dtype}{array.shape}")
    if not np.isfinite(array).all():
        raise ModelError(f"{name}: {what} are not all finite")
