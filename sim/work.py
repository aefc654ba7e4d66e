"""What a command line asks for: a network or a model, a layer of it, and the cascades to run for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer, add
from golden.layer import LayerSpec, QuantisedLayer
from golden.model import Model
from golden.network import INPUT, Network, UnknownLayer
from golden.networks import network
from golden.open_model import open_model
from golden.ops import run_layer
from golden.pool import AveragePoolLayer, MeanLayer
from golden.quantise import Rounding
from golden.refusal import Refusal
from golden.synthetic import synthesise_input
from golden.synthetic_model import synthesised_layer
from hw.compiler.cascade import check_supported
from hw.compiler.errors import CompileError
from hw.compiler.layers import Layer, ResidualAdd, spec_of
from sim.cascading import cascades, fuses
from sim.folding import folded

Weighted = QuantisedLayer | AveragePoolLayer | MeanLayer
"""Layers with numbers that the engine runs on one tensor."""

Computing = Weighted | ResidualAdd
"""Layers with numbers that the engine runs."""

HOST = ("softmax", "reshape", "quantize", "dequantize", "mul", "sub")
"""Operators at the ends of a network that stay on the host."""


class RequestError(Refusal):
    """A request that can't be met as it stands; the message says what would be."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A network, by its definition or by a model's file.

    Parameters
    ----------
    title: what a reader calls it
    network: its layers
    model: its numbers; None for a definition, which gets seeded ones where numbers are needed
    """

    title: str
    network: Network
    model: Model | None = None

    def resolve(self, name: str) -> str:
        """The layer's Keras name. Raises `UnknownLayer`."""
        return self.model.resolve(name) if self.model else self.network.layer(name).name

    def cascades(self, name: str) -> list[tuple[LayerSpec, ...]]:
        """What is run for a layer: itself alone, and the separable pair it is in.

        Raises `UnknownLayer`, or `CompileError` if the engine does not run the layer.
        """
        spec = self.network.layer(self.resolve(name))
        check_supported(spec, picture=self.reads_picture(spec.name))
        if spec.op == "add":
            raise CompileError(f"{spec.name}: an add runs in the commands of the layer before it: give that one, or no"
                               " LAYER for the whole network")
        pair = self.network.pair(spec.name)
        return [(spec,), pair] if pair and _supported(pair) else [(spec,)]

    def reads_picture(self, name: str) -> bool:
        """Whether the layer of that name is the first the host has not done."""
        first = next((spec.name for spec in self.network.layers if spec.op not in HOST), None)
        return name == first

    def steps(self) -> list[tuple[LayerSpec, ...]]:
        """The network in pieces: separable pairs, and the layers in no pair."""
        pieces: list[tuple[LayerSpec, ...]] = []
        paired: set[str] = set()
        for spec in self.network.layers:
            pair = self.network.pair(spec.name) if spec.op == "depthwise" else None
            if pair and fuses(pair):
                paired.add(pair[1].name)
                pieces.append(pair)
            elif spec.name not in paired:
                pieces.append((spec,))
        return pieces

    def whole(self) -> list[tuple[Layer, ...]]:
        """The engine's part of the network as cascades that follow one another; the host has only the two ends.

        Raises `CompileError` naming the first layer in between that the engine does not run.
        """
        specs = list(self.network.layers)
        while specs and specs[0].op in HOST:
            specs.pop(0)
        while specs and specs[-1].op in HOST:
            specs.pop()
        for spec in specs:
            check_supported(spec, picture=spec is specs[0])
        chain: list[Layer] = []
        start = before = self.network.inputs_of(specs[0].name)[0] if specs else INPUT
        for spec in specs:
            chain.append(self._chained(spec, before, start))
            before = spec.name
        return cascades(chain)

    def _chained(self, spec: LayerSpec, before: str, start: str) -> Layer:
        """The layer as one of a chain that begins with the tensor `start`, after the layer called `before`.

        Raises `CompileError` if it has other inputs.
        """
        inputs = self.network.inputs_of(spec.name)
        if spec.op == "add" and before in inputs:
            residual = inputs.index(before) ^ 1
            name = inputs[residual]
            return ResidualAdd(layer=spec, residual=INPUT if name == start else name, operand=residual)
        if inputs != (before,):
            raise CompileError(f"{spec.name}: reads {' and '.join(inputs)}, not {before}, the layer before it: only"
                               " chains of layers, with adds, are run as one network")
        return spec

    def numbers(self, layers: Sequence[Layer], seed: int) -> list[Computing]:
        """The layers with their numbers: the model's, or seeded ones."""
        result: list[Computing] = []
        for layer in layers:
            name = spec_of(layer).name
            node = self.model.layer(name) if self.model else synthesised_layer(self.network, name, seed)
            if isinstance(layer, ResidualAdd) and isinstance(node, AddLayer):
                result.append(replace(layer, layer=node))
            elif isinstance(node, QuantisedLayer):
                result.append(replace(node, spec=spec_of(layer)))
            elif isinstance(node, Weighted):
                result.append(node)
        return result

    def activations(self, layer: Weighted, seed: int, picture: NDArray | None,
                    rounding: Rounding) -> NDArray[np.int8]:
        """The layer's input (h, w, c) int8: out of the model's run on `picture`, or seeded.

        Raises `RequestError` if there is a picture but no model for it, `ModelError` if it does not suit the model.
        """
        if self.model is None:
            if picture is not None:
                raise RequestError("--input needs --model: a network without numbers makes its own seeded input")
            zero_point = 0 if isinstance(layer, AveragePoolLayer) else layer.input_zero_point
            return synthesise_input(layer.spec.input_shape, seed, zero_point=zero_point)
        if picture is None:
            picture = seeded_picture(self.model, seed)
        (tensor,) = self.model.feed(layer.spec.name, picture, rounding)
        return tensor.reshape(layer.spec.input_shape)


def _supported(specs: Sequence[LayerSpec]) -> bool:
    try:
        for spec in specs:
            check_supported(spec)
    except CompileError:
        return False
    return fuses(specs)


def seeded_picture(model: Model, seed: int) -> NDArray:
    generator = np.random.default_rng(seed)
    if model.input.dtype == "float32":
        return generator.random(model.input.shape, np.float32)
    limits = np.iinfo(model.input.dtype)
    return generator.integers(limits.min, limits.max, model.input.shape, model.input.dtype, endpoint=True)


def open_source(*, name: str, alpha: float, resolution: int, model: str | None,
                calibration: Sequence[str] = ()) -> Source:
    """The network called `name`, or that in the file `model`; a float one is quantised on the pictures `calibration`.

    Raises `RequestError` or `ModelError`.
    """
    if model is not None:
        loaded = open_model(model, calibration)
        return Source(title=f"{model} ({loaded.network.name})", network=folded(loaded.network), model=loaded)
    try:
        return Source(title=f"{name} {alpha:g}-{resolution}", network=network(name, alpha=alpha, resolution=resolution))
    except UnknownLayer:
        raise
    except ValueError as error:
        raise RequestError(str(error)) from None


def golden_output(layers: Sequence[Computing], values: NDArray[np.int8], rounding: Rounding) -> NDArray[np.int8]:
    """What a chain of layers must compute; an add takes the chain's input, or the output of the layer it names."""
    made = {INPUT: values}
    for layer in layers:
        if isinstance(layer, ResidualAdd):
            assert isinstance(layer.layer, AddLayer)
            operands = [made[layer.residual], values]
            values = add(*(operands if layer.operand == 0 else reversed(operands)), layer.layer, rounding)
        elif layer.spec.op == "fully_connected":
            values = run_layer(layer, values.reshape(layer.spec.input_shape), rounding=rounding)
        else:
            values = run_layer(layer, values, rounding=rounding)
        made[spec_of(layer).name] = values
    return values


def load_picture(path: str | None) -> NDArray | None:
    """The array in a ``.npy`` file. Raises `RequestError`."""
    if path is None:
        return None
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RequestError(f"{path}: not a .npy array: {error}") from None
