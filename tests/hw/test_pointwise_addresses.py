"""`PointwiseAddresses`: every lane of every vector reads the pixel that the definition of convolution says, or none."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from golden.layer import Padding, window_output
from hw.commands import BODY
from hw.config import EngineConfig
from hw.gateware.pointwise_addresses import PointwiseAddresses
from hw.gateware.pointwise_walk import PASS
from hw.latency import POINTWISE_TAKE
from tests.support.cases import EVEN
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.mutation import mutated
from tests.support.pysim import get, put, put_fields, run_benches

OCTUPLE = EngineConfig(
    name="octuple", pe_pixels=8, accumulator_depth=32, activation_bytes=5 * 64 * 64, activation_groups=5
)
CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE, OCTUPLE], ids=lambda config: config.name)

IN_BLOCKS, OUT_BLOCKS = 2, 2
BASE_ROW, TOP_ROW = 50, 9
"""Of the first plane, and of its image row 0 within it."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Rows `rows` of a convolution's output, its input in planes of `plane_rows` memory rows.

    Parameters
    ----------
    size: (height, width) of the input
    lanes_before: of the first vector, which belong to nobody
    tile: vectors of a tile
    """

    size: tuple[int, int]
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    padding: Padding = EVEN
    rows: tuple[int, int]
    lanes_before: int = 0
    tile: int = 3

    @property
    def output(self) -> tuple[int, int]:
        return window_output((*self.size, 1), self.kernel, (self.stride, self.stride), self.padding)

    @property
    def pitch(self) -> int:
        """Pixels of a row, of a plane's and of what is computed."""
        return max(self.output[1], -(-self.size[1] // self.stride))

    def vectors(self, config: EngineConfig) -> int:
        return -(-(self.before(config) + (self.rows[1] - self.rows[0]) * self.pitch) // config.pe_pixels)

    def before(self, config: EngineConfig) -> int:
        return self.lanes_before % config.pe_pixels

    def plane_rows(self, config: EngineConfig) -> int:
        height = -(-self.size[0] // self.stride) + 2 * TOP_ROW
        return -(-height * self.pitch // config.pe_pixels)


WALKS = {
    "same": Walk(size=(6, 9), rows=(0, 6)),
    "stripe": Walk(size=(9, 10), rows=(3, 5), lanes_before=1),
    "narrow": Walk(size=(7, 3), rows=(1, 7), lanes_before=1),
    "two_columns": Walk(size=(9, 2), rows=(2, 8), lanes_before=3),
    "column": Walk(size=(12, 1), rows=(3, 12), lanes_before=7),
    "halved": Walk(size=(8, 8), stride=2, padding=Padding(bottom=1, right=1), rows=(1, 4), lanes_before=2),
    "halved_odd": Walk(size=(7, 5), stride=2, rows=(0, 4)),
    "halved_narrow": Walk(size=(11, 3), stride=2, rows=(1, 6), lanes_before=1),
    "halved_tap": Walk(size=(5, 7), kernel=(1, 1), stride=2, padding=Padding(), rows=(0, 3)),
    "valid": Walk(size=(7, 9), padding=Padding(), rows=(1, 5), lanes_before=1),
    "over_padded": Walk(size=(3, 4), padding=Padding(top=2, bottom=2, left=2, right=2), rows=(0, 5)),
    "five": Walk(size=(6, 7), kernel=(5, 4), padding=Padding(top=2, bottom=2, left=0, right=3), rows=(0, 6)),
    "far": Walk(size=(9, 7), kernel=(9, 3), padding=Padding(top=8, left=8), rows=(2, 7), lanes_before=3),
    "far_halved": Walk(size=(9, 8), kernel=(2, 5), stride=2, padding=Padding(top=5, left=8), rows=(1, 6), tile=2),
}


def fields(walk: Walk, config: EngineConfig) -> dict[str, int]:
    stride, before, vectors = walk.stride, walk.before(config), walk.vectors(config)
    top, left = -walk.padding.top, -walk.padding.left
    plane_rows = walk.plane_rows(config)
    first = walk.rows[0] * walk.pitch - before
    phase = top % stride * stride + left % stride
    start = (TOP_ROW + walk.rows[0] + top // stride) * walk.pitch + left // stride - before
    values = {
        "in_pixel": (BASE_ROW + phase * IN_BLOCKS * plane_rows) * config.pe_pixels + start,
        "in_row_stride": plane_rows, "in_blocks": IN_BLOCKS, "phase_row_stride": IN_BLOCKS * plane_rows,
        "kernel_rows": walk.kernel[0], "kernel_cols": walk.kernel[1], "split": stride - 1,
        "phase_y": top % stride, "phase_x": left % stride, "shift_y": top // stride, "shift_x": left // stride,
        "windowed": 1, "height": -(-walk.size[0] // stride), "columns": -(-walk.size[1] // stride),
        "odd_height": walk.size[0] % stride, "odd_width": walk.size[1] % stride, "width": walk.pitch,
        "first_y": first // walk.pitch, "first_x": first % walk.pitch, "end_y": walk.rows[1],
        "tiles": -(-vectors // walk.tile), "tile_vectors": walk.tile, "last_vectors": (vectors - 1) % walk.tile + 1,
        "first_lane": before,
    }  # fmt: skip
    return {entry.name: values.get(entry.name, 0) for entry in BODY["pointwise"]}


def tiles(walk: Walk, config: EngineConfig) -> Iterator[range]:
    """Vectors of each tile."""
    vectors = walk.vectors(config)
    for first in range(0, vectors, walk.tile):
        yield range(first, min(first + walk.tile, vectors))


def expected(walk: Walk, config: EngineConfig) -> list[dict[int, int]]:
    """Pixel address by lane of each vector in the order of issue, from the definition of convolution."""
    pixels, stride, plane_rows = config.pe_pixels, walk.stride, walk.plane_rows(config)
    result = []
    for tile in tiles(walk, config):
        for _ in range(OUT_BLOCKS):
            for tap_y in range(walk.kernel[0]):
                for tap_x in range(walk.kernel[1]):
                    for block in range(IN_BLOCKS):
                        for vector in tile:
                            read = {}
                            for lane in range(pixels):
                                index = vector * pixels + lane - walk.before(config)
                                y, x = walk.rows[0] + index // walk.pitch, index % walk.pitch
                                in_y = y * stride + tap_y - walk.padding.top
                                in_x = x * stride + tap_x - walk.padding.left
                                if (index >= 0 and y < walk.rows[1] and 0 <= in_y < walk.size[0]
                                        and 0 <= in_x < walk.size[1]):
                                    plane = in_y % stride * stride + in_x % stride
                                    row = BASE_ROW + (plane * IN_BLOCKS + block) * plane_rows
                                    read[lane] = (row * pixels + (TOP_ROW + in_y // stride) * walk.pitch
                                                  + in_x // stride)
                            result.append(read)
    return result


def walked(dut: PointwiseAddresses, walk: Walk) -> list[dict[int, int]]:
    """What the component reads in the walk, passes and commands as close as they may be: as `expected`, twice."""
    config, issued, read = dut.config, [], []
    passes = walk.kernel[0] * walk.kernel[1] * IN_BLOCKS

    async def tick(ctx) -> None:
        issued.append(get(ctx, dut.issue))
        read.append((get(ctx, dut.pixel), get(ctx, dut.mask)))
        await ctx.tick()

    async def one_pass(ctx, vectors: int, *, block_end: bool, tile_done: bool) -> None:
        """Two cycles without a vector, of which the first does not know the pass yet, then its vectors."""
        put(ctx, dut.issue, 0)
        put(ctx, dut.enter, 1)
        await tick(ctx)
        flags = {"vectors": vectors, "ends_block": block_end, "ends_tile": tile_done}
        put_fields(ctx, dut.upcoming, {name: flags.get(name, 0) for name in PASS.members})
        await tick(ctx)
        put(ctx, dut.ends_tile, tile_done)
        for vector in range(max(2, vectors)):
            put(ctx, dut.issue, vector < vectors)
            put(ctx, dut.vector, vector % vectors)
            put(ctx, dut.last_vector, vector == vectors - 1)
            put(ctx, dut.enter, vector in (0, vectors - 1) or vector >= vectors)
            put(ctx, dut.step, vector == 1)
            await tick(ctx)
        put(ctx, dut.step, 0)

    async def bench(ctx) -> None:
        for _ in range(2):
            put_fields(ctx, dut.fields, fields(walk, config))
            put(ctx, dut.issue, 0)
            put(ctx, dut.start, 1)
            await tick(ctx)
            put(ctx, dut.start, 0)
            for tile in tiles(walk, config):
                for output in range(OUT_BLOCKS):
                    for number in range(passes):
                        last = number == passes - 1
                        await one_pass(ctx, len(tile), block_end=last, tile_done=last and output == OUT_BLOCKS - 1)
        put(ctx, dut.issue, 0)
        for _ in range(2):
            await tick(ctx)

    run_benches(dut, bench, limit=40_000)
    return [{lane: (read[cycle + 1][0] + lane) % (1 << 20) for lane in range(config.pe_pixels)
             if read[cycle + 2][1] >> lane & 1} for cycle, one in enumerate(issued) if one]


@CONFIGS
@pytest.mark.parametrize("name", WALKS)
def test_reads_what_the_convolution_takes(name: str, config: EngineConfig) -> None:
    walk = WALKS[name]
    assert walked(PointwiseAddresses(config), walk) == 2 * expected(walk, config)


@CONFIGS
def test_without_a_window_every_lane_reads(config: EngineConfig) -> None:
    """A pointwise layer's rows need no edges; lanes beyond the last pixel are the drain's to leave out."""
    dut, seen = PointwiseAddresses(config), []
    values = {"in_pixel": 40, "in_row_stride": 3, "in_blocks": 2, "kernel_rows": 1, "kernel_cols": 1, "width": 5}

    async def bench(ctx) -> None:
        put_fields(ctx, dut.fields, {entry.name: values.get(entry.name, 0) for entry in BODY["pointwise"]})
        put(ctx, dut.start, 1)
        await ctx.tick()
        put(ctx, dut.start, 0)
        put(ctx, dut.enter, 1)
        await ctx.tick().repeat(POINTWISE_TAKE - 1)
        put(ctx, dut.enter, 0)
        put(ctx, dut.issue, 1)
        for vector in range(5):
            put(ctx, dut.vector, vector)
            seen.append((get(ctx, dut.pixel), get(ctx, dut.mask)))
            await ctx.tick()

    run_benches(dut, bench)
    every = (1 << config.pe_pixels) - 1
    assert [pixel for pixel, _ in seen[1:4]] == [40 + vector * config.pe_pixels for vector in range(3)]
    assert [mask for _, mask in seen[2:]] == [every] * 3


FAULTS = {
    "rows of odd phases as long": ("(command.odd_height & place.phase_y)", "0", "halved_odd"),
    "columns of odd phases as long": ("(command.odd_width & place.phase_x)", "0", "halved_odd"),
    "no upper edge": ("(line >= 0) & ", "", "same"),
    "no left edge": ("(column >= 0) & ", "", "same"),
    "rows of another stripe": ("~before & (y < command.end_y)", "~before", "stripe"),
    "lanes of nobody": ("~before & (y", "(y", "stripe"),
    "one row at most in a vector": ("down.eq(pixels // width)", "down.eq(0)", "two_columns"),
    "wrapped once at most": ("(last, 0, small + 1)", "(0, 0, small + 1)", "column"),
    "tap to the right": ("Mux(place.phase_x, 1 - phase, phase)", "1", "halved"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_addresses_are_noticed(fault: str) -> None:
    old, new, name = FAULTS[fault]
    broken = mutated("hw.gateware.pointwise_addresses", old, new)["PointwiseAddresses"](WIDE)
    walk = WALKS[name]
    assert walked(broken, walk) != 2 * expected(walk, WIDE)
