"""AXI4-Lite, and the registers of `hw.registers` behind it."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.account import COUNTERS
from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.counters import ReadCounter
from hw.latency import REGISTER_READ, REGISTER_WRITE
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
ALIGNED = {"PROGRAM_ADDRESS": PROGRAM_ALIGNMENT, "BASE": BASE_ALIGNMENT}
"""Settings that must be multiples of a power of two."""
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
    start, stop, soft_reset, acknowledge : Out(1), the write is accepted in this cycle; registers.
    restart : Out(1), as `start`, but the engine is not at rest, which is a fault.
    enable : Out(1), of the interrupt. pending : In(1).
    at_rest : In(1), settings may be written and a program started.
    setting_NAME : Out; state_NAME : In(32), by register. cycles_high : In(32).
    counter : Out(`ReadCounter`), of the stall account, if there are `counters`.

    Timing
    ------
    A write is accepted `latency.REGISTER_WRITE` cycles after address and data are there and the last response was
    taken, a read `REGISTER_READ` after its address: what is asked for holds still so long. The write takes effect in
    the cycle it is accepted; response and read data come a cycle later. A read of a counter is accepted when the
    counter is given.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.settings = tuple(register for register in REGISTERS
                              if register.setting and (config.counters or not register.account))
        super().__init__({
            "axi": In(AxiLite()),
            **{name: Out(1) for name in (*COMMANDS, "restart", "acknowledge", "enable")},
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
        # Bits that are always 0 are not kept.
        low = {register.name: (ALIGNED.get(register.name, 1) - 1).bit_length() for register in self.settings}
        kept = {register.name: Signal(register.bits - low[register.name], init=register.reset >> low[register.name],
                                      name=register.name) for register in self.settings}
        values = {name: Cat(Const(0, low[name]), value) for name, value in kept.items()}
        m.d.comb += [getattr(self, f"setting_{name}").eq(value) for name, value in values.items()]

        # Which register, then what it would hold, then what that is, then whether it may.
        asked, accepted = Signal(), Signal()
        m.d.comb += [asked.eq(axi.awvalid & axi.wvalid & ~axi.bvalid & ~accepted),
                     axi.awready.eq(accepted), axi.wready.eq(accepted)]
        found, merged, judged = Signal(), Signal(), Signal()
        m.d.sync += [found.eq(asked), merged.eq(found & asked), judged.eq(merged & asked), accepted.eq(judged & asked)]

        present = {**values, "CONTROL": Const(0, 32), "INTERRUPT": Cat(Const(0, 1), self.enable)}
        chosen = {name: Signal(name=f"chosen_{name}") for name in present}
        m.d.sync += [choice.eq(axi.awaddr == OFFSET[name]) for name, choice in chosen.items()]
        strobes = Cat(axi.wstrb[byte].replicate(8) for byte in range(4))
        wanted, held = Signal(32), _chosen([(chosen[name], value) for name, value in present.items()])
        m.d.sync += wanted.eq(axi.wdata & strobes | held & ~strobes)

        fitting = {name: Signal(name=f"fitting_{name}") for name in values}
        wishes = {name: Signal(name=f"wish_{name}") for name in COMMANDS}
        m.d.sync += [*(fit.eq(_holds(name, wanted)) for name, fit in fitting.items()),
                     *(wish.eq(wanted == BY_NAME["CONTROL"].field(name).mask) for name, wish in wishes.items())]

        # The engine can't leave its rest meanwhile: only a write takes it out.
        control, interrupt, good = chosen["CONTROL"], chosen["INTERRUPT"], Signal()
        setting = {name: Signal(name=f"sets_{name}") for name in values}
        pending, enable = (BY_NAME["INTERRUPT"].field(name).low for name in ("pending", "enable"))
        wished = {name: judged & asked & control & wish for name, wish in wishes.items()}
        m.d.sync += [
            self.start.eq(wished["start"] & self.at_rest), self.restart.eq(wished["start"] & ~self.at_rest),
            self.stop.eq(wished["stop"]), self.soft_reset.eq(wished["soft_reset"]),
            self.acknowledge.eq(judged & asked & interrupt & wanted[pending]),
            *(sets.eq(judged & asked & chosen[name] & fitting[name] & self.at_rest) for name, sets in setting.items()),
            good.eq(interrupt | control & (wishes["start"] & self.at_rest | wishes["stop"] | wishes["soft_reset"])
                    | Cat(chosen[name] & fit for name, fit in fitting.items()).any() & self.at_rest),
        ]
        for name, sets in setting.items():
            with m.If(sets):
                m.d.sync += kept[name].eq(wanted[low[name]:])
        with m.If(accepted & interrupt):
            m.d.sync += self.enable.eq(wanted[enable])
        with m.If(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(accepted):
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(Mux(good, OKAY, SLVERR))]

    def _read(self, m: Module) -> None:
        axi = self.axi
        values = {register.name: Const(register.reset, 32) for register in REGISTERS
                  if register.offset not in COUNTER_OFFSETS}
        values |= {register.name: getattr(self, f"setting_{register.name}") for register in self.settings}
        values |= {register.name: getattr(self, f"state_{register.name}") for register in STATES}
        high = Signal(32)
        values |= {"CONFIG": Const(self.config.hash, 32), "INTERRUPT": Cat(self.pending, self.enable),
                   "CYCLES_HIGH": high}

        # Which register, then its value.
        found, counted, given, accepted = Signal(), Signal(), Signal(init=1), Signal()
        chosen = {name: Signal(name=f"read_{name}") for name in values}
        m.d.sync += [found.eq(axi.arvalid & ~axi.rvalid & ~accepted), counted.eq(_is_counter(axi.araddr)),
                     *(choice.eq(axi.araddr == OFFSET[name]) for name, choice in chosen.items())]
        m.d.comb += [accepted.eq(found & (~counted | given)), axi.arready.eq(accepted)]
        counter = Const(0, 32)
        if self.config.counters:
            counter = self.counter.value
            m.d.comb += [self.counter.index.eq(axi.araddr[2:]), self.counter.wanted.eq(found & counted),
                         given.eq(self.counter.given)]
        with m.If(axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        with m.If(accepted):
            shown = [*((choice, values[name]) for name, choice in chosen.items()), (counted, counter)]
            m.d.sync += [axi.rvalid.eq(1), axi.rdata.eq(_chosen(shown)),
                         axi.rresp.eq(Mux(counted | Cat(chosen.values()).any(), OKAY, SLVERR))]
            with m.If(chosen["CYCLES_LOW"]):
                m.d.sync += high.eq(self.cycles_high)


def _chosen(options) -> Value:
    """The value that is chosen, of pairs of choice and value: ands and ors, which are less deep than a multiplexer."""
    return Cat(Cat(choice & value[bit] for choice, value in options if bit < len(value)).any() for bit in range(32))


def _is_counter(address: Signal):
    return (address >= COUNTER_OFFSETS[0]) & (address <= COUNTER_OFFSETS[-1]) & ~address[:2].any()


def _holds(name: str, value: Signal):
    """Whether a setting may have this value."""
    if name == "BURST_BYTES":
        return Cat(value == size for size in BURST_SIZES).any()
    if name in ALIGNED:
        return (value & (ALIGNED[name] - 1)) == 0
    return ~value[BY_NAME[name].bits:].any()


assert (REGISTER_WRITE, REGISTER_READ) == (4, 1)
