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
    Board(name="icebreaker", title="1BitSquared iCEBreaker", target=TARGETS["up5k"], package="sg48", speed_grade="1",
          memory="none to write", data_bits=0, mega_transfers=0, latency_ns=0),
    Board(name="tang-primer-20k", title="Sipeed Tang Primer 20K", target=TARGETS["gw2a-18"], package="PBGA256",
          speed_grade="C8/I7", memory="DDR3 128 MB", data_bits=16, mega_transfers=800, latency_ns=DDR_NS),
    Board(name="tang-primer-25k", title="Sipeed Tang Primer 25K, SDRAM module", target=TARGETS["gw5a-25"],
          package="MBGA121", speed_grade="C1/I0", memory="SDRAM 64 MB", data_bits=16, mega_transfers=143,
          latency_ns=SDRAM_NS),
    Board(name="arty", title="Digilent Arty A7-35T", target=TARGETS["xc7a35t"], package="CSG324", speed_grade="-1",
          memory="DDR3L 256 MB", data_bits=16, mega_transfers=667, latency_ns=DDR_NS),
    Board(name="pynq-z2", title="TUL PYNQ-Z2", target=TARGETS["xc7z020"], package="CLG400", speed_grade="-1",
          memory="DDR3 512 MB", data_bits=16, mega_transfers=1_050, latency_ns=DDR_NS),
    Board(name="ultra96", title="Avnet Ultra96", target=TARGETS["xczu3eg"], package="SBVA484", speed_grade="-1",
          memory="LPDDR4 2 GB", data_bits=32, mega_transfers=1_067, latency_ns=DDR_NS),
)}


def find_board(name: str) -> Board:
    """The board called `name`, in any case. Raises `TargetError` with those there are."""
    try:
        return BOARDS[name.lower()]
    except KeyError:
        raise TargetError(f"board {name!r} is unknown; boards: {', '.join(BOARDS)}") from None
