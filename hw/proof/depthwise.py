"""What `depthwise` commands touch."""

from collections.abc import Iterator
from itertools import pairwise

from hw.config import KERNEL, EngineConfig
from hw.proof.cells import Cells
from hw.proof.footprint import PIXEL_SPACE, Fields, Footprint


def depthwise(fields: Fields, config: EngineConfig) -> Footprint:
    width, pixels, blocks = fields["width"], config.pe_pixels, fields["blocks"]
    columns = min(width, fields["column_blocks"] * pixels - fields["pad_left"])
    reads = [Cells((fields["in_pixel"] + first) % PIXEL_SPACE, (blocks, rows, columns),
                   (fields["in_row_stride"] * pixels, width, 1))
             for first, rows in _ring_runs(fields)]
    out = 1 if fields["accumulate"] else fields["out_rows"] * fields["out_width"]
    return Footprint(
        reads={"activations": reads,
               "depthwise": [Cells(fields["word"], (blocks * config.dw_block_words,), (1,))]},
        writes={"activations": [Cells(fields["out_pixel"], (blocks, out), (fields["out_row_stride"] * pixels, 1))]})


def _ring_runs(fields: Fields) -> Iterator[tuple[int, int]]:
    """(pixel of the first, number) of the ring's rows that windows read, those side by side as one."""
    width, ring = fields["width"], fields["ring_pixels"]
    places: set[int] = set()
    top = fields["first_pixel"]
    for y in range(fields["first_y"], fields["first_y"] + fields["out_rows"] * fields["stride"], fields["stride"]):
        place = top
        for row in range(y, y + KERNEL):
            if 0 <= row < fields["height"]:
                places.add(place)
            place = _wrapped(place + width, ring)
        top = _wrapped(top + fields["row_step"], ring)
    rows = sorted(places)
    starts = [0, *(index for index, (before, row) in enumerate(pairwise(rows), 1) if row != before + width), len(rows)]
    for start, end in pairwise(starts):
        if start < end:
            yield rows[start], end - start


def _wrapped(place: int, ring: int) -> int:
    return place - ring if place >= ring else place
