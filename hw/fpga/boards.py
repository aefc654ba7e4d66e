"""Boards: a device and the memory beside it.

Bandwidth is the memory's peak, data pins × transfers a second, from the board's documents and the memory's data sheet.
`latency_ns` is *assumed*: from a request at the memory controller to its first data, what open controllers take.
"""

from dataclasses import dataclass

from hw.fpga.targets import TARGETS, Target, TargetError


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board.

    Parameters
    ----------
    name: as typed; title: as its maker calls it; target: its device
    package, speed_grade: of the device on it
    memory: what kind; data_bits: its pins; mega_transfers: peak transfers a second and pin, in millions
    latency_ns: assumed time from request to data
    """

    name: str
    title: str
    target: Target
    package: str
    speed_grade: str
    memory: str
    data_bits: int
    mega_transfers: int
    latency_ns: int

    @property
    def bytes_per_second(self) -> int:
        """Peak, 0 without a memory that can be written."""
        return self.data_bits * self.mega_transfers * 1_000_000 // 8


SDRAM_NS, DDR_NS = 100, 200
"""Assumed latencies of open controllers: SDRAM with a row to open; DDR3 and LPDDR4 with their PHY."""

BOARDS: dict[str, Board] = {board.name: board for board in (
    Board(name="ulx3s", title="Radiona ULX3S (85F)", target=TARGETS["lfe5u-85f"], package="CABGA381", speed_grade="6",
          memory="SDRAM 32 MB", data_bits=16, mega_transfers=143, latency_ns=SDRAM_NS),
    Board(name="orangecrab", title="OrangeCrab r0.2 (25F)", target=TARGETS["lfe5u-25f"], package="CSFBGA285",
          speed_grade="8", memory="DDR3L 128 MB", data_bits=16, mega_transfers=800, latency_ns=DDR_NS),
    Board(name="ecpix-5", title="LambdaConcept ECPIX-5 (85F)", target=TARGETS["lfe5um5g-85f"], package="CABGA554",
          speed_grade="8", memory="DDR3 512 MB", data_bits=16, mega_transfers=800, latency_ns=DDR_NS),
)}


def find_board(name: str) -> Board:
    """The board called `name`, in any case. Raises `TargetError` with those there are."""
    try:
        return BOARDS[name.lower()]
    except KeyError:
        raise TargetError(f"board {name!r} is unknown; boards: {', '.join(BOARDS)}") from None
