"""Named cases for whole engines: layers, schedule, rounding and the reference result of each."""

import dataclasses
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.add import AddLayer
from golden.layer import LayerSpec, Padding, QuantisedLayer, window_output
from golden.network import INPUT
from golden.ops import run_layer
from golden.pool import MeanLayer
from golden.quantise import INT8_MIN, Activation, Rounding
from golden.synthetic import Corner, synthesise, synthesise_input, synthesise_layer
from hw.compiler.cascade import Schedule, compile_cascade
from hw.compiler.layers import POOLS, ResidualAdd
from hw.config import EngineConfig
from hw.program import Program
from sim.work import Computing

NONE = Padding()
EVEN = Padding(top=1, bottom=1, left=1, right=1)
KERAS = Padding(bottom=1, right=1)
"""Keras' V1 at stride 2."""
LEFT = Padding(top=1, left=1)
WIDE_PADDING = Padding(top=2, bottom=2, left=2, right=2)

Size = tuple[int, int, int]


def depthwise(
    name: str, size: Size, stride: int = 1, padding: Padding = EVEN, activation: Activation = "relu"
) -> LayerSpec:
    height, width = window_output(size, (3, 3), (stride, stride), padding)
    return LayerSpec(
        name=name,
        op="depthwise",
        input_shape=size,
        output_shape=(height, width, size[2]),
        kernel=(3, 3),
        stride=(stride, stride),
        padding=padding,
        activation=activation,
    )


def pointwise(name: str, size: Size, channels: int, activation: Activation = "relu") -> LayerSpec:
    return LayerSpec(
        name=name, op="pointwise", input_shape=size, output_shape=(*size[:2], channels), activation=activation
    )


def connected(name: str, channels_in: int, channels_out: int, size: tuple[int, int] = (1, 1)) -> LayerSpec:
    return LayerSpec(
        name=name, op="fully_connected", input_shape=(*size, channels_in), output_shape=(1, 1, channels_out)
    )


def convolution(
    name: str,
    size: Size,
    channels: int,
    stride: int = 1,
    padding: Padding | None = None,
    kernel: tuple[int, int] = (3, 3),
) -> LayerSpec:
    """With TFLite's SAME padding if there is no other."""
    padding = Padding.same(size[:2], kernel, (stride, stride)) if padding is None else padding
    height, width = window_output(size, kernel, (stride, stride), padding)
    return LayerSpec(
        name=name, op="conv", input_shape=size, output_shape=(height, width, channels), kernel=kernel,
        stride=(stride, stride), padding=padding,
    )  # fmt: skip


def add(name: str, size: Size) -> LayerSpec:
    """Adds the cascade's input."""
    return LayerSpec(name=name, op="add", input_shape=size, output_shape=size)


def pool(op: str, name: str, size: Size) -> LayerSpec:
    """An average_pool or a mean over the whole picture."""
    return LayerSpec(name=name, op=op, input_shape=size, output_shape=(1, 1, size[2]), kernel=size[:2])


def odd_depthwise(
    name: str, size: Size, kernel: tuple[int, int], multiplier: int, stride: int = 1
) -> LayerSpec:
    """A depthwise layer that is none of the depthwise unit's."""
    padding = Padding.same(size[:2], kernel, (stride, stride))
    height, width = window_output(size, kernel, (stride, stride), padding)
    return LayerSpec(
        name=name, op="depthwise", input_shape=size, output_shape=(height, width, size[2] * multiplier),
        kernel=kernel, stride=(stride, stride), padding=padding, depth_multiplier=multiplier,
    )  # fmt: skip


def pair(
    size: Size, channels: int, stride: int = 1, padding: Padding = EVEN, activation: Activation = "relu"
) -> tuple[LayerSpec, LayerSpec]:
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

    def layers(self, seed: int) -> list[Computing]:
        layers: list[Computing] = []
        zero_point = self.input_zero_point
        for spec in self.specs:
            if spec.op == "add":  # of the cascade's input
                add = synthesise(spec, seed, self.input_zero_point, zero_point)
                assert isinstance(add, AddLayer)
                layers.append(ResidualAdd(layer=add, residual=INPUT, operand=0))
                zero_point = add.output_zero_point
                continue
            if spec.op in POOLS:
                pool = synthesise(spec, seed, zero_point)
                layers.append(pool)
                zero_point = pool.output_zero_point if isinstance(pool, MeanLayer) else zero_point
                continue
            layer = synthesise_layer(
                spec,
                seed,
                input_zero_point=zero_point,
                corner=self.corner,
                weight_zero_point=self.weight_zero_point,
            )
            layers.append(_with_linear_minimum(layer))
            zero_point = layer.output_zero_point
        return layers

    def values(self, seed: int) -> NDArray[np.int8]:
        corner = "extremes" if self.corner == "extremes" else "none"
        return synthesise_input(
            self.specs[0].input_shape, seed, zero_point=self.input_zero_point, corner=corner
        )

    def program(self, config: EngineConfig, seed: int) -> Program:
        return compile_cascade(
            self.layers(seed), config, Schedule(stripe_rows=self.stripe_rows), self.rounding
        )

    def expected(self, seed: int) -> NDArray[np.int8]:
        """The cascade's output by the golden model."""
        return self.computed(self.values(seed), seed)

    def computed(self, values: NDArray[np.int8], seed: int) -> NDArray[np.int8]:
        """The cascade's output for any input."""
        first = values
        for layer in self.layers(seed):
            if isinstance(layer, ResidualAdd):
                assert isinstance(layer.layer, AddLayer)
                values = run_layer(layer.layer, first, values, rounding=self.rounding)
            else:
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
    "pair_s2_keras": Case(specs=pair((8, 8, 24), 20, 2, KERAS), stripe_rows=2),
    "pair_s2_same_odd": Case(specs=pair((7, 9, 16), 24, 2), stripe_rows=2),
    "pair_s2_pytorch": Case(specs=pair((8, 6, 16), 8, 2), stripe_rows=1),
    "odd_sizes": Case(specs=pair((7, 5, 19), 13), stripe_rows=3, input_zero_point=-3),
    "pad_left_top": Case(specs=pair((6, 5, 11), 8, 1, LEFT, LINEAR), stripe_rows=2, input_zero_point=100),
    "pad_right_bottom": Case(
        specs=pair((5, 6, 8), 9, 1, KERAS, LINEAR), stripe_rows=2, input_zero_point=-100
    ),
    "pad_none": Case(specs=pair((6, 7, 8), 16, 1, NONE), stripe_rows=2),
    "pad_two": Case(specs=pair((4, 3, 8), 8, 1, WIDE_PADDING), stripe_rows=2, input_zero_point=17),
    "ties_double": Case(specs=pair((5, 5, 16), 16, 1, EVEN, LINEAR), stripe_rows=3, corner="ties"),
    "ties_single": Case(
        specs=pair((5, 5, 16), 16, 1, EVEN, LINEAR), stripe_rows=3, corner="ties", rounding="single"
    ),
    "extremes_double": Case(specs=pair((5, 4, 17), 15, 2), stripe_rows=2, corner="extremes"),
    "extremes_single": Case(
        specs=pair((5, 4, 17), 15, 2),
        stripe_rows=2,
        corner="extremes",
        rounding="single",
        weight_zero_point=-7,
    ),
    "weights_streamed": Case(specs=pair((4, 4, 64), 112), stripe_rows=2),
    "ring_wrap": Case(specs=pair((17, 4, 8), 8), stripe_rows=1),
    "ring_wrap_s2": Case(specs=pair((19, 3, 9), 8, 2, KERAS), stripe_rows=2),
    "two_pairs": Case(
        specs=(
            depthwise("dw_1", (9, 6, 12)),
            pointwise("pw_1", (9, 6, 12), 20),
            depthwise("dw_2", (9, 6, 20), 2, KERAS),
            pointwise("pw_2", (4, 3, 20), 9, LINEAR),
        ),
        stripe_rows=1,
    ),
    "lone_depthwise": Case(specs=(depthwise("dw", (6, 7, 21), 1, EVEN, LINEAR),), stripe_rows=3),
    "lone_pointwise": Case(
        specs=(pointwise("pw", (5, 7, 21), 30, LINEAR),), stripe_rows=2, input_zero_point=5
    ),
    "fully_connected": Case(specs=(connected("fc", 50, 43),), stripe_rows=1),
    "one_pixel": Case(specs=pair((1, 1, 8), 8), stripe_rows=1),
    "narrow": Case(specs=pair((9, 1, 8), 8, 2), stripe_rows=2),
    "flat": Case(specs=pair((1, 11, 16), 8), stripe_rows=1),
    "conv": Case(specs=(convolution("conv", (6, 8, 10), 9),), stripe_rows=2, input_zero_point=6),
    "conv_s2": Case(specs=(convolution("conv", (8, 8, 9), 8, 2),), stripe_rows=2, input_zero_point=-9),
    "conv_s2_odd": Case(specs=(convolution("conv", (7, 9, 8), 17, 2),), stripe_rows=2, input_zero_point=30),
    "conv_s2_tap": Case(
        specs=(convolution("conv", (7, 6, 8), 8, 2, kernel=(1, 1)),), stripe_rows=3, input_zero_point=4
    ),
    "conv_narrow": Case(specs=(convolution("conv", (5, 3, 8), 8),), stripe_rows=2, input_zero_point=50),
    "conv_column": Case(specs=(convolution("conv", (6, 1, 8), 8, 1),), stripe_rows=3, input_zero_point=50),
    "conv_valid": Case(
        specs=(convolution("conv", (6, 8, 8), 8, 1, NONE),), stripe_rows=2, input_zero_point=50
    ),
    "conv_valid_s2": Case(
        specs=(convolution("conv", (9, 7, 8), 8, 2, NONE),), stripe_rows=2, input_zero_point=50
    ),
    "conv_over_padded": Case(
        specs=(convolution("conv", (4, 4, 8), 8, 1, WIDE_PADDING),), stripe_rows=2, input_zero_point=50
    ),
    "conv_far": Case(
        specs=(convolution("conv", (5, 6, 5), 8, 1, Padding(top=6, left=7, bottom=1), (7, 8)),),
        stripe_rows=2,
        input_zero_point=50,
    ),
    "conv_whole": Case(
        specs=(convolution("conv", (4, 5, 8), 20, 1, NONE, (4, 5)),), stripe_rows=1, input_zero_point=50
    ),
    "conv_pair": Case(
        specs=(convolution("conv", (7, 5, 8), 12, 2), *pair((4, 3, 12), 9)), stripe_rows=1, input_zero_point=-3
    ),
    "residual": Case(
        specs=(pointwise("pw", (5, 4, 19), 19, LINEAR), add("add", (5, 4, 19))), stripe_rows=2, input_zero_point=3
    ),
    "inverted": Case(
        specs=(
            pointwise("expand", (6, 5, 8), 24),
            depthwise("dw", (6, 5, 24)),
            pointwise("project", (6, 5, 24), 8, LINEAR),
            add("add", (6, 5, 8)),
        ),
        stripe_rows=2,
        input_zero_point=-4,
    ),
    "pool_average": Case(specs=(pool("average_pool", "pool", (7, 5, 19)),), stripe_rows=1, input_zero_point=-7),
    "pool_mean": Case(specs=(pool("mean", "pool", (4, 7, 30)),), stripe_rows=1, input_zero_point=11),
    "conv_to_pool": Case(
        specs=(
            convolution("conv", (9, 8, 3), 16, 2, kernel=(2, 2)),
            depthwise("dw", (5, 4, 16)),
            pointwise("pw", (5, 4, 16), 24, LINEAR),
            pool("average_pool", "pool", (5, 4, 24)),
        ),
        stripe_rows=1,
        input_zero_point=2,
    ),
    "connected_map": Case(specs=(connected("fc", 9, 11, (3, 3)),), stripe_rows=1, input_zero_point=50),
    "depthwise_5": Case(
        specs=(odd_depthwise("dw_conv", (6, 5, 11), (5, 5), 1),),
        stripe_rows=3,
        input_zero_point=8,
        weight_zero_point=5,
    ),
    "depthwise_doubled": Case(
        specs=(odd_depthwise("dw_conv", (6, 5, 5), (3, 3), 2, 2),), stripe_rows=2, weight_zero_point=-6
    ),
    "depthwise_tripled": Case(
        specs=(odd_depthwise("dw_conv", (5, 6, 43), (2, 1), 3),), stripe_rows=3, input_zero_point=-20
    ),
}
"""By the names that `make cocotb TEST=` takes, besides `random`."""


def random_case(seed: int) -> Case:
    """A lone layer or a pair of any shape that is small."""
    rng = random.Random(seed)
    size = (rng.randint(1, 12), rng.randint(1, 12), rng.randint(1, 50))
    stride = rng.choice((1, 2))
    padding = Padding(
        top=rng.randint(0, 2), bottom=rng.randint(0, 2), left=rng.randint(0, 2), right=rng.randint(0, 2)
    )
    if size[0] + padding.top + padding.bottom < 3 or size[1] + padding.left + padding.right < 3:
        padding = EVEN
    specs = pair(size, rng.randint(1, 50), stride, padding, rng.choice(("none", "relu")))
    specs = rng.choice((specs, specs, specs[:1], specs[1:]))
    return Case(
        specs=specs,
        stripe_rows=rng.randint(1, specs[-1].output_shape[0]),
        rounding=rng.choice(("double", "single")),
        corner=rng.choice(("none", "none", "ties", "extremes")),
        input_zero_point=rng.randint(-128, 127),
        weight_zero_point=rng.choice((0, 0, rng.randint(-20, 20))),
    )


def find_case(name: str, seed: int) -> Case:
    """Case of that name; `random` is made from the seed. Raises `KeyError` with all names."""
    if name == RANDOM:
        return random_case(seed)
    if name not in CASES:
        raise KeyError(f"test {name!r} is unknown; tests: {', '.join([*CASES, RANDOM])}")
    return CASES[name]


RANDOM = "random"
