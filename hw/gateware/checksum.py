"""CRC-32 over bus beats, in two steps a beat."""

import zlib
from collections.abc import Callable

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from hw.commands import CHECKSUM_BYTES
from hw.gateware.component import Component
from hw.latency import CHECKSUM

POLYNOMIAL = 0xEDB88320
"""Of the checksum `zlib.crc32` gives, lowest bit first."""

START = (1 << 32) - 1
MATCH = zlib.crc32(bytes(CHECKSUM_BYTES)) ^ START
"""What is left behind any data with its checksum, for instance behind no data with theirs, which is 0."""


def shifted(register: int, steps: int) -> int:
    """The checksum's register, `steps` bits later. Bits above its 32 are data that come with it."""
    for _ in range(steps):
        register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
    return register


class Checksum(Component):
    """Looks at blocks of `beats` beats of `width` bits, of which the last 32 bits are the checksum of all before them.

    The sum is linear: what a beat adds to it depends on the beat alone, so it is worked out before it is added.

    Members
    -------
    beat, valid : In, a beat of the block.
    clear : In(1), the next beat is the first of a block.
    match : Out(1), the block is sound, `latency.CHECKSUM` cycles after its last beat.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__({"beat": In(width), "valid": In(1), "clear": In(1), "match": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        addend, register, added = Signal(32), Signal(32, init=START), Signal()
        m.d.sync += [added.eq(self.valid), addend.eq(_linear(self.beat, lambda bits: shifted(bits, self.width))),
                     self.match.eq(register == MATCH)]
        with m.If(self.clear):
            m.d.sync += register.eq(START)
        with m.Elif(added):
            m.d.sync += register.eq(addend ^ _linear(register, lambda bits: shifted(bits, self.width)))
        return m


def _linear(value: Signal, image: Callable[[int], int]) -> Cat:
    """The sum of the 32-bit `image` of each bit of `value` that is set."""
    images = [image(1 << place) for place in range(len(value))]
    return Cat(Cat(value[place] for place, bits in enumerate(images) if bits >> bit & 1).xor() for bit in range(32))


assert CHECKSUM == 3
