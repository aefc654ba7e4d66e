"""Commands of the depthwise unit: depthwise layers, and pools."""

from collections.abc import Iterator
from math import ceil

from hw.compiler.channels import cuts
from hw.compiler.layers import POOLS
from hw.compiler.layout import Layout
from hw.compiler.rings import runs
from hw.compiler.stripes import input_rows
from hw.config import KERNEL


def depthwise(layout: Layout, index: int, first: int, last: int, ahead: Iterator[int] | None) -> None:
    """Commands for output rows `first` to `last` of a stage.

    They are depthwise windows; or, of a pool, windows side by side over all of the input. `ahead` adds commands of the
    stage before and gives the blocks that are made; without, they are all made.
    """
    config, spec = layout.config, layout.specs[index]
    source, target = layout.rings[index], layout.rings[index + 1]
    height, width, _ = spec.input_shape
    pools = spec.op in POOLS
    stride, top = (KERNEL, 0) if pools else (spec.stride[0], spec.padding.top)
    columns = ceil(width / KERNEL) if pools else spec.output_shape[1]
    step, made = layout.steps.get(index - 1), 0
    for y, rows, chunk, count, chunk_word, region in (
            (y, rows, *chunk) for y, rows in runs(first, last, [target])
            for chunk in layout.weights[index].chunks(layout.lowering.sequencer)):
        for block, end in cuts(chunk, chunk + count, step):
            while step and ahead and made < end:
                made = next(ahead)
            blocks, word = end - block, chunk_word + (block - chunk) * layout.weights[index].block_words
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
                "out_row_stride": target.stride, **layout.numerics(index),
            }
            layout.lowering.sequencer.add(
                "depthwise", layout.layers[index], fields,
                writes=target.region(y, y + rows, block, blocks),
                reads=[region, *source.region(*input_rows(spec, y, y + rows), block, blocks)])
