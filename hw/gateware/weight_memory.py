"""Weight memory: filled by bus beats, read a word a cycle by one datapath."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.gateware.layouts import WordPort
from hw.gateware.ram import Ram


class BeatPort(wiring.Signature):
    """Write of one bus beat: `chunk` counts the beats of a word."""

    def __init__(self, bus_bytes: int) -> None:
        super().__init__({"enable": Out(1), "word": Out(16), "chunk": Out(6), "data": Out(8 * bus_bytes)})


class WeightMemory(Component):
    """`words` words of `word_bytes`, written in beats of `bus_bytes`.

    Members
    -------
    write : In(`BeatPort`).
    read : In(`WordPort`), data `latency.RAM_READ` cycles later.
    """

    def __init__(self, *, words: int, word_bytes: int, bus_bytes: int) -> None:
        self.words, self.word_bytes, self.bus_bytes = words, word_bytes, bus_bytes
        super().__init__({"write": In(BeatPort(bus_bytes)), "read": In(WordPort(word_bytes))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Ram(width=8 * self.word_bytes, depth=self.words, granule=8 * self.bus_bytes)
        chunks = self.word_bytes // self.bus_bytes
        m.d.comb += [
            memory.read_address.eq(self.read.word),
            self.read.data.eq(memory.read_data),
            memory.write_address.eq(self.write.word),
            memory.write_data.eq(self.write.data.replicate(chunks)),
        ]
        place = self.write.chunk[:(chunks - 1).bit_length()]
        for chunk in range(chunks):
            m.d.comb += memory.write_enable[chunk].eq(self.write.enable & (place == chunk))
        return m
