"""What the cascades of a program share: commands so far, the DRAM image, and what is left of earlier cascades."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from golden.quantise import Rounding
from hw.compiler.rings import Ring
from hw.compiler.tokens import Cells, Region, Sequencer, Space
from hw.compiler.weights import WeightMemory
from hw.config import EngineConfig
from hw.program import ALIGNMENT, DramTensor, Patches


class Lowering:
    """State of one compilation. DRAM holds `weight_bytes` of weights, the tensors behind them."""

    def __init__(self, config: EngineConfig, rounding: Rounding, weight_bytes: int) -> None:
        self.config = config
        self.single = int(rounding == "single")
        self.sequencer = Sequencer()
        self.image = bytearray()
        self.end = weight_bytes
        self.layers: list[str] = []
        self.weight_memories = {depthwise: WeightMemory(config, depthwise=depthwise) for depthwise in (True, False)}
        self.tensors: dict[str, tuple[DramTensor, Space]] = {}
        self._used: list[dict[str, int]] = [{} for _ in range(config.activation_groups)]
        """By bank group and unit, the commands after the last one of a cascade that used it."""

    def add_weights(self, data: bytes) -> int:
        """Appends to the image; returns the address."""
        address = len(self.image)
        self.image += data + bytes(-len(data) % ALIGNMENT)
        return address

    def tensor(self, name: str, shape: tuple[int, int, int],
               patches: Patches | None = None) -> tuple[DramTensor, Space]:
        """The DRAM tensor of that name; made if there is none."""
        if name not in self.tensors:
            stride = ceil(shape[0] * shape[1] * self.config.pe_rows / ALIGNMENT) * ALIGNMENT
            tensor = DramTensor(name=name, shape=shape, block_channels=self.config.pe_rows, address=self.end,
                                stride=stride, patches=patches)
            self.end += tensor.size
            self.tensors[name] = tensor, Space()
        return self.tensors[name]

    def enter(self, rings: Sequence[Ring]) -> None:
        """A new cascade: whatever it writes into a ring waits for all that used these groups before."""
        for ring in rings:
            ring.space.before = _latest(self._used[group] for group in ring.groups)

    def leave(self, rings: Sequence[Ring]) -> None:
        """The cascade is over: its groups go to the next one."""
        for ring in rings:
            used = ring.space.last_used()
            for group in ring.groups:
                self._used[group] = _latest((self._used[group], used))

    def transfer(self, unit: str, layer: int, ring: Ring, tensor: tuple[DramTensor, Space], rows: tuple[int, int],
                 chip_pixel: int, region: Sequence[Region], *, split: bool = False,
                 blocks: tuple[int, int] | None = None) -> None:
        """A `load` or `store` of tensor rows `rows`, which follow one another from pixel `chip_pixel` of the ring.

        `blocks` are the first channel block and the one after the last, if not all are moved.
        Of a `split` load that is the place of the even columns; the odd ones are as many blocks farther on as the
        tensor has. Where a beat holds two pixels each of the two takes a command.
        """
        config, (dram, space) = self.config, tensor
        width, pixel_bytes = dram.shape[1], config.pe_rows
        start, count = rows[0] * width * pixel_bytes, (rows[1] - rows[0]) * width * pixel_bytes
        lead = start % config.bus_bytes
        block, end = blocks or (0, dram.blocks)
        beats = ceil((lead + count) / config.bus_bytes)
        fields: dict[str, int] = {
            "dram_address": dram.address + block * dram.stride + start - lead, "dram_stride": dram.stride,
            "blocks": end - block,
            "beats": beats, "row": ring.row(block) + chip_pixel // config.pe_pixels,
            "chunk": chip_pixel % config.pe_pixels * pixel_bytes // config.bus_bytes, "row_stride": ring.stride,
            "lead": lead // pixel_bytes,
            "tail": ceil((lead + count - (beats - 1) * config.bus_bytes) / pixel_bytes),
        }
        in_dram = [Region(space, Cells(*rows))]
        reads, writes = (in_dram, region) if unit == "load" else (region, in_dram)
        odd_phase = dram.blocks * ring.stride
        if unit == "load":
            fields |= {"split": int(split), "phase_row_stride": odd_phase if split else 0, "odd": 0,
                       "half": chip_pixel % config.words_per_beat if split else 0}
        self.sequencer.add(unit, layer, fields, reads=reads, writes=writes)
        if split and config.words_per_beat > 1 and width > 1:
            fields = fields | {"odd": 1, "row": fields["row"] + odd_phase}
            self.sequencer.add(unit, layer, fields, reads=reads, writes=writes)


def _latest(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """By unit, the highest of the counts."""
    result: dict[str, int] = {}
    for each in counts:
        for unit, count in each.items():
            result[unit] = max(result.get(unit, 0), count)
    return result
