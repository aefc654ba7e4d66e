"""CRC-32 over bus beats, a beat a cycle however wide it is."""

import zlib
from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hw.commands import CHECKSUM_BYTES
from hw.gateware.component import Component
from hw.latency import CHECKSUM

BITS = 8 * CHECKSUM_BYTES
POLYNOMIAL = 0xEDB88320
"""Of `zlib.crc32`; bit 31 is that of x⁰, as in all registers here."""

START = (1 << BITS) - 1
MATCH = zlib.crc32(bytes(CHECKSUM_BYTES)) ^ START
"""What any data with their checksum leave in the register, for instance no data with theirs, which is 0."""


def shifted(register: int, steps: int) -> int:
    """`register` · x^`steps`: the sum that many bits later. Bits above its 32 are data that come with it."""
    for _ in range(steps):
        register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
    return register


def root(value: int, width: int) -> int:
    """The `width`-th root, `width` a power of two: the one number whose power it is.

    With an irreducible polynomial of degree 32 the registers are a field, in which 32 squarings come back to where they
    began; so a root is what the squarings that are left to 32 make.
    """
    for _ in range(BITS - width.bit_length() + 1):
        square = 0
        for place in reversed(range(BITS)):
            if value >> place & 1:
                square ^= shifted(value, BITS - 1 - place)
        value = square
    return value


class Checksum(Component):
    """Looks at blocks of beats of `width` bits, a power of two; a block's last 32 bits are the checksum of the others.

    A beat multiplies the sum by x^`width` and adds something linear. Kept is the sum's `width`-th root, which is then
    multiplied by x, like the sum of single bits; what is added is the root of what would be, and as linear.

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
        start, match = root(START, self.width), root(MATCH, self.width)
        register, added = Signal(BITS, init=start), Signal()
        addends = [Signal(BITS, name=f"addend_{place}", reset_less=True) for place in range(0, self.width, BITS)]
        images = [root(shifted(1 << place, self.width), self.width) for place in range(self.width)]
        m.d.sync += [added.eq(self.valid), self.match.eq(register == match)]
        for index, addend in enumerate(addends):
            part = slice(BITS * index, BITS * (index + 1))
            m.d.sync += addend.eq(_linear(self.beat[part], images[part]))
        with m.If(self.clear):
            m.d.sync += register.eq(start)
        with m.Elif(added):
            m.d.sync += register.eq(reduce(xor, addends, register >> 1 ^ Mux(register[0], POLYNOMIAL, 0)))
        return m


def _linear(value: Value, images: list[int]) -> Value:
    """The sum of the images of the bits that are set."""
    return Cat(Cat(value[place] for place, image in enumerate(images) if image >> bit & 1).xor() for bit in range(BITS))


assert CHECKSUM == 3
