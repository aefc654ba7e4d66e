"""AXI4-Lite, and the registers of `hw.registers` behind it."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.account import COUNTERS
from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.counters import ReadCounter
from hw.registers import (
    ADDRESS_BITS,
    BASE_ALIGNMENT,
    BURST_SIZES,
    BY_NAME,
    FIRST_COUNTER,
    OFFSET,
    PROGRAM_ALIGNMENT,
    REGISTERS,
)

OKAY, SLVERR = 0, 2
STATES = tuple(register for register in REGISTERS if register.access == "ro" and not register.reset
               and not register.account and register.name not in ("CONFIG", "CYCLES_HIGH"))
"""Registers that show what goes on in the engine."""
COUNTER_OFFSETS = tuple(FIRST_COUNTER + 4 * index for index in range(len(COUNTERS)))
COMMANDS = tuple(field.name for field in BY_NAME["CONTROL"].fields)


class AxiLite(wiring.Signature):
    """AXI4-Lite of 32 bits, from the manager's side."""

    def __init__(self) -> None:
        super().__init__({
            "awaddr": Out(ADDRESS_BITS), "awprot": Out(3), "awvalid": Out(1), "awready": In(1),
            "wdata": Out(32), "wstrb": Out(4), "wvalid": Out(1), "wready": In(1),
            "bresp": In(2), "bvalid": In(1), "bready": Out(1),
            "araddr": Out(ADDRESS_BITS), "arprot": Out(3), "arvalid": Out(1), "arready": In(1),
            "rdata": In(32), "rresp": In(2), "rvalid": In(1), "rready": Out(1),
        })


class Registers(Component):
    """The register file.

    Members
    -------
    axi : In(`AxiLite`), one write and one read at a time.
    start, stop, soft_reset, acknowledge : Out(1), the write is accepted in this cycle.
    enable : Out(1), of the interrupt. pending : In(1).
    at_rest : In(1), settings may be written and a program started.
    setting_NAME : Out; state_NAME : In(32), by register. cycles_high : In(32).
    counter : Out(`ReadCounter`), of the stall account, if there are `counters`.

    Timing
    ------
    A write is accepted when address and data are there and the last response was taken; response and read data come
    a cycle later. A read of a counter is accepted when the counter is given.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.settings = tuple(register for register in REGISTERS
                              if register.setting and (config.counters or not register.account))
        super().__init__({
            "axi": In(AxiLite()),
            **{name: Out(1) for name in (*COMMANDS, "acknowledge", "enable")},
            "pending": In(1), "at_rest": In(1),
            **{f"setting_{register.name}": Out(register.bits) for register in self.settings},
            **{f"state_{register.name}": In(32) for register in STATES}, "cycles_high": In(32),
            **({"counter": Out(ReadCounter(len(COUNTERS)))} if config.counters else {}),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        axi = self.axi
        accepted, good = Signal(), Signal()
        strobes = Cat(axi.wstrb[byte].replicate(8) for byte in range(4))
        bits = axi.wdata & strobes
        m.d.comb += [accepted.eq(axi.awvalid & axi.wvalid & ~axi.bvalid),
                     axi.awready.eq(accepted), axi.wready.eq(accepted)]
        with m.If(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(accepted):
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(Mux(good, OKAY, SLVERR))]
        values = {register.name: Signal(register.bits, init=register.reset, name=register.name)
                  for register in self.settings}
        m.d.comb += [getattr(self, f"setting_{name}").eq(value) for name, value in values.items()]
        with m.Switch(axi.awaddr):
            with m.Case(OFFSET["CONTROL"]):
                wishes = {field.name: 1 << field.low for field in BY_NAME["CONTROL"].fields}
                m.d.comb += [
                    good.eq(Cat(bits == wish for wish in wishes.values()).any()
                            & ((bits != wishes["start"]) | self.at_rest)),
                    *(getattr(self, name).eq(accepted & (bits == wish)) for name, wish in wishes.items()),
                ]
            with m.Case(OFFSET["INTERRUPT"]):
                pending, enable = (BY_NAME["INTERRUPT"].field(name).low for name in ("pending", "enable"))
                m.d.comb += [good.eq(1), self.acknowledge.eq(accepted & bits[pending])]
                with m.If(accepted & strobes[enable]):
                    m.d.sync += self.enable.eq(axi.wdata[enable])
            for register in self.settings:
                with m.Case(register.offset):
                    value, wanted = values[register.name], Signal(32, name=f"wanted_{register.name}")
                    m.d.comb += [wanted.eq(bits | value & ~strobes),
                                 good.eq(self.at_rest & _holds(register.name, wanted))]
                    with m.If(accepted & good):
                        m.d.sync += value.eq(wanted)

    def _read(self, m: Module) -> None:
        axi = self.axi
        accepted, high = Signal(), Signal(32)
        m.d.comb += [axi.arready.eq(~axi.rvalid), accepted.eq(axi.arvalid & axi.arready)]
        if self.config.counters:
            self._wait_for_counter(m)
        with m.If(axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        values = {register.name: Const(register.reset, 32) for register in REGISTERS
                  if register.offset not in COUNTER_OFFSETS}
        values |= {register.name: getattr(self, f"setting_{register.name}") for register in self.settings}
        values |= {register.name: getattr(self, f"state_{register.name}") for register in STATES}
        values |= {"CONFIG": Const(self.config.hash, 32), "INTERRUPT": Cat(self.pending, self.enable),
                   "CYCLES_HIGH": high}
        with m.If(accepted):
            m.d.sync += [axi.rvalid.eq(1), axi.rdata.eq(0), axi.rresp.eq(SLVERR)]
            with m.Switch(axi.araddr):
                for name, value in values.items():
                    with m.Case(OFFSET[name]):
                        m.d.sync += [axi.rdata.eq(value), axi.rresp.eq(OKAY)]
            with m.If(_is_counter(axi.araddr)):
                m.d.sync += axi.rresp.eq(OKAY)
                if self.config.counters:
                    m.d.sync += axi.rdata.eq(self.counter.value)
            with m.If(axi.araddr == OFFSET["CYCLES_LOW"]):
                m.d.sync += high.eq(self.cycles_high)

    def _wait_for_counter(self, m: Module) -> None:
        """An address of a counter is taken in the cycle the counter is given."""
        axi = self.axi
        m.d.comb += self.counter.index.eq(axi.araddr[2:])
        with m.If(_is_counter(axi.araddr)):
            m.d.comb += [self.counter.wanted.eq(axi.arvalid & ~axi.rvalid), axi.arready.eq(self.counter.given)]


def _is_counter(address: Signal):
    return (address >= COUNTER_OFFSETS[0]) & (address <= COUNTER_OFFSETS[-1]) & ~address[:2].any()


def _holds(name: str, value: Signal):
    """Whether a setting may have this value."""
    if name == "BURST_BYTES":
        return Cat(value == size for size in BURST_SIZES).any()
    if name == "PROGRAM_ADDRESS":
        return (value & (PROGRAM_ALIGNMENT - 1)) == 0
    if name == "BASE":
        return (value & (BASE_ALIGNMENT - 1)) == 0
    return ~value[BY_NAME[name].bits:].any()
