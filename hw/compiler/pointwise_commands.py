"""Commands of the pointwise unit: pointwise layers, convolutions, and the adds behind them."""

from collections.abc import Iterator, Sequence
from math import ceil

from golden.layer import LayerSpec
from hw.commands import RESIDUAL
from hw.compiler.channels import cuts
from hw.compiler.layers import Diagonal, input_blocks, passes_of, taps_of
from hw.compiler.layout import Layout
from hw.compiler.residual import add_fields, residual_passes
from hw.compiler.rings import Ring, pieces, runs
from hw.compiler.stripes import input_rows
from hw.compiler.tokens import Region


class PointwiseCommands:
    """Adds the commands for output rows `first` to `last` of a stage, and gives the channel blocks made after each."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.lowering, self.config = layout, layout.lowering, layout.config
        self._slot = 1

    def pointwise(self, index: int, first: int, last: int) -> Iterator[int]:
        """A layer of one tap."""
        source, width = self.layout.rings[index], self.layout.specs[index].input_shape[1]
        for y, rows in runs(first, last, [source, self.layout.rings[index + 1], *self._residual_ring(index)]):
            lane = source.pixel(y) % self.config.pe_pixels
            walk = {
                "in_pixel": source.base * self.config.pe_pixels + source.pixel(y) - lane,
                "kernel_rows": 1, "kernel_cols": 1, "split": 0, "phase_y": 0, "phase_x": 0, "phase_row_stride": 0,
                "shift_y": 0, "shift_x": 0, "windowed": 0, "height": 0, "columns": 0, "odd_height": 0, "odd_width": 0,
                "width": width, "first_y": 0, "first_x": 0, "end_y": 0,
            }
            yield from self._systolic(index, y, rows, walk, source.region(y, y + rows))

    def convolution(self, index: int, first: int, last: int) -> Iterator[int]:
        """Runs the taps over the rows a stripe reads: loaded into the slot not in use, or all on chip already."""
        config, spec = self.config, self.layout.specs[index]
        slots, target = self.layout.rings[index:index + 2]
        taps = taps_of(spec)
        blocks = slots.blocks // taps.phases
        for y, rows in runs(first, last, [target, *self._residual_ring(index)]):
            top = y + taps.shift[0]
            # Where row `top` of a phase lies, or would.
            if self.layout.held is not None:
                base, region = top * taps.width, slots.region(*input_rows(spec, y, y + rows))
            else:
                self._slot = 1 - self._slot
                region = slots.region(self._slot, self._slot + 1)
                base = slots.pixel(self._slot) + top * taps.width % config.words_per_beat  # into a beat as in DRAM
                self._load_slot(spec, (y, y + rows), top, base, region)
            lane = target.pixel(y) % config.pe_pixels
            first_y, first_x = divmod(y * taps.width - lane, taps.width)
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
        taps, slots = taps_of(spec), self.layout.rings[0]
        first, last = input_rows(spec, *made)
        plane = slots.blocks // taps.phases * slots.stride * self.config.pe_pixels
        apart = taps.stride > 1 or taps.width != spec.input_shape[1]
        used = {(taps.phase[0] + tap) % taps.stride for tap in range(spec.kernel[0])}
        for start, end in pieces(first, last, apart):
            row, phase = divmod(start, taps.stride)
            if phase in used:
                pixel = base + (row - top) * taps.width + phase * taps.stride * plane
                self.lowering.transfer("load", self.layout.layers[0], slots, self.layout.source, (start, end), pixel,
                                       region, split=taps.stride > 1)

    def _systolic(self, index: int, y: int, rows: int, walk: dict[str, int],
                  reads: Sequence[Region]) -> Iterator[int]:
        """Pointwise commands for output rows `y` to `y` + `rows`, one per chunk of weights and run of input blocks.

        Gives the blocks of the output that are made after each of them.
        """
        config, spec = self.config, self.layout.specs[index]
        source, target = self.layout.rings[index], self.layout.rings[index + 1]
        pixels, octets_per_block = config.pe_pixels, config.slices_per_block
        all_octets = ceil(spec.output_shape[2] / config.slice_channels)
        lane = target.pixel(y) % pixels
        end = lane + rows * target.shape[1]
        vectors = ceil(end / pixels)
        # A residual takes the upper half of the vectors.
        tile = ceil(vectors / ceil(vectors / (config.half_vectors // (2 if self.layout.stages[index].add else 1))))
        step = self.layout.steps[index] * config.pe_rows // config.pe_cols if index in self.layout.steps else None
        for chunk, blocks, chunk_word, region in self.layout.weights[index].chunks(self.lowering.sequencer):
            for block, block_end in cuts(chunk, chunk + blocks, 1 if isinstance(spec, Diagonal) else step):
                residual, regions = self._residual(index, y, rows, block * octets_per_block)
                octet, inputs = block * octets_per_block, input_blocks(spec, config, block)
                octets = min((block_end - block) * octets_per_block, all_octets - octet)
                first, last = octet // config.slices_per_word, ceil((octet + octets) / config.slices_per_word)
                row = target.row(first) + target.pixel(y) // pixels
                fields = {
                    **walk, "word": chunk_word + (block - chunk) * self.layout.weights[index].block_words,
                    "passes": passes_of(spec, config), "in_row_stride": source.stride, "in_blocks": len(inputs),
                    "in_pixel": (walk["in_pixel"] + inputs.start * source.stride * pixels) % (1 << 20),
                    "tiles": ceil(vectors / tile), "tile_vectors": tile, "last_vectors": (vectors - 1) % tile + 1,
                    "first_lane": lane, "last_lanes": (end - 1) % pixels + 1,
                    "out_row": row, "out_octet": octet % config.slices_per_word, "out_row_stride": target.stride,
                    "out_blocks": block_end - block, **self.layout.numerics(index), **residual,
                    "octets": octets,
                }
                self.lowering.sequencer.add(
                    "pointwise", self.layout.layers[index], fields, reads=[region, *reads, *regions],
                    writes=target.region(y, y + rows, first, last - first))
                yield last if octet + octets == all_octets else (octet + octets) // config.slices_per_word

    def _residual_ring(self, index: int) -> list[Ring]:
        return [self.layout.residual_rings[index]] if index in self.layout.residual_rings else []

    def _residual(self, index: int, y: int, rows: int, octet: int) -> tuple[dict[str, int], list[Region]]:
        """Fields of the residual added to these rows, from the block of `octet` on, and what they read."""
        add = self.layout.stages[index].add
        if add is None:
            return dict.fromkeys(RESIDUAL, 0), []
        ring = self.layout.residual_rings[index]
        lane, first = ring.pixel(y) % self.config.pe_pixels, octet // self.config.slices_per_word
        place = {"residual_passes": residual_passes(self.config), "residual_row_stride": ring.stride,
                 "residual_pixel": ring.base * self.config.pe_pixels + ring.pixel(y) - lane + first * ring.pixels,
                 "residual_blocks": ring.blocks - first}
        return {**add_fields(add), **place}, ring.region(y, y + rows)
