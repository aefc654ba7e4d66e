"""A whole network as one program: planned piece by piece, run in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.compare import first_mismatch
from golden.layer import LayerSpec
from golden.model import Model, run_node
from golden.quantise import Rounding
from golden.synthetic_model import synthesise_model
from hw.compiler.cascade import compile_cascades, spec_of
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from hw.program import Program
from hw.proof.proof import prove
from sim.cascading import alone, divided, regrouped
from sim.model.engine import ModelRun, run_model
from sim.search import Choice, Compiler, plan_chain
from sim.work import Source


@dataclass(frozen=True, kw_only=True)
class PlannedNetwork:
    """The program of a network, the model's times of it, and how the schedule of each cascade was chosen."""

    specs: list[LayerSpec]
    program: Program
    run: ModelRun
    choices: list[Choice]


def plan_network(source: Source, config: EngineConfig, timing: MemoryTiming, *, seed: int | None = None,
                 rounding: Rounding = "double", apart: bool = False, proven: bool = True,
                 compiler: Compiler = compile_cascades) -> PlannedNetwork:
    """Plans each cascade by itself, compiles them one after the other.

    With a `seed` the layers get their numbers, else only their shapes, which is all that time depends on. `apart` runs
    each layer from DRAM to DRAM. A program that nobody is going to run need not be `proven`. The `compiler` may be one
    that shares programs, if there is no seed.
    Raises `CompileError` if the engine does not run the network, or a cascade does not fit; `ProofError` if the
    program is not safe.
    """
    cascades = alone(source.whole()) if apart else divided(regrouped(source.whole(), config), config)
    choices = plan_chain(cascades, config, timing, keep=not apart, compiler=compiler)
    schedules = [choice.schedule for choice in choices]
    layers = cascades if seed is None else [source.numbers(cascade, seed) for cascade in cascades]
    program = compiler(list(zip(layers, schedules, strict=True)), config, rounding)
    if proven:
        prove(program)
    return PlannedNetwork(specs=[spec_of(layer) for cascade in cascades for layer in cascade], program=program,
                          run=run_model(program, timing), choices=choices)


def whole_model(source: Source, seed: int) -> Model:
    """The source's model, or the seeded one of its definition."""
    return source.model or synthesise_model(source.network, seed)


def engine_input(model: Model, picture: NDArray[Any], specs: Sequence[LayerSpec],
                 rounding: Rounding) -> NDArray[np.int8]:
    """What the host hands to the engine: the input of the first layer it runs."""
    (tensor,) = model.feed(specs[0].name, picture, rounding)
    return tensor.reshape(specs[0].input_shape)


class NotExactError(RuntimeError):
    """A tensor is not golden's: says where first."""


class Comparison:
    """Holds the tensors of a run against golden's, which are computed as they are needed.

    An `OnTensor` of `hw.rtl`. Parameters: as of `golden.model.Model.trace`.

    Members
    -------
    exact: names of the tensors that were golden's
    """

    def __init__(self, model: Model, picture: NDArray[Any], rounding: Rounding) -> None:
        self.exact: list[str] = []
        self._golden = model.trace(picture, rounding)
        self._computed: dict[str, NDArray[Any]] = {}

    def __call__(self, name: str, found: NDArray[np.int8]) -> None:
        """Raises `NotExactError` with layer, row, column and channel of the first difference."""
        while name not in self._computed:
            computed, values = next(self._golden)
            self._computed[computed] = values
        mismatch = first_mismatch(name, self._computed.pop(name).reshape(found.shape), found)
        if mismatch is not None:
            raise NotExactError(str(mismatch))
        self.exact.append(name)


def finish(model: Model, specs: Sequence[LayerSpec], output: NDArray[np.int8], rounding: Rounding) -> NDArray[Any]:
    """The host's part after the engine's: the model's output from the engine's."""
    names = list(model.network.names)
    first = names.index(specs[-1].name) + 1
    values: NDArray[Any] = output.reshape(model.network.layers[first - 1].output_shape)
    for node in model.nodes[first:]:
        values = run_node(node, values, rounding=rounding)
    return model.output.write(values)
