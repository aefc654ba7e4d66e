"""Named cases for whole engines: layers, schedule, rounding and the reference result of each."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.layer import LayerSpec, Padding, QuantisedLayer, window_output
from golden.ops import run_layer
from golden.quantise import INT8_MIN, Activation, Rounding
from golden.synthetic import Corner, synthesise_input, synthesise_layer
from hw.compiler.cascade import Schedule, compile_cascade
from hw.config import EngineConfig
from hw.program import Program

NONE = Padding()
EVEN = Padding(top=1, bottom=1, left=1, right=1)
KERAS = Padding(bottom=1, right=1)
"""Keras' V1 at stride 2."""
LEFT = Padding(top=1, left=1)
WIDE_PADDING = Padding(top=2, bottom=2, left=2, right=2)

Size = tuple[int, int, int]


def depthwise(name: str, size: Size, stride: int = 1, padding: Padding = EVEN,
              activation: Activation = "relu") -> LayerSpec:
    height, width = window_output(size, (3, 3), (stride, stride), padding)
    return LayerSpec(name=name, op="depthwise", input_shape=size, output_shape=(height, width, size[2]),
                     kernel=(3, 3), stride=(stride, stride), padding=padding, activation=activation)


def pointwise(name: str, size: Size, channels: int, activation: Activation = "relu") -> LayerSpec:
    return LayerSpec(name=name, op="pointwise", input_shape=size, output_shape=(*size[:2], channels),
                     activation=activation)


def connected(name: str, channels_in: int, channels_out: int) -> LayerSpec:
    return LayerSpec(name=name, op="fully_connected", input_shape=(1, 1, channels_in),
                     output_shape=(1, 1, channels_out))


def pair(size: Size, channels: int, stride: int = 1, padding: Padding = EVEN,
         activation: Activation = "relu") -> tuple[LayerSpec, LayerSpec]:
    """A depthwise layer and the pointwise one behind it."""
    first = depthwise("dw", size, stride, padding, activation)
    return first, pointwise("pw", first.output_shape, channels, activation)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Layers that run as one cascade.

    Parameters
    ----------
    stripe_rows: of the schedule
    input_zero_point: −128 makes the input look like a ReLU's output
    """

    specs: tuple[LayerSpec, ...]
    stripe_rows: int
    rounding: Rounding = "double"
    corner: Corner = "none"
    input_zero_point: int = INT8_MIN
    weight_zero_point: int = 0
    full: bool = False

    def layers(self, seed: int) -> list[QuantisedLayer]:
        layers, zero_point = [], self.input_zero_point
        for spec in self.specs:
            layer = synthesise_layer(spec, seed, input_zero_point=zero_point, corner=self.corner,
                                     weight_zero_point=self.weight_zero_point)
            layers.append(_with_linear_minimum(layer))
            zero_point = layer.output_zero_point
        return layers

    def values(self, seed: int) -> NDArray[np.int8]:
        corner = "extremes" if self.corner == "extremes" else "none"
        return synthesise_input(self.specs[0].input_shape, seed, zero_point=self.input_zero_point, corner=corner)

    def program(self, config: EngineConfig, seed: int) -> Program:
        return compile_cascade(self.layers(seed), config, Schedule(stripe_rows=self.stripe_rows), self.rounding)

    def expected(self, seed: int) -> NDArray[np.int8]:
        """The cascade's output by the golden model."""
        values = self.values(seed)
        for layer in self.layers(seed):
            values = run_layer(layer, values, rounding=self.rounding)
        return values


def _with_linear_minimum(layer: QuantisedLayer) -> QuantisedLayer:
    """A linear layer whose clamp is tighter than the type, so that both ends of the clamp are seen."""
    if layer.minimum != INT8_MIN or layer.spec.op != "pointwise":
        return layer
    return dataclasses.replace(layer, minimum=-120, maximum=119)


LINEAR: Activation = "none"

CASES: Mapping[str, Case] = {
    "pair_s1": Case(specs=pair((6, 6, 16), 16), stripe_rows=3),
}
