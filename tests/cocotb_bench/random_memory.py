"""cocotbext-axi's memory and register master with random handshakes and delays."""

import logging
import random
from collections.abc import Iterator

import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiSlave
from numpy.typing import NDArray

RATES = (0.0, 0.1, 0.4, 0.8)
"""Chances of a pause in a cycle; each channel gets one of them."""
SLOW = 0.02
"""Chance that a beat is late."""
LATEST = 60
"""Cycles it is late at most."""


def hush(dut) -> None:
    """The models log every burst, which costs more time than the burst."""
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)


def register_master(dut) -> AxiLiteMaster:
    return AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)


class RandomMemory:
    """An AXI4 memory whose contents, from address `base` on, are `data`.

    Members
    -------
    refuse: (``read`` or ``write``, n): the n-th beat from now on is answered with SLVERR
    refused: address of that beat, from `base` on
    """

    def __init__(self, dut, data: NDArray[np.uint8], base: int, rng: random.Random) -> None:
        self.dut, self.data, self.base, self.rng = dut, data, base, rng
        self.refuse: tuple[str, int] | None = None
        self.refused: int | None = None
        self.slave = AxiSlave(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target=self)

    async def read(self, address: int, length: int) -> bytes:
        address -= self.base
        await self._step("read", address)
        return self.data[address : address + length].tobytes()

    async def write(self, address: int, data: bytes) -> None:
        address -= self.base
        await self._step("write", address)
        self.data[address : address + len(data)] = np.frombuffer(data, np.uint8)

    async def _step(self, kind: str, address: int) -> None:
        if self.rng.random() < SLOW:
            await ClockCycles(self.dut.clk, self.rng.randint(1, LATEST))
        if self.refuse is not None and self.refuse[0] == kind:
            left = self.refuse[1] - 1
            self.refuse = (kind, left) if left else None
            if not left:
                self.refused = address
                raise PermissionError(f"{kind} of {address:#x}")


def pause_at_random(rng: random.Random, memory: AxiSlave, master: AxiLiteMaster) -> None:
    """Gives every channel its own rate of pauses."""
    for side in (memory, master):
        for channel in channels(side).values():
            channel.set_pause_generator(_pauses(random.Random(rng.getrandbits(64)), rng.choice(RATES)))


def wait_for_valid(dut, memory: AxiSlave) -> None:
    """Ready only comes when valid is there, and for a write's address when its data are there too."""
    for name, wanted in (("ar", "arvalid"), ("aw", "wvalid"), ("w", "wvalid")):
        channels(memory)[name].set_pause_generator(_until(getattr(dut, f"m_axi_{wanted}")))


def channels(side: AxiSlave | AxiLiteMaster) -> dict:
    """The five channels of a port by name."""
    write, read = side.write_if, side.read_if
    return {"ar": read.ar_channel, "r": read.r_channel, "aw": write.aw_channel, "w": write.w_channel,
            "b": write.b_channel}  # fmt: skip


def _pauses(rng: random.Random, rate: float) -> Iterator[bool]:
    while True:
        yield rng.random() < rate


def _until(valid) -> Iterator[bool]:
    while True:
        yield int(valid.value) == 0
