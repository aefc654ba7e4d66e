"""What `pointwise` commands touch: im2col on the fly, and residuals."""

from collections.abc import Iterator

from hw.config import EngineConfig
from hw.proof.cells import Cells
from hw.proof.footprint import PIXEL_SPACE, Fields, Footprint


def pointwise(fields: Fields, config: EngineConfig) -> Footprint:
    pixels = config.pe_pixels
    total = ((fields["tiles"] - 1) * fields["tile_vectors"] + fields["last_vectors"]) * pixels
    first, end = fields["first_lane"], total - pixels + fields["last_lanes"]
    blocks, step = fields["in_blocks"], fields["in_row_stride"] * pixels
    runs: list[tuple[int, int, int]] = []  # that are read whole: pixel of lane 0, blocks, pixels from one to the next
    reads: list[Cells] = []
    if fields["windowed"]:
        reads += _taps(fields, first, total, (blocks, step), pixels)
    else:
        runs += [(tap, blocks, step) for tap, *_ in _tap_places(fields, pixels)]
    if added := _residual_blocks(fields, config):
        runs.append((fields["residual_pixel"], added, fields["residual_row_stride"] * pixels))
    reads += [Cells((start + first) % PIXEL_SPACE, (count, end - first), (stride, 1)) for start, count, stride in runs]
    opened = [Cells(start % PIXEL_SPACE, (count, total), (stride, 1)) for start, count, stride in runs]

    octets = min(fields["octets"], fields["out_blocks"] * config.slices_per_block)
    written = -(-(fields["out_octet"] + octets) // config.slices_per_word)
    block_words = (fields["passes"] + fields["residual_passes"]) * config.tile_words + config.parameter_words
    return Footprint(
        reads={"activations": reads,
               "pointwise": [Cells(fields["word"], (fields["out_blocks"] * block_words,), (1,))]},
        writes={"activations": [Cells(fields["out_row"] * pixels + first, (written, end - first),
                                      (fields["out_row_stride"] * pixels, 1))]},
        opened=opened)


def _residual_blocks(fields: Fields, config: EngineConfig) -> int:
    """From the first on: up to those that the last output block lies in, and no more than there are."""
    if not fields["residual_passes"]:
        return 0
    octet = fields["out_octet"] + (fields["out_blocks"] - 1) * config.slices_per_block
    return min(fields["residual_blocks"], octet // config.slices_per_word + fields["residual_passes"])


def _tap_places(fields: Fields, pixels: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Of each tap: the pixel it reads for lane 0, rows and columns to it in its phase, and that phase (y, x)."""
    plane, split = fields["phase_row_stride"] * pixels, fields["split"]
    row, phase_y, shift_y = fields["in_pixel"], fields["phase_y"], fields["shift_y"]
    for _ in range(fields["kernel_rows"]):
        tap, phase_x, shift_x = row, fields["phase_x"], fields["shift_x"]
        for _ in range(fields["kernel_cols"]):
            yield tap, shift_y, shift_x, phase_y, phase_x
            if split:
                tap += 1 - plane if phase_x else plane
                shift_x += phase_x
                phase_x ^= 1
            else:
                tap, shift_x = tap + 1, shift_x + 1
        if split:
            row += fields["width"] - 2 * plane if phase_y else 2 * plane
            shift_y += phase_y
            phase_y ^= 1
        else:
            row, shift_y = row + fields["width"], shift_y + 1


def _taps(fields: Fields, first: int, total: int, blocks: tuple[int, int], pixels: int) -> Iterator[Cells]:
    """What the taps of a convolution read; those beyond an edge read nothing. `blocks`: (number, pixels apart)."""
    width = fields["width"]
    origin = fields["first_y"] * width + fields["first_x"]
    end = min(origin + total, fields["end_y"] * width)
    for tap, shift_y, shift_x, phase_y, phase_x in _tap_places(fields, pixels):
        right = fields["columns"] - (fields["odd_width"] & phase_x) - shift_x
        bottom = fields["height"] - (fields["odd_height"] & phase_y) - shift_y
        for y, y_end, x, x_end in _rectangles(origin + first, end, width):
            y, y_end = max(y, -shift_y), min(y_end, bottom)
            x, x_end = max(x, -shift_x), min(x_end, right)
            if y < y_end and x < x_end:
                yield Cells((tap + y * width + x - origin) % PIXEL_SPACE,
                            (blocks[0], y_end - y, x_end - x), (blocks[1], width, 1))


def _rectangles(first: int, end: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Pixels `first` to `end` of a picture, as (row, row behind the last, column, column behind the last)."""
    while first < end:
        y, x = divmod(first, width)
        rows = max(1, (end - first) // width) if x == 0 else 1
        x_end = min(width, x + end - first)
        yield y, y + rows, x, x_end
        first = (y + rows - 1) * width + x_end
