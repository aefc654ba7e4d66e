"""Compiles a cascade: layers that run stripe by stripe, with the rows between them in rings on chip."""

from collections import deque
from collections.abc import Iterator, Sequence
from math import ceil, prod

from golden.layer import QuantisedLayer
from golden.network import INPUT
from golden.quantise import Rounding
from hw.compiler.channels import cuts
from hw.compiler.depthwise_commands import depthwise
from hw.compiler.errors import CompileError
from hw.compiler.layers import Layer, check_supported, lowered, over_patches, spec_of, unit_of
from hw.compiler.layout import Layout
from hw.compiler.lowering import Lowering
from hw.compiler.packing import stage_shape
from hw.compiler.pointwise_commands import PointwiseCommands
from hw.compiler.prefetch import prefetched
from hw.compiler.residual import stages
from hw.compiler.rings import Ring, Wanted, pieces, place, runs
from hw.compiler.squares import over_squares, square_patches
from hw.compiler.stripes import Schedule, lags, schedules
from hw.compiler.tokens import Space
from hw.config import EngineConfig
from hw.placement import Placement
from hw.program import ALIGNMENT, DramTensor, Patches, Program

__all__ = ["Layer", "Schedule", "check_supported", "compile_cascade", "compile_cascades", "schedules", "spec_of"]


def compile_cascade(layers: Sequence[Layer], config: EngineConfig, schedule: Schedule,
                    rounding: Rounding = "double") -> Program:
    """Program that runs `layers`, each on the output of the one before, from DRAM to DRAM.

    Raises `CompileError` if a layer is not supported or does not fit with this schedule.
    """
    return compile_cascades([(layers, schedule)], config, rounding)


def compile_cascades(cascades: Sequence[tuple[Sequence[Layer], Schedule]], config: EngineConfig,
                     rounding: Rounding = "double", held: Ring | None = None) -> Program:
    """Program that runs one cascade after the other, each on the output of the one before.

    With `held` the input is taken to be in that ring already, which tells what a cascade in mid-network costs.
    Raises `CompileError` as `compile_cascade` does.
    """
    lowering, forms = _opened(cascades, config, rounding)
    source, placements = INPUT, []
    for layers, (_, schedule) in zip(forms, cascades, strict=True):
        layout = Layout(lowering, layers, source, held, schedule)
        placements.append(layout.placement())
        _lower(layout)
        source, held = layout.names[-1], layout.rings[-1] if schedule.keep else None
    first, _ = lowering.tensors[INPUT]
    last, _ = lowering.tensor(source, spec_of(forms[-1][-1]).output_shape)
    tensors = {name: tensor for name, (tensor, _) in lowering.tensors.items() if name != INPUT}
    return Program(config=config, layers=tuple(lowering.layers),
                   commands=tuple(prefetched(lowering.sequencer.commands, config)), image=bytes(lowering.image),
                   address=lowering.end, input=first, output=last, tensors=tensors, placements=tuple(placements))


def placement_of(layers: Sequence[Layer], config: EngineConfig, schedule: Schedule,
                 held: Ring | None = None) -> Placement:
    """Where this one cascade has everything, without making its commands.

    Raises the `CompileError` that `compile_cascades` would.
    """
    lowering, (form,) = _opened([(layers, schedule)], config, "double")
    return Layout(lowering, form, INPUT, held, schedule).placement()


def _opened(cascades: Sequence[tuple[Sequence[Layer], Schedule]], config: EngineConfig,
            rounding: Rounding) -> tuple[Lowering, list[list[Layer]]]:
    """The state of a compilation that has only the network's input so far; the layers as the engine runs them."""
    patches = _patches(cascades[0])
    for index, layer in enumerate(layer for layers, _ in cascades for layer in layers):
        check_supported(spec_of(layer), picture=patches is not None and index == 0)
    forms = [[lowered(layer) for layer in layers] for layers, _ in cascades]
    if patches:
        over = over_squares if cascades[0][1].patches == "squares" else over_patches
        forms[0][0] = over(forms[0][0])
    sizes = [prod(stage_shape(stage, config)) for layers in forms for stage in stages(layers)]
    lowering = Lowering(config, rounding, sum(ceil(size / ALIGNMENT) * ALIGNMENT for size in sizes))
    lowering.tensor(INPUT, spec_of(forms[0][0]).input_shape, patches)
    return lowering, forms


def _patches(cascade: tuple[Sequence[Layer], Schedule]) -> Patches | None:
    """How the host writes the network's input, if not as it is."""
    layers, schedule = cascade
    if not schedule.patches:
        return None
    layer = lowered(layers[0])
    spec = spec_of(layer)
    if spec.op != "conv":
        raise CompileError(f"{spec.name}: {spec.op} is no convolution, its input has no im2col")
    zero_point = layer.input_zero_point if isinstance(layer, QuantisedLayer) else 0
    if schedule.patches == "squares":
        return square_patches(spec, zero_point)
    return Patches(shape=spec.input_shape, kernel=spec.kernel, stride=spec.stride, padding=spec.padding,
                   zero_point=zero_point)


def kept_ring(layers: Sequence[Layer], config: EngineConfig, held: Ring | None) -> Ring:
    """The ring a cascade leaves its whole output in. Raises `CompileError` if it does not fit beside `held`."""
    spec = spec_of(layers[-1])
    return place(config, [Wanted(spec.name, spec.output_shape, spec.output_shape[0])], held)[0]


def _lower(layout: Layout) -> None:
    """Adds the cascade's commands: step by step what each stage does of its stripes."""
    rings, plan, loaded = layout.rings, layout.plan, list(layout.loaded.values())
    layout.lowering.enter([*loaded, *(rings[1:] if layout.held else rings)])
    systolic = PointwiseCommands(layout)
    # A single stripe is not waited for, so the stages come in the order of the layers.
    behind = lags(layout.specs, tight=layout.tight or len(plan) == 1)
    for step in range(len(plan) + behind[-1]):
        ahead: Iterator[int] | None = None
        if -1 in layout.steps:
            ahead = _load_by_channels(layout, *plan[step][0])
        elif layout.specs[0].op != "conv" and layout.held is None and step < len(plan):
            _transfer(layout, "load", 0, rings[0], layout.source, *plan[step][0])
        for index, spec in enumerate(layout.specs):
            if not 0 <= step - behind[index] < len(plan):
                continue
            rows = plan[step - behind[index]][index + 1]
            if index in layout.residual_sources:
                _transfer(layout, "load", index, layout.residual_rings[index], layout.residual_sources[index], *rows)
            if unit_of(spec) == "depthwise":
                depthwise(layout, index, *rows, ahead)
                ahead = None
                continue
            ahead = (systolic.convolution if spec.op == "conv" else systolic.pointwise)(index, *rows)
            if index not in layout.steps:
                deque(ahead, maxlen=0)
        if not layout.keep and step >= behind[-1]:
            _transfer(layout, "store", -1, rings[-1], layout.target, *plan[step - behind[-1]][-1])
    layout.lowering.leave([*loaded, *rings])


def _load_by_channels(layout: Layout, first: int, last: int) -> Iterator[int]:
    """Loads rows of the cascade's input a few channel blocks at a time; gives the blocks that are there after each."""
    ring = layout.rings[0]
    for block, end in cuts(0, ring.blocks, layout.steps[-1]):
        layout.lowering.transfer("load", layout.layers[0], ring, layout.source, (first, last), ring.pixel(first),
                                 ring.region(first, last, block, end - block), blocks=(block, end))
        yield end


def _transfer(layout: Layout, unit: str, stage: int, ring: Ring, tensor: tuple[DramTensor, Space], first: int,
              last: int) -> None:
    """Moves rows between DRAM and one of the cascade's rings."""
    apart = ring.shape[1] != tensor[0].shape[1]
    for y, rows in runs(first, last, [ring]):
        for start, end in pieces(y, y + rows, apart):
            layout.lowering.transfer(unit, layout.layers[stage], ring, tensor, (start, end), ring.pixel(start),
                                     ring.region(start, end))
