"""Activation memory: words of `pe_rows` channels × 1 pixel, banks interleaved by pixel, in groups owned apart."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import delayed, selector
from hw.gateware.ram import Ram
from hw.latency import ACTIVATION_READ

READERS = ("depthwise", "pointwise", "store")
WRITERS = ("load", "depthwise", "pointwise")
FEW = 2
"""Groups a reader chooses among in the first of two steps: with their masks a lookup table of four inputs."""


def enable_bytes(config: EngineConfig) -> int:
    """Bytes one write-enable bit stands for: the drain writes slices, `load` beats."""
    return min(config.slice_channels, config.bus_bytes)


class ReadPort(wiring.Signature):
    """Read of `pe_pixels` neighbouring words, from the reader's side.

    Members
    -------
    enable : Out(pe_pixels), per bank: a bank that is not enabled returns anything.
    row : Out, row of the word in bank `lane`.
    lane : Out, bank the read starts in; banks below it read the next row.
    data : In, `pe_pixels` words in bank order, `latency.ACTIVATION_READ` cycles later.
    """

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({
            "enable": Out(config.pe_pixels),
            "row": Out(range(config.activation_rows)),
            "lane": Out(selector(config.pe_pixels)),
            "data": In(8 * config.row_bytes),
        })


class WritePort(wiring.Signature):
    """Write of any `enable_bytes` of one row, from the writer's side; a read issued in the cycle after sees it.

    A row may not be read and written in the same cycle.
    """

    def __init__(self, config: EngineConfig) -> None:
        super().__init__({
            "enable": Out(config.row_bytes // enable_bytes(config)),
            "row": Out(range(config.activation_rows)),
            "data": Out(8 * config.row_bytes),
        })


class ActivationMemory(Component):
    """Banks of one read and one write port each, `activation_groups` × `pe_pixels` of them.

    Members
    -------
    read_depthwise, read_pointwise, read_store : In(`ReadPort`)
    write_load, write_depthwise, write_pointwise : In(`WritePort`)
    conflict : Out(1), two readers or two writers met in one bank: the program broke the rule of ownership.
    conflict_unit, conflict_group : Out, the unit of those that comes later in `UNITS`, and the bank's group.

    Timing
    ------
    One read a cycle per reader and one write a cycle per writer, never stalled. Nothing arbitrates: the compiler
    gives each group at most one reader and one writer at a time.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        super().__init__({
            **{f"read_{name}": In(ReadPort(config)) for name in READERS},
            **{f"write_{name}": In(WritePort(config)) for name in WRITERS},
            "conflict": Out(1), "conflict_unit": Out(range(len(UNITS))),
            "conflict_group": Out(selector(config.activation_groups)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        index_bits = (config.group_rows - 1).bit_length()
        readers = [getattr(self, f"read_{name}") for name in READERS]
        writers = [getattr(self, f"write_{name}") for name in WRITERS]
        met: list[list[Signal]] = []

        # Per reader and bank: the row each bank reads, and (when its data are there) the group they come from.
        rows = [[Signal(range(config.activation_rows), name=f"row_{name}_{bank}", reset_less=True)
                 for bank in range(config.pe_pixels)] for name in READERS]
        enables = [Signal(config.pe_pixels, name=f"enable_{name}") for name in READERS]
        for reader, reader_rows, reader_enable in zip(readers, rows, enables, strict=True):
            m.d.sync += reader_enable.eq(reader.enable)
            for bank, row in enumerate(reader_rows):
                m.d.sync += row.eq(reader.row + (bank < reader.lane))

        # Data wait a cycle with their writer, until each bank knows whose it takes: there are fewer writers than banks.
        targets = [delayed(m, writer.row[:index_bits], 1, f"target_{name}")
                   for name, writer in zip(WRITERS, writers, strict=True)]
        values = [delayed(m, writer.data, 1, f"value_{name}") for name, writer in zip(WRITERS, writers, strict=True)]

        outputs: list[list[Signal]] = []
        for group in range(config.activation_groups):
            group_outputs, group_met = [], []
            for bank in range(config.pe_pixels):
                m.submodules[f"bank_{group}_{bank}"] = memory = Ram(
                    width=8 * config.pe_rows, depth=config.group_rows, granule=8 * enable_bytes(config))
                group_outputs.append(memory.read_data)

                wanted = Cat(enable[bank] & (row[bank] >> index_bits == group)
                             for enable, row in zip(enables, rows, strict=True))
                address = Signal(index_bits, name=f"read_address_{group}_{bank}", reset_less=True)
                # Nobody's row is as good as any.
                choice = rows[0][bank]
                for index, row in enumerate(rows[1:], 1):
                    choice = Mux(wanted[index], row[bank], choice)
                m.d.sync += address.eq(choice)
                m.d.comb += memory.read_address.eq(address)

                granules = config.pe_rows // enable_bytes(config)
                written = Cat(writer.enable.word_select(bank, granules).any() & (writer.row >> index_bits == group)
                              for writer in writers)
                enable = Signal(granules, name=f"write_enable_{group}_{bank}")
                asked = Signal(granules, name=f"write_asked_{group}_{bank}")
                m.d.sync += [enable.eq(asked), asked.eq(reduce(or_, (
                    writer.enable.word_select(bank, granules) & chosen.replicate(granules)
                    for writer, chosen in zip(writers, written, strict=True))))]
                # Nobody's data are as good as any.
                chosen = delayed(m, written, 1, f"writer_{group}_{bank}")
                target, value = targets[0], values[0].word_select(bank, 8 * config.pe_rows)
                for index in range(1, len(writers)):
                    target = Mux(chosen[index], targets[index], target)
                    value = Mux(chosen[index], values[index].word_select(bank, 8 * config.pe_rows), value)
                # Writers are far away, so what was chosen has a register by its memory.
                m.d.comb += [memory.write_enable.eq(enable),
                             memory.write_address.eq(delayed(m, target, 1, f"write_address_{group}_{bank}")),
                             memory.write_data.eq(delayed(m, value, 1, f"write_data_{group}_{bank}"))]

                late = Signal(len(_MEETING), name=f"met_{group}_{bank}")
                m.d.sync += late.eq(Cat(_met(wanted), _met(written)))
                group_met.append(late)
            outputs.append(group_outputs)
            met.append(group_met)
        self._report(m, met)

        # The group that was read lets its data through, all others nothing.
        for name, reader, reader_rows in zip(READERS, readers, rows, strict=True):
            for bank, row in enumerate(reader_rows):
                group = Signal(selector(config.activation_groups), name=f"group_{name}_{bank}")
                m.d.comb += group.eq(row >> index_bits)
                before = delayed(m, group, ACTIVATION_READ - 4, f"before_{name}_{bank}")
                chosen = delayed(m, Cat(before == index for index in range(config.activation_groups)), 1,
                                 f"chosen_{name}_{bank}")
                data = [banks[bank] & mask.replicate(8 * config.pe_rows)
                        for banks, mask in zip(outputs, chosen, strict=True)]
                of_few = [delayed(m, reduce(or_, data[first:first + FEW]), 1, f"of_few_{name}_{bank}_{first}")
                          for first in range(0, len(data), FEW)]
                m.d.comb += reader.data.word_select(bank, 8 * config.pe_rows).eq(
                    delayed(m, reduce(or_, of_few), 1, f"word_{name}_{bank}"))
        return m

    def _report(self, m: Module, met: list[list[Signal]]) -> None:
        """`met`, by group and bank: a bit for each of `_MEETING`."""
        in_group, of_unit = Signal(len(met)), Signal(len(_MEETING))
        m.d.sync += [
            in_group.eq(Cat(Cat(banks).any() for banks in met)),
            of_unit.eq(Cat(Cat(bank[index] for banks in met for bank in banks).any()
                           for index in range(len(_MEETING)))),
            self.conflict.eq(in_group.any()),
        ]
        for group in reversed(range(len(met))):
            with m.If(in_group[group]):
                m.d.sync += self.conflict_group.eq(group)
        for index, name in sorted(enumerate(_MEETING), key=lambda item: UNITS.index(item[1])):
            with m.If(of_unit[index]):
                m.d.sync += self.conflict_unit.eq(UNITS.index(name))


_MEETING = (*READERS[1:], *WRITERS[1:])
"""Units that may meet one before them in their list."""


def _met(bits: Value) -> Value:
    """A bit for each of `bits` but the first: it is set, and so is one before it."""
    return Cat(bits[index] & bits[:index].any() for index in range(1, len(bits)))
