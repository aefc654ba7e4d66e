"""Where a cascade has everything: its tensors in DRAM and on chip, its weights, the layer ids of its commands."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hw.compiler.channels import goes_by_channels, kept_blocks, kept_input, loaded_blocks, step_blocks
from hw.compiler.errors import CompileError
from hw.compiler.layers import Layer, ResidualAdd, spec_of, taps_of, unit_of
from hw.compiler.lowering import Lowering
from hw.compiler.packing import pack_stage, stage_shape
from hw.compiler.pool import PoolNumbers
from hw.compiler.residual import stages
from hw.compiler.rings import Ring, Wanted, place
from hw.compiler.slots import check_place, slots_shape
from hw.compiler.stripes import Schedule, residual_rows, ring_rows, stripes
from hw.compiler.weights import WeightPlace, place_once, place_weights
from hw.placement import Placement, TensorPlace


class Layout:
    """The layout of `layers`, which read the tensor `source`, or the ring `held` if it is on chip already.

    Members
    -------
    stages, specs, layers: of each stage itself, its layer's shape, its layer's id in the program
    plan: the rows of each stripe (`stripes.stripes`)
    names, rings: of the cascade's input and the output of each stage
    source, target: DRAM tensors its input is loaded from and its output goes to, if they do
    residual_rings: by stage, the ring its add reads; residual_sources: the DRAM tensor that is loaded there, if one is
    steps: by stage, the channel blocks it makes at a time if the next stage follows channel by channel; by -1, those
        that are loaded at a time if the first stage does
    weights: of each stage
    """

    def __init__(self, lowering: Lowering, layers: Sequence[Layer], source: str, held: Ring | None,
                 schedule: Schedule) -> None:
        self.lowering, self.config = lowering, lowering.config
        self.stages = stages(layers)
        self.specs = [stage.spec for stage in self.stages]
        self.layers = [len(lowering.layers) + stage.layer for stage in self.stages]
        self.layer_names = tuple(spec_of(layer).name for layer in layers)
        lowering.layers += self.layer_names
        self.plan = stripes(self.specs, schedule.stripe_rows)
        self.held, self.keep, self.tight = held, schedule.keep, schedule.tight
        self.names = [source, *(stage.name for stage in self.stages)]
        self.steps = {index: step_blocks(before, self.config)
                      for index, (before, behind) in enumerate(pairwise(self.specs))
                      if len(self.plan) == 1 and goes_by_channels(before, behind, self.config)}
        if len(self.plan) == 1 and self.tight and held is None and unit_of(self.specs[0]) == "depthwise":
            self.steps[-1] = loaded_blocks(self.specs[0], self.config)
        self._check()
        if held is None:
            self.source = lowering.tensor(source, self.specs[0].input_shape)
        self._place()
        if not self.keep:
            self.target = lowering.tensor(self.stages[-1].name, self.specs[-1].output_shape)
        self._lay_out_weights(schedule.piece_bytes)

    def _check(self) -> None:
        first, *others = self.specs
        for spec in others:
            if spec.op == "conv":
                raise CompileError(f"{spec.name}: a convolution can only be the first layer of a cascade")
        if first.op == "conv":
            check_place(first, self.config, held=self.held is not None,
                        ends=not (self.keep or others or self.stages[0].add))

    def _place(self) -> None:
        """Rings for the tensors of the cascade, and for those that are loaded only to be added."""
        adds = {index: stage.add for index, stage in enumerate(self.stages) if stage.add}
        shared = self._shared(adds)
        others = {index: add.residual for index, add in adds.items() if index not in shared}
        extra = [Wanted(name, self.specs[index].output_shape, residual_rows(index, self.plan, tight=self.tight))
                 for index, name in others.items()]
        rings = place(self.config, [*extra, *self._wanted(shared)[self.held is not None:]], self.held)
        self.rings = [*([self.held] if self.held else []), *rings[len(extra):]]
        self.residual_rings = {index: self.rings[tensor] for index, tensor in shared.items()} | dict(
            zip(others, rings, strict=False))
        self.residual_sources = {index: self.lowering.tensor(name, self.specs[index].output_shape)
                                 for index, name in others.items()}

    def _shared(self, adds: Mapping[int, ResidualAdd]) -> dict[int, int]:
        """By stage, the tensor of the cascade its add reads out of the ring the systolic array reads anyway.

        A bank has one reader: what the depthwise unit reads is loaded again to be added, and must be in DRAM for that.
        """
        shared = {index: self.names.index(add.residual) for index, add in adds.items()
                  if add.residual in self.names and self._reads_ring(self.names.index(add.residual))}
        for index, add in adds.items():
            gone = add.residual in self.lowering.layers and add.residual not in self.lowering.tensors
            if index not in shared and (gone or add.residual in self.names[self.held is None:]):
                raise CompileError(f"{self.names[index + 1]}: {add.residual} is added later on, so it must be in DRAM")
        return shared

    def _reads_ring(self, tensor: int) -> bool:
        """Whether the systolic array reads this tensor of the cascade out of a ring."""
        reader = self.specs[tensor] if tensor < len(self.specs) else None
        return reader is not None and unit_of(reader) == "pointwise" and reader.op != "conv"

    def _wanted(self, shared: Mapping[int, int]) -> list[Wanted]:
        """Rings of the cascade's input and of the output of each stage."""
        first, config = self.specs[0], self.config
        shapes = [first.input_shape, *(spec.output_shape for spec in self.specs)]
        rows = ring_rows(self.specs, self.plan, shared, tight=self.tight)
        if self.keep:
            rows[-1] = self.specs[-1].output_shape[0]
        if first.op == "conv":
            rows[0], shapes[0] = 2, slots_shape(first, self.plan, config)
            shapes[1] = (first.output_shape[0], taps_of(first).width, first.output_shape[2])
        kept = [kept_input(first, config) if -1 in self.steps else None,
                *(kept_blocks(spec, config) if index in self.steps else None
                  for index, spec in enumerate(self.specs))]
        return [Wanted(*item) for item in zip(self.names, shapes, rows, kept, strict=True)]

    def _lay_out_weights(self, piece_bytes: int) -> None:
        config, lowering = self.config, self.lowering
        self.weights = []
        for stage, layer in zip(self.stages, self.layers, strict=True):
            depthwise = unit_of(stage.spec) == "depthwise"
            self.weights.append(WeightPlace(stage.spec.name, layer, depthwise, *stage_shape(stage, config),
                                            config.bus_bytes, lowering.weight_memories[depthwise],
                                            address=lowering.add_weights(pack_stage(stage, config))))
        lay_out = place_once if len(self.plan) == 1 else place_weights
        for depthwise, memory in lowering.weight_memories.items():
            lay_out(memory, [item for item in self.weights if item.depthwise == depthwise], piece_bytes)

    @property
    def loaded(self) -> dict[int, Ring]:
        """By stage, the rings of what is loaded only to be added."""
        return {index: self.residual_rings[index] for index in self.residual_sources}

    def numerics(self, index: int) -> dict[str, int]:
        """The numerics of a stage's commands."""
        numbers = self.stages[index].numbers
        if numbers is None:
            return dict.fromkeys(("input_zero_point", "weight_zero_point", "output_zero_point", "minimum", "maximum",
                                  "single_rounding"), 0)
        single = numbers.single if isinstance(numbers, PoolNumbers) else None
        return {"input_zero_point": numbers.input_zero_point, "weight_zero_point": numbers.weight_zero_point,
                "output_zero_point": numbers.output_zero_point, "minimum": numbers.minimum,
                "maximum": numbers.maximum, "single_rounding": self.lowering.single if single is None else int(single)}

    def placement(self) -> Placement:
        """Where everything of the cascade lies."""
        added = [(tensor.name, self.residual_rings[index]) for index, (tensor, _) in self.residual_sources.items()]
        tensors = [*zip(self.names, self.rings, strict=True), *added]
        return Placement(
            layers=self.layer_names, stripe_rows=self.plan[0][-1][1],
            tensors=tuple(TensorPlace(tensor=name, shape=ring.shape, rows=ring.rows, groups=ring.groups, size=ring.size)
                          for name, ring in tensors),
            weights=tuple(item.place for item in self.weights),
            source=self.names[0] if self.held is None else None, target=None if self.keep else self.names[-1])
