"""Compiles a cascade: layers that run stripe by stripe, with the rows between them in rings on chip."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from golden.layer import LayerSpec, QuantisedLayer
from golden.quantise import Rounding
from hw.compiler.errors import CompileError
from hw.compiler.packing import depthwise_shape, pack_depthwise, pack_pointwise, pointwise_shape
from hw.compiler.rings import Ring, place, runs
from hw.compiler.tokens import Region, Sequencer, Space
from hw.compiler.weights import WeightPlace, place_weights
from hw.config import KERNEL, OCTET, EngineConfig
from hw.program import ALIGNMENT, DramTensor, Program

Layer = QuantisedLayer | LayerSpec
"""A layer with its numbers, or only its shape: then its weights are zero, which no cycle depends on."""


def spec_of(layer: Layer) -> LayerSpec:
    return layer.spec if isinstance(layer, QuantisedLayer) else layer


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a cascade runs: rows of the last layer's output that are made at a time."""

    stripe_rows: int


def check_supported(spec: LayerSpec) -> None:
    """Raises `CompileError` for a layer the engine's commands do not cover."""
    if spec.op == "depthwise":
        if spec.kernel != (KERNEL, KERNEL) or spec.stride not in ((1, 1), (2, 2)) or spec.depth_multiplier != 1:
            raise CompileError(f"{spec.name}: depthwise {spec.kernel[0]}×{spec.kernel[1]} of stride {spec.stride},"
                               f" multiplier {spec.depth_multiplier}: the engine runs {KERNEL}×{KERNEL} of stride 1"
                               " or 2, multiplier 1")
        if max(spec.padding.left, spec.padding.top) >= KERNEL:
            raise CompileError(f"{spec.name}: padding of {KERNEL} or more on the left or top")
    elif spec.op != "pointwise" and not (spec.op == "fully_connected" and spec.input_shape[:2] == (1, 1)):
        raise CompileError(f"{spec.name}: {spec.op} is not run by the engine yet; it runs depthwise, pointwise and"
                           " fully connected layers")


def input_rows(spec: LayerSpec, first: int, last: int) -> tuple[int, int]:
    """Rows of the input that output rows `first` to `last` are made of."""
    if spec.op != "depthwise":
        return first, last
    top, height = spec.padding.top, spec.input_shape[0]
    stride = spec.stride[0]
    return max(0, first * stride - top), min(height, max(0, (last - 1) * stride - top + KERNEL))


def stripes(specs: Sequence[LayerSpec], rows: int) -> list[list[tuple[int, int]]]:
    """Per stripe: for the cascade's input and each layer's output, the rows (first, last) it adds."""
    made = [0] * (len(specs) + 1)
    result = []
    height = specs[-1].output_shape[0]
    for last in range(rows, height + rows, rows):
        ends = [min(last, height)]
        for spec in reversed(specs):
            ends.insert(0, input_rows(spec, 0, ends[0])[1])
        if last >= height:  # rows no window reaches belong to no stripe, but a whole tensor is made of all rows
            ends[1:] = [spec.output_shape[0] for spec in specs]
        result.append([(start, max(start, end)) for start, end in zip(made, ends, strict=True)])
        made = [end for _, end in result[-1]]
    return result


def ring_rows(specs: Sequence[LayerSpec], plan: list[list[tuple[int, int]]]) -> list[int]:
    """Rows each tensor needs on chip for a stripe to be read while the next one is written."""
    needed = []
    for tensor in range(len(specs) + 1):
        rows = 0
        for index, stripe in enumerate(plan):
            following = plan[min(index + 1, len(plan) - 1)][tensor][1]
            if tensor == len(specs):
                first = stripe[tensor][0]
            else:
                made = stripe[tensor + 1]
                first = input_rows(specs[tensor], *made)[0] if made[0] < made[1] else stripe[tensor][0]
            rows = max(rows, following - first)
        needed.append(rows)
    return needed


def compile_cascade(layers: Sequence[Layer], config: EngineConfig, schedule: Schedule,
                    rounding: Rounding = "double") -> Program:
    """Program that runs `layers`, each on the output of the one before, from DRAM to DRAM.

    Raises `CompileError` if a layer is not supported or does not fit with this schedule.
    """
    return _Cascade(layers, config, schedule, rounding).program()


class _Cascade:
    def __init__(self, layers: Sequence[Layer], config: EngineConfig, schedule: Schedule,
                 rounding: Rounding) -> None:
        self.layers, self.config = layers, config
        self.single = int(rounding == "single")
        self.specs = [spec_of(layer) for layer in layers]
        for spec in self.specs:
            check_supported(spec)
        self.sequencer = Sequencer()
        self.plan = stripes(self.specs, schedule.stripe_rows)
        shapes = [self.specs[0].input_shape, *(spec.output_shape for spec in self.specs)]
        names = ["input", *(spec.name for spec in self.specs)]
        self.rings = place(config, list(zip(names, shapes, ring_rows(self.specs, self.plan), strict=True)))
        self._lay_out()

    def _lay_out(self) -> None:
        """Weights and tensors in DRAM, weights on chip."""
        config = self.config
        spaces = {True: Space(config.dw_weight_bytes // config.dw_word_bytes),
                  False: Space(config.weight_bytes // config.weight_word_bytes)}
        self.weights, image = [], bytearray()
        for index, layer in enumerate(self.layers):
            spec = self.specs[index]
            depthwise = spec.op == "depthwise"
            blocks, size = (depthwise_shape if depthwise else pointwise_shape)(spec, config)
            word_bytes = config.dw_word_bytes if depthwise else config.weight_word_bytes
            self.weights.append(WeightPlace(index, depthwise, blocks, size, word_bytes, config.bus_bytes,
                                            spaces[depthwise], address=len(image)))
            if isinstance(layer, QuantisedLayer):
                image += (pack_depthwise if depthwise else pack_pointwise)(layer, config).tobytes()
            else:
                image += bytes(blocks * size)
            image += bytes(-len(image) % ALIGNMENT)
        for depthwise in (True, False):
            place_weights(config, [item for item in self.weights if item.depthwise == depthwise], depthwise=depthwise)
        self.image = bytes(image)
        self.input = self._tensor(self.rings[0], "input", len(image))
        self.output = self._tensor(self.rings[-1], self.specs[-1].name, self.input.address + self.input.size)

    def _tensor(self, ring: Ring, name: str, address: int) -> DramTensor:
        stride = ceil(ring.shape[0] * ring.shape[1] * self.config.pe_rows / ALIGNMENT) * ALIGNMENT
        return DramTensor(name=name, shape=ring.shape, block_channels=self.config.pe_rows, address=address,
                          stride=stride)

    def program(self) -> Program:
        for stripe in self.plan:
            self._transfer("load", 0, self.rings[0], self.input, *stripe[0])
            for index, spec in enumerate(self.specs):
                if spec.op == "depthwise":
                    self._depthwise(index, *stripe[index + 1])
                else:
                    self._pointwise(index, *stripe[index + 1])
            self._transfer("store", len(self.layers) - 1, self.rings[-1], self.output, *stripe[-1])
        return Program(config=self.config, layers=tuple(spec.name for spec in self.specs),
                       commands=tuple(self.sequencer.commands), image=self.image,
                       address=self.output.address + self.output.size, input=self.input, output=self.output)

    def _transfer(self, unit: str, layer: int, ring: Ring, tensor: DramTensor, first: int, last: int) -> None:
        config = self.config
        pixel_bytes = config.pe_rows
        width = ring.shape[1]
        for y, rows in runs(first, last, [ring]):
            start, count = y * width * pixel_bytes, rows * width * pixel_bytes
            lead, on_chip = start % config.bus_bytes, ring.pixel(y)
            beats = ceil((lead + count) / config.bus_bytes)
            end = lead + count - (beats - 1) * config.bus_bytes
            fields = {
                "dram_address": tensor.address + start - lead, "dram_stride": tensor.stride, "blocks": ring.blocks,
                "beats": beats, "row": ring.base + on_chip // config.pe_pixels,
                "chunk": on_chip % config.pe_pixels * pixel_bytes // config.bus_bytes, "row_stride": ring.stride,
                "lead": lead // pixel_bytes, "tail": ceil(end / pixel_bytes),
            }
            region = ring.region(y, y + rows)
            self.sequencer.add(unit, layer, fields, **{"writes" if unit == "load" else "reads": region})

    def _numerics(self, layer: Layer) -> dict[str, int]:
        if isinstance(layer, LayerSpec):
            return dict.fromkeys(("input_zero_point", "weight_zero_point", "output_zero_point", "minimum", "maximum",
                                  "single_rounding"), 0)
        return {"input_zero_point": layer.input_zero_point, "weight_zero_point": layer.weight_zero_point,
                "output_zero_point": layer.output_zero_point, "minimum": layer.minimum, "maximum": layer.maximum,
                "single_rounding": self.single}

    def _depthwise(self, index: int, first: int, last: int) -> None:
        config, spec = self.config, self.specs[index]
        source, target = self.rings[index], self.rings[index + 1]
        height, width, _ = spec.input_shape
        stride, pixels = spec.stride[0], config.pe_pixels
        for y, rows in runs(first, last, [target]):
            top = y * stride - spec.padding.top
            columns = (spec.output_shape[1] - 1) * stride + KERNEL
            for block, blocks, word, region in self.weights[index].chunks(self.sequencer):
                fields = {
                    "word": word, "blocks": blocks,
                    "in_pixel": (source.base + block * source.stride) * pixels, "in_row_stride": source.stride,
                    "ring_pixels": source.rows * width, "first_pixel": source.pixel(top), "first_y": top,
                    "height": height, "width": width, "row_step": stride * width % (source.rows * width),
                    "stride": stride, "pad_left": spec.padding.left, "column_blocks": ceil(columns / pixels),
                    "out_rows": rows, "out_width": spec.output_shape[1],
                    "out_pixel": (target.base + block * target.stride) * pixels + target.pixel(y),
                    "out_row_stride": target.stride, **self._numerics(self.layers[index]),
                }
                self.sequencer.add(
                    "depthwise", index, fields, writes=_blocks(target.region(y, y + rows), block, blocks),
                    reads=[region, *_blocks(source.region(*input_rows(spec, y, y + rows)), block, blocks)])

    def _pointwise(self, index: int, first: int, last: int) -> None:
        config, spec = self.config, self.specs[index]
        source, target = self.rings[index], self.rings[index + 1]
        width, pixels = spec.input_shape[1], config.pe_pixels
        octets_per_block = config.pe_cols // OCTET
        all_octets = ceil(spec.output_shape[2] / OCTET)
        for y, rows in runs(first, last, [source, target]):
            lane = source.pixel(y) % pixels
            end = lane + rows * width
            vectors = ceil(end / pixels)
            tiles = ceil(vectors / config.half_vectors)
            tile = ceil(vectors / tiles)
            for block, blocks, word, region in self.weights[index].chunks(self.sequencer):
                octet = block * octets_per_block
                fields = {
                    "word": word, "in_row": source.base + source.pixel(y) // pixels, "in_row_stride": source.stride,
                    "in_blocks": source.blocks, "tiles": ceil(vectors / tile), "tile_vectors": tile,
                    "last_vectors": (vectors - 1) % tile + 1, "first_lane": lane, "last_lanes": (end - 1) % pixels + 1,
                    "out_row": target.base + octet // config.octets_per_word * target.stride
                    + target.pixel(y) // pixels,
                    "out_octet": octet % config.octets_per_word, "out_row_stride": target.stride,
                    "out_blocks": blocks, "octets": min(blocks * octets_per_block, all_octets - octet),
                    **self._numerics(self.layers[index]),
                }
                self.sequencer.add("pointwise", index, fields, reads=[region, *source.region(y, y + rows)],
                                   writes=target.region(y, y + rows))


def _blocks(regions: list[Region], first: int, count: int) -> list[Region]:
    return [Region(region.space, (region.cells[0], slice(first, first + count))) for region in regions]


def schedules(layers: Sequence[Layer]) -> list[Schedule]:
    """All stripe heights worth trying, largest first: one of each number of stripes."""
    height = spec_of(layers[-1]).output_shape[0]
    heights = {ceil(height / count) for count in range(1, height + 1)}
    return [Schedule(stripe_rows=rows) for rows in sorted(heights, reverse=True)]


