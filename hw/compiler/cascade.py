"""Compiles a cascade: layers that run stripe by stripe, with the rows between them in rings on chip."""

from collections import deque
from collections.abc import Iterator, Sequence
from math import ceil, lcm, prod

from golden.layer import LayerSpec, QuantisedLayer
from golden.network import INPUT
from golden.quantise import Rounding
from hw.commands import RESIDUAL
from hw.compiler.errors import CompileError
from hw.compiler.layers import (
    POOLS,
    Diagonal,
    Layer,
    check_supported,
    input_blocks,
    is_cropped,
    lowered,
    over_patches,
    passes_of,
    spec_of,
    splits_beats,
    taps_of,
    unit_of,
)
from hw.compiler.lowering import Lowering
from hw.compiler.packing import depthwise_shape, pack_depthwise, pack_pointwise, pointwise_shape
from hw.compiler.pool import PoolNumbers
from hw.compiler.residual import Stage, add_fields, residual_passes, stages
from hw.compiler.rings import Ring, Wanted, pieces, place, runs
from hw.compiler.stripes import (
    Schedule,
    input_rows,
    lags,
    residual_rows,
    ring_rows,
    schedules,
    slot_rows,
    stripes,
)
from hw.compiler.tokens import Region, Space
from hw.compiler.weights import WeightPlace, place_weights
from hw.config import KERNEL, OCTET, EngineConfig
from hw.placement import Placement, TensorPlace
from hw.program import ALIGNMENT, DramTensor, Patches, Program

STEPS, RING_STEPS = 16, 3
"""Steps a layer is made in if the next one follows it channel by channel, and how many of them are on chip."""

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
    patches = _patches(cascades[0])
    for index, layer in enumerate(layer for layers, _ in cascades for layer in layers):
        check_supported(spec_of(layer), picture=patches is not None and index == 0)
    forms = [[lowered(layer) for layer in layers] for layers, _ in cascades]
    if patches:
        forms[0][0] = over_patches(forms[0][0])
    specs = [spec_of(layer) for layers in forms for layer in layers]
    sizes = [prod(_weight_shape(stage, config)) for layers in forms for stage in stages(layers)]
    lowering = Lowering(config, rounding, sum(ceil(size / ALIGNMENT) * ALIGNMENT for size in sizes))
    source, placements = INPUT, []
    lowering.tensor(INPUT, specs[0].input_shape, patches)
    for layers, (_, schedule) in zip(forms, cascades, strict=True):
        cascade = _Cascade(lowering, layers, source, held, schedule)
        placements.append(cascade.placement())
        source, held = cascade.lower(), cascade.rings[-1] if schedule.keep else None
    first, _ = lowering.tensor(INPUT, specs[0].input_shape)
    last, _ = lowering.tensor(source, specs[-1].output_shape)
    tensors = {name: tensor for name, (tensor, _) in lowering.tensors.items() if name != INPUT}
    return Program(config=config, layers=tuple(lowering.layers), commands=tuple(lowering.sequencer.commands),
                   image=bytes(lowering.image), address=lowering.end, input=first, output=last, tensors=tensors,
                   placements=tuple(placements))


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
    return Patches(shape=spec.input_shape, kernel=spec.kernel, stride=spec.stride, padding=spec.padding,
                   zero_point=zero_point)


def kept_ring(layers: Sequence[Layer], config: EngineConfig, held: Ring | None) -> Ring:
    """The ring a cascade leaves its whole output in. Raises `CompileError` if it does not fit beside `held`."""
    spec = spec_of(layers[-1])
    return place(config, [Wanted(spec.name, spec.output_shape, spec.output_shape[0])], held)[0]


def channel_rings(layers: Sequence[Layer], config: EngineConfig) -> bool:
    """Whether a pointwise layer and the one that follows it channel by channel fit with whole tensors around them."""
    first, last = (spec_of(lowered(layer)) for layer in layers)
    kept = _channels_kept(first, config)
    height, wide = first.output_shape[0], kept < ceil(first.output_shape[2] / config.pe_rows)
    wanted = [Wanted("", first.input_shape, height), Wanted("", first.output_shape, height, kept if wide else None),
              Wanted("", last.output_shape, last.output_shape[0])]
    return sum(len(item.ring(config).groups) for item in wanted) <= config.activation_groups


def _step(spec: LayerSpec, config: EngineConfig) -> int:
    """Channel blocks of a layer's output that are made before the next layer goes on."""
    unit = lcm(config.pe_rows, config.pe_cols) // config.pe_rows
    return ceil(ceil(spec.output_shape[2] / config.pe_rows) / STEPS / unit) * unit


def _channels_kept(spec: LayerSpec, config: EngineConfig) -> int:
    return RING_STEPS * _step(spec, config)


class _Cascade:
    def __init__(self, lowering: Lowering, layers: Sequence[Layer], source: str, held: Ring | None,
                 schedule: Schedule) -> None:
        self.lowering, self.config = lowering, lowering.config
        self.sequencer = lowering.sequencer
        self.stages = stages(layers)
        self.specs = [stage.spec for stage in self.stages]
        self.numbers = [stage.numbers for stage in self.stages]
        self.layers = [len(lowering.layers) + stage.layer for stage in self.stages]
        self.layer_names = tuple(spec_of(layer).name for layer in layers)
        lowering.layers += self.layer_names
        self.plan = stripes(self.specs, schedule.stripe_rows)
        self.held, self.keep, self.piece_bytes = held, schedule.keep, schedule.piece_bytes
        self._slot = 1
        self._place(source)
        self._lay_out_weights()

    def _place(self, source: str) -> None:
        """The cascade's ends in DRAM, and its rings on chip."""
        first, last = self.specs[0], self.specs[-1]
        shapes = [first.input_shape, *(spec.output_shape for spec in self.specs)]
        adds = {index: stage.add for index, stage in enumerate(self.stages) if stage.add}
        self.names = [source, *(stage.name for stage in self.stages)]
        # A bank has one reader: what the depthwise unit reads is loaded again to be added.
        shared = {index: self.names.index(add.residual) for index, add in adds.items()
                  if add.residual in self.names and self._reads_ring(self.names.index(add.residual))}
        for index, add in adds.items():
            gone = add.residual in self.lowering.layers and add.residual not in self.lowering.tensors
            if index not in shared and (gone or add.residual in self.names[self.held is None:]):
                raise CompileError(f"{self.names[index + 1]}: {add.residual} is added later on, so it must be in DRAM")
        rows = ring_rows(self.specs, self.plan, shared)
        if self.keep:
            rows[-1] = last.output_shape[0]
        if self.held is None:
            self.source = self.lowering.tensor(source, first.input_shape)
        if first.op == "conv":
            self._check_convolution(first)
            rows[0] = 2
            shapes[0] = self._slots(first)
            shapes[1] = (first.output_shape[0], taps_of(first).width, first.output_shape[2])
        for spec in self.specs[1:]:
            if spec.op == "conv":
                raise CompileError(f"{spec.name}: a convolution can only be the first layer of a cascade")
        self.steps = {index: _step(spec, self.config) for index, spec in enumerate(self.specs[:-1])
                      if self._goes_by_channels(index)}
        kept = [None, *(_channels_kept(spec, self.config) if index in self.steps else None
                        for index, spec in enumerate(self.specs))]
        wanted = [Wanted(*item) for item in zip(self.names, shapes, rows, kept, strict=True)]
        others = {index: add.residual for index, add in adds.items() if index not in shared}
        extra = [Wanted(name, self.specs[index].output_shape, residual_rows(index, self.specs, self.plan))
                 for index, name in others.items()]
        rings = place(self.config, [*extra, *wanted[self.held is not None:]], self.held)
        self.rings = [*([self.held] if self.held else []), *rings[len(extra):]]
        self.residual_rings = {index: self.rings[tensor] for index, tensor in shared.items()} | dict(
            zip(others, rings, strict=False))
        self.residual_sources = {index: self.lowering.tensor(name, self.specs[index].output_shape)
                                 for index, name in others.items()}
        self.loaded = [(name, self.residual_rings[index]) for index, name in others.items()]
        if not self.keep:
            self.target = self.lowering.tensor(self.stages[-1].name, last.output_shape)

    def _reads_ring(self, tensor: int) -> bool:
        """Whether the systolic array reads this tensor of the cascade out of a ring."""
        reader = self.specs[tensor] if tensor < len(self.specs) else None
        return reader is not None and unit_of(reader) == "pointwise" and reader.op != "conv"

    def _goes_by_channels(self, index: int) -> bool:
        """Whether the layer after this one follows it channel by channel: both are made whole, in one stripe."""
        units = [unit_of(spec) for spec in self.specs[index:index + 2]]
        return (len(self.plan) == 1 and units == ["pointwise", "depthwise"] and not is_cropped(self.specs[index])
                and _channels_kept(self.specs[index], self.config)
                < ceil(self.specs[index].output_shape[2] / self.config.pe_rows))

    def _slots(self, spec: LayerSpec) -> tuple[int, int, int]:
        """Shape of a convolution's input on chip: two slots, the one being loaded and the one being read.

        A slot is a row of pixels, long enough for the rows of a stripe in each of the phases.
        """
        config, taps = self.config, taps_of(spec)
        pixels = slot_rows(spec, self.plan) * taps.width + config.words_per_beat - 1
        blocks = taps.phases * ceil(spec.input_shape[2] / config.pe_rows)
        return 2, ceil(pixels / config.pe_pixels) * config.pe_pixels, blocks * config.pe_rows

    def _check_convolution(self, spec: LayerSpec) -> None:
        """Raises `CompileError` for one that can't have its input or its output where this cascade has it."""
        config, taps = self.config, taps_of(spec)
        if self.held is not None and (spec.stride != (1, 1) or taps.width != spec.input_shape[1]):
            raise CompileError(f"{spec.name}: a convolution of stride 2, or whose output is wider than its input, reads"
                               " its input from DRAM only")
        if splits_beats(spec, config):
            raise CompileError(f"{spec.name}: a convolution of stride 2 takes every other pixel, a bus of"
                               f" {config.bus_bits} bits brings {config.words_per_beat} pixels of {config.pe_rows}"
                               f" channels at once; nearest: bus_bits={16 * config.pe_rows}")
        if is_cropped(spec) and (self.keep or len(self.specs) > 1 or self.stages[0].add):
            raise CompileError(f"{spec.name}: a convolution whose output is narrower than its input ÷ stride"
                               " ends its cascade, and its output goes through DRAM")
        widths = {"input": spec.input_shape[1]} if spec.stride == (1, 1) else {}
        for name, width in (widths | {"output": spec.output_shape[1]}).items():
            if (taps.width - width) % config.words_per_beat:
                raise CompileError(f"{spec.name}: rows of {taps.width} pixels on chip and of {width} of its {name} in"
                                   f" DRAM do not both fill the beats of a bus of {config.bus_bits} bits; nearest:"
                                   f" bus_bits={8 * config.pe_rows}")

    def _lay_out_weights(self) -> None:
        config, lowering = self.config, self.lowering
        self.weights = []
        for stage, numbers, layer in zip(self.stages, self.numbers, self.layers, strict=True):
            depthwise = unit_of(stage.spec) == "depthwise"
            blocks, size = _weight_shape(stage, config)
            if numbers is None:
                data = bytes(blocks * size)
            elif isinstance(numbers, PoolNumbers) or depthwise:
                data = pack_depthwise(numbers, config).tobytes()
            else:
                data = pack_pointwise(numbers, config, residual=stage.add is not None).tobytes()
            word_bytes = config.dw_word_bytes if depthwise else config.weight_word_bytes
            self.weights.append(WeightPlace(stage.spec.name, layer, depthwise, blocks, size, word_bytes,
                                            config.bus_bytes, lowering.weight_spaces[depthwise],
                                            address=lowering.add_weights(data)))
        for depthwise in (True, False):
            place_weights(config, [item for item in self.weights if item.depthwise == depthwise], depthwise=depthwise,
                          piece_bytes=self.piece_bytes)

    def placement(self) -> Placement:
        """Where everything of the cascade lies."""
        return Placement(
            layers=self.layer_names, stripe_rows=self.plan[0][-1][1],
            tensors=tuple(TensorPlace(tensor=name, shape=ring.shape, rows=ring.rows, groups=ring.groups, size=ring.size)
                          for name, ring in [*zip(self.names, self.rings, strict=True), *self.loaded]),
            weights=tuple(item.place for item in self.weights),
            source=self.names[0] if self.held is None else None, target=None if self.keep else self.names[-1])

    def lower(self) -> str:
        """Adds the cascade's commands; returns the name of its output."""
        loaded = [ring for _, ring in self.loaded]
        self.lowering.enter([*loaded, *(self.rings[1:] if self.held else self.rings)])
        behind = lags(self.specs) if len(self.plan) > 1 else [0] * len(self.specs)
        for step in range(len(self.plan) + behind[-1]):
            if self.specs[0].op != "conv" and self.held is None and step < len(self.plan):
                self._transfer("load", self.layers[0], self.rings[0], self.source, *self.plan[step][0])
            ahead: Iterator[int] | None = None
            for index, spec in enumerate(self.specs):
                if 0 <= step - behind[index] < len(self.plan):
                    rows = self.plan[step - behind[index]][index + 1]
                    if index in self.residual_sources:
                        self._transfer("load", self.layers[index], self.residual_rings[index],
                                       self.residual_sources[index], *rows)
                    if unit_of(spec) == "depthwise":
                        self._depthwise(index, *rows, ahead)
                        ahead = None
                        continue
                    ahead = (self._convolution if spec.op == "conv" else self._pointwise)(index, *rows)
                    if index not in self.steps:
                        deque(ahead, maxlen=0)
            if not self.keep and step >= behind[-1]:
                self._transfer("store", self.layers[-1], self.rings[-1], self.target, *self.plan[step - behind[-1]][-1])
        self.lowering.leave([*loaded, *self.rings])
        return self.stages[-1].name

    def _transfer(self, unit: str, layer: int, ring: Ring, tensor: tuple[DramTensor, Space], first: int,
                  last: int) -> None:
        """Moves rows between DRAM and one of the cascade's rings."""
        apart = ring.shape[1] != tensor[0].shape[1]
        for y, rows in runs(first, last, [ring]):
            for start, end in pieces(y, y + rows, apart):
                self.lowering.transfer(unit, layer, ring, tensor, (start, end), ring.pixel(start),
                                       ring.region(start, end))

    def _numerics(self, index: int) -> dict[str, int]:
        numbers = self.numbers[index]
        if numbers is None:
            return dict.fromkeys(("input_zero_point", "weight_zero_point", "output_zero_point", "minimum", "maximum",
                                  "single_rounding"), 0)
        single = numbers.single if isinstance(numbers, PoolNumbers) else None
        return {"input_zero_point": numbers.input_zero_point, "weight_zero_point": numbers.weight_zero_point,
                "output_zero_point": numbers.output_zero_point, "minimum": numbers.minimum,
                "maximum": numbers.maximum, "single_rounding": self.lowering.single if single is None else int(single)}

    def _depthwise(self, index: int, first: int, last: int, ahead: Iterator[int] | None) -> None:
        """Depthwise windows; or, of a pool, windows side by side over all of the input.

        `ahead` adds commands of the layer before and gives the blocks that are made; without, they are all made.
        """
        config, spec = self.config, self.specs[index]
        source, target = self.rings[index], self.rings[index + 1]
        height, width, _ = spec.input_shape
        pools = spec.op in POOLS
        stride, top = (KERNEL, 0) if pools else (spec.stride[0], spec.padding.top)
        columns = ceil(width / KERNEL) if pools else spec.output_shape[1]
        step, made = self.steps.get(index - 1), 0
        for y, rows, chunk, count, chunk_word, region in (
                (y, rows, *chunk) for y, rows in runs(first, last, [target])
                for chunk in self.weights[index].chunks(self.sequencer)):
            for block, end in cuts(chunk, chunk + count, step):
                while step and ahead and made < end:
                    made = next(ahead)
                blocks, word = end - block, chunk_word + (block - chunk) * self.weights[index].block_words
                fields = {
                    "word": word, "blocks": blocks,
                    "in_pixel": source.row(block) * config.pe_pixels,
                    "in_row_stride": source.stride,
                    "ring_pixels": source.rows * width, "first_pixel": source.pixel(y * stride - top),
                    "first_y": y * stride - top, "height": height, "width": width,
                    "row_step": stride * width % (source.rows * width), "stride": stride, "accumulate": int(pools),
                    "pad_left": 0 if pools else spec.padding.left,
                    "column_blocks": ceil(((columns - 1) * stride + KERNEL) / config.pe_pixels),
                    "out_rows": ceil(height / KERNEL) if pools else rows, "out_width": columns,
                    "out_pixel": target.row(block) * config.pe_pixels + target.pixel(y),
                    "out_row_stride": target.stride, **self._numerics(index),
                }
                self.sequencer.add(
                    "depthwise", self.layers[index], fields,
                    writes=target.region(y, y + rows, block, blocks),
                    reads=[region, *source.region(*input_rows(spec, y, y + rows), block, blocks)])

    def _pointwise(self, index: int, first: int, last: int) -> Iterator[int]:
        source, width = self.rings[index], self.specs[index].input_shape[1]
        for y, rows in runs(first, last, [source, self.rings[index + 1], *self._residual_ring(index)]):
            lane = source.pixel(y) % self.config.pe_pixels
            walk = {
                "in_pixel": source.base * self.config.pe_pixels + source.pixel(y) - lane,
                "kernel_rows": 1, "kernel_cols": 1, "split": 0, "phase_y": 0, "phase_x": 0, "phase_row_stride": 0,
                "shift_y": 0, "shift_x": 0, "windowed": 0, "height": 0, "columns": 0, "odd_height": 0, "odd_width": 0,
                "width": width, "first_y": 0, "first_x": 0, "end_y": 0,
            }
            yield from self._systolic(index, y, rows, walk, source.region(y, y + rows))

    def _convolution(self, index: int, first: int, last: int) -> Iterator[int]:
        """Runs the taps over the rows a stripe reads: loaded into the slot not in use, or all on chip already."""
        config, spec, slots = self.config, self.specs[index], self.rings[index]
        taps = taps_of(spec)
        blocks = slots.blocks // taps.phases
        for y, rows in runs(first, last, [self.rings[index + 1], *self._residual_ring(index)]):
            top = y + taps.shift[0]
            # Where row `top` of a phase lies, or would.
            if self.held is not None:
                base, region = top * taps.width, slots.region(*input_rows(spec, y, y + rows))
            else:
                self._slot = 1 - self._slot
                region = slots.region(self._slot, self._slot + 1)
                base = slots.pixel(self._slot) + top * taps.width % config.words_per_beat  # into a beat as in DRAM
                self._load_slot(spec, (y, y + rows), top, base, region)
            first_y, first_x = divmod(y * taps.width - self.rings[index + 1].pixel(y) % config.pe_pixels, taps.width)
            lane = y * taps.width - first_y * taps.width - first_x
            pixel = slots.base * config.pe_pixels + base + taps.shift[1] - lane
            phase = taps.phase[0] * taps.stride + taps.phase[1]
            walk = {
                "in_pixel": pixel + phase * blocks * slots.stride * config.pe_pixels,
                "kernel_rows": spec.kernel[0], "kernel_cols": spec.kernel[1],
                "split": taps.stride - 1, "phase_y": taps.phase[0], "phase_x": taps.phase[1],
                "phase_row_stride": blocks * slots.stride, "shift_y": taps.shift[0], "shift_x": taps.shift[1],
                "windowed": 1, "height": taps.height, "columns": taps.columns, "odd_height": taps.odd[0],
                "odd_width": taps.odd[1], "width": taps.width, "first_y": first_y, "first_x": first_x,
                "end_y": y + rows,
            }
            yield from self._systolic(index, y, rows, walk, region)

    def _load_slot(self, spec: LayerSpec, made: tuple[int, int], top: int, base: int,
                   region: Sequence[Region]) -> None:
        """The input rows that output rows `made` read, to a slot whose pixel `base` is row `top` of a phase."""
        taps, slots = taps_of(spec), self.rings[0]
        first, last = input_rows(spec, *made)
        plane = slots.blocks // taps.phases * slots.stride * self.config.pe_pixels
        apart = taps.stride > 1 or taps.width != spec.input_shape[1]
        used = {(taps.phase[0] + tap) % taps.stride for tap in range(spec.kernel[0])}
        for start, end in pieces(first, last, apart):
            row, phase = divmod(start, taps.stride)
            if phase in used:
                self.lowering.transfer("load", self.layers[0], slots, self.source, (start, end), region=region,
                                       chip_pixel=base + (row - top) * taps.width + phase * taps.stride * plane,
                                       split=taps.stride > 1)

    def _systolic(self, index: int, y: int, rows: int, walk: dict[str, int],
                  reads: Sequence[Region]) -> Iterator[int]:
        """Pointwise commands for output rows `y` to `y` + `rows`, one per chunk of weights and run of input blocks.

        Gives the blocks of the output that are made after each of them.
        """
        config, spec = self.config, self.specs[index]
        source, target = self.rings[index], self.rings[index + 1]
        pixels, octets_per_block = config.pe_pixels, config.pe_cols // OCTET
        all_octets = ceil(spec.output_shape[2] / OCTET)
        lane = target.pixel(y) % pixels
        end = lane + rows * target.shape[1]
        vectors = ceil(end / pixels)
        # A residual takes the upper half of the vectors.
        tile = ceil(vectors / ceil(vectors / (config.half_vectors // (2 if self.stages[index].add else 1))))
        step = self.steps[index] * config.pe_rows // config.pe_cols if index in self.steps else None
        for chunk, blocks, chunk_word, region in self.weights[index].chunks(self.sequencer):
            for block, block_end in cuts(chunk, chunk + blocks, 1 if isinstance(spec, Diagonal) else step):
                residual, regions = self._residual(index, y, rows, block * octets_per_block)
                octet, inputs = block * octets_per_block, input_blocks(spec, config, block)
                octets = min((block_end - block) * octets_per_block, all_octets - octet)
                first, last = octet // config.octets_per_word, ceil((octet + octets) / config.octets_per_word)
                row = target.row(first) + target.pixel(y) // pixels
                fields = {
                    **walk, "word": chunk_word + (block - chunk) * self.weights[index].block_words,
                    "passes": passes_of(spec, config), "in_row_stride": source.stride, "in_blocks": len(inputs),
                    "in_pixel": (walk["in_pixel"] + inputs.start * source.stride * pixels) % (1 << 20),
                    "tiles": ceil(vectors / tile), "tile_vectors": tile, "last_vectors": (vectors - 1) % tile + 1,
                    "first_lane": lane, "last_lanes": (end - 1) % pixels + 1,
                    "out_row": row, "out_octet": octet % config.octets_per_word, "out_row_stride": target.stride,
                    "out_blocks": block_end - block, **self._numerics(index), **residual,
                    "octets": octets,
                }
                self.sequencer.add("pointwise", self.layers[index], fields, reads=[region, *reads, *regions],
                                   writes=target.region(y, y + rows, first, last - first))
                yield last if octet + octets == all_octets else (octet + octets) // config.octets_per_word

    def _residual_ring(self, index: int) -> list[Ring]:
        return [self.residual_rings[index]] if index in self.residual_rings else []

    def _residual(self, index: int, y: int, rows: int, octet: int) -> tuple[dict[str, int], list[Region]]:
        """Fields of the residual added to these rows, from the block of `octet` on, and what they read."""
        add = self.stages[index].add
        if add is None:
            return dict.fromkeys(RESIDUAL, 0), []
        ring = self.residual_rings[index]
        lane, first = ring.pixel(y) % self.config.pe_pixels, octet // self.config.octets_per_word
        place = {"residual_passes": residual_passes(self.config), "residual_row_stride": ring.stride,
                 "residual_pixel": ring.base * self.config.pe_pixels + ring.pixel(y) - lane + first * ring.pixels,
                 "residual_blocks": ring.blocks - first}
        return {**add_fields(add), **place}, ring.region(y, y + rows)


def _weight_shape(stage: Stage, config: EngineConfig) -> tuple[int, int]:
    if unit_of(stage.spec) == "depthwise":
        return depthwise_shape(stage.spec, config)
    return pointwise_shape(stage.spec, config, residual=stage.add is not None)


def cuts(first: int, last: int, step: int | None) -> Iterator[tuple[int, int]]:
    """`first` to `last` in pieces that end at multiples of `step`; without it, in one."""
    while first < last:
        end = min(last, (first // step + 1) * step) if step else last
        yield first, end
        first = end
