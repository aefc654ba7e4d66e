"""The register file behind AXI4-Lite: the table's rules, responses, strobes, one access at a time."""

import dataclasses
import random

import pytest

from hw.gateware.axi_lite import COUNTER_OFFSETS, OKAY, SLVERR, Registers
from hw.latency import REGISTER_READ, REGISTER_WRITE
from hw.registers import ADDRESS_BITS, BASE_ALIGNMENT, BURST_SIZES, BY_NAME, PROGRAM_ALIGNMENT, REGISTERS
from tests.support.configs import SKEW, TINY
from tests.support.pysim import get, put, run_benches

SETTINGS = [register for register in REGISTERS if register.setting]
SHOWN = [register for register in REGISTERS
         if register.access == "ro" and not register.reset and not register.account]
PLAIN = dataclasses.replace(TINY, counters=False)


class Host:
    """An AXI4-Lite manager that checks that each access is answered once."""

    def __init__(self, ctx, unit: Registers) -> None:
        self.ctx, self.unit, self.axi = ctx, unit, unit.axi
        self.counters: dict[int, int] = {}
        self.given: list[int] = []
        put(ctx, unit.at_rest, 1)
        for signal in (self.axi.bready, self.axi.rready):
            put(ctx, signal, 1)

    async def write(self, offset: int, value: int, strobe: int = 15) -> tuple[int, set[str]]:
        """(response, strobes that were high in the cycle of acceptance)."""
        ctx, axi = self.ctx, self.axi
        for signal, to in ((axi.awaddr, offset), (axi.wdata, value), (axi.wstrb, strobe), (axi.awvalid, 1),
                           (axi.wvalid, 1)):
            put(ctx, signal, to)
        for _ in range(REGISTER_WRITE):
            assert not get(ctx, axi.awready) | get(ctx, axi.wready)
            assert not self.seen()
            await ctx.tick()
        assert get(ctx, axi.awready)
        assert get(ctx, axi.wready)
        seen = self.seen()
        await ctx.tick()
        put(ctx, axi.awvalid, 0)
        put(ctx, axi.wvalid, 0)
        assert get(ctx, axi.bvalid)
        response = get(ctx, axi.bresp)
        await ctx.tick()
        assert not get(ctx, axi.bvalid)
        return response, seen

    def seen(self) -> set[str]:
        names = ("start", "restart", "stop", "soft_reset", "acknowledge")
        return {name for name in names if get(self.ctx, getattr(self.unit, name))}

    async def read(self, offset: int) -> tuple[int, int]:
        """(response, data)."""
        ctx, axi = self.ctx, self.axi
        put(ctx, axi.araddr, offset)
        put(ctx, axi.arvalid, 1)
        for _ in range(REGISTER_READ):
            assert not get(ctx, axi.arready)
            await ctx.tick()
        if offset in COUNTER_OFFSETS and self.unit.config.counters:
            await self.give_counter(offset)
        assert get(ctx, axi.arready)
        await ctx.tick()
        put(ctx, axi.arvalid, 0)
        if self.unit.config.counters:
            put(ctx, self.unit.counter.given, 0)
        assert get(ctx, axi.rvalid)
        answer = get(ctx, axi.rresp), get(ctx, axi.rdata)
        await ctx.tick()
        assert not get(ctx, axi.rvalid)
        return answer

    async def give_counter(self, offset: int) -> None:
        """Some cycles later, with a value that tells which."""
        ctx, counter = self.ctx, self.unit.counter
        for _ in range(offset // 4 % 5):
            assert not get(ctx, self.axi.arready)
            assert get(ctx, counter.wanted)
            await ctx.tick()
        assert get(ctx, counter.index) == COUNTER_OFFSETS.index(offset)
        put(ctx, counter.given, 1)
        put(ctx, counter.value, self.counters.get(offset, 0))
        await ctx.delay(0)
        self.given.append(offset)


def run(script, config=TINY) -> None:
    """`script(host)` on a register file."""
    unit = Registers(config)

    async def bench(ctx) -> None:
        await script(Host(ctx, unit))

    run_benches(unit, bench)


@pytest.mark.parametrize("config", [TINY, SKEW, PLAIN], ids=["tiny", "skew", "no counters"])
def test_values_after_reset(config) -> None:
    seen = {}

    async def script(host: Host) -> None:
        for register in REGISTERS:
            seen[register.name] = await host.read(register.offset)

    run(script, config)
    wanted = {register.name: (OKAY, register.reset) for register in REGISTERS} | {"CONFIG": (OKAY, config.hash)}
    assert seen == wanted


def test_states_are_shown() -> None:
    rng = random.Random(0)
    values = {register.name: rng.getrandbits(32) for register in SHOWN
              if register.name not in ("CONFIG", "CYCLES_HIGH")}
    seen = {}

    async def script(host: Host) -> None:
        for name, value in values.items():
            put(host.ctx, getattr(host.unit, f"state_{name}"), value)
        for name in values:
            seen[name] = (await host.read(BY_NAME[name].offset))[1]

    run(script)
    assert seen == values


def test_counters_are_waited_for() -> None:
    rng = random.Random(2)
    values = {offset: rng.getrandbits(32) for offset in COUNTER_OFFSETS}

    async def script(host: Host) -> None:
        host.counters = values
        for offset, value in values.items():
            assert await host.read(offset) == (OKAY, value)
            assert await host.read(BY_NAME["CYCLES_LOW"].offset) == (OKAY, 0)
        assert host.given == list(values)

    run(script)


def test_without_counters_nothing_can_be_chosen() -> None:
    async def script(host: Host) -> None:
        assert await host.write(BY_NAME["ACCOUNT"].offset, 0) == (SLVERR, set())

    run(script, PLAIN)


def test_upper_half_of_the_cycles_is_that_of_the_lower() -> None:
    seen = []

    async def script(host: Host) -> None:
        put(host.ctx, host.unit.cycles_high, 5)
        await host.read(BY_NAME["CYCLES_LOW"].offset)
        put(host.ctx, host.unit.cycles_high, 6)
        seen.append(await host.read(BY_NAME["CYCLES_HIGH"].offset))
        await host.read(BY_NAME["CYCLES_LOW"].offset)
        seen.append(await host.read(BY_NAME["CYCLES_HIGH"].offset))

    run(script)
    assert seen == [(OKAY, 5), (OKAY, 6)]


def legal(rng: random.Random, name: str) -> int:
    if name == "BURST_BYTES":
        return rng.choice(BURST_SIZES)
    value = rng.getrandbits(BY_NAME[name].bits)
    return value - value % {"PROGRAM_ADDRESS": PROGRAM_ALIGNMENT, "BASE": BASE_ALIGNMENT}.get(name, 1)


def test_settings_hold_and_are_locked() -> None:
    rng = random.Random(1)
    values = {register.name: legal(rng, register.name) for register in SETTINGS}
    seen, refused = {}, []

    async def script(host: Host) -> None:
        for name, value in values.items():
            assert await host.write(BY_NAME[name].offset, value) == (OKAY, set())
        put(host.ctx, host.unit.at_rest, 0)
        for register in SETTINGS:
            refused.append((await host.write(register.offset, legal(rng, register.name)))[0])
        for name in values:
            assert await host.read(BY_NAME[name].offset) == (OKAY, values[name])
            seen[name] = get(host.ctx, getattr(host.unit, f"setting_{name}"))

    run(script)
    assert refused == [SLVERR] * len(SETTINGS)
    assert seen == values


@pytest.mark.parametrize("strobe", range(16))
def test_byte_strobes(strobe: int) -> None:
    seen = []

    async def script(host: Host) -> None:
        await host.write(BY_NAME["READ_LAST"].offset, 0x11223344)
        seen.append(await host.write(BY_NAME["READ_LAST"].offset, 0xAABBCCDD, strobe))
        seen.append(await host.read(BY_NAME["READ_LAST"].offset))

    run(script)
    mask = sum(0xFF << 8 * byte for byte in range(4) if strobe >> byte & 1)
    assert seen == [(OKAY, set()), (OKAY, 0xAABBCCDD & mask | 0x11223344 & ~mask)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("BURST_BYTES", 0), ("BURST_BYTES", 96), ("BURST_BYTES", 512), ("PROGRAM_ADDRESS", 16), ("PROGRAM_ADDRESS", 1),
     ("BASE", 0x800), ("BASE", 0x5000_0001), ("ACCOUNT", 1 << 11), ("ACCOUNT", 1 << 31)],
)
def test_impossible_values_are_refused(name: str, value: int) -> None:
    seen = []

    async def script(host: Host) -> None:
        seen.append(await host.write(BY_NAME[name].offset, value))
        seen.append(await host.read(BY_NAME[name].offset))

    run(script)
    assert seen == [(SLVERR, set()), (OKAY, BY_NAME[name].reset)]


def test_no_register_no_effect() -> None:
    known = {register.offset for register in REGISTERS}
    unknown = [*(offset for offset in range(0, 0x100, 4) if offset not in known), 1, 0x19, (1 << ADDRESS_BITS) - 4]
    readonly = [register.offset for register in REGISTERS if register.access == "ro"]
    seen = set()

    async def script(host: Host) -> None:
        for offset in unknown:
            assert await host.read(offset) == (SLVERR, 0)
        for offset in (*unknown, *readonly):
            seen.add((await host.write(offset, 0xFFFF_FFFF))[0])
        for register in REGISTERS:
            wanted = TINY.hash if register.name == "CONFIG" else register.reset
            assert await host.read(register.offset) == (OKAY, wanted)

    run(script)
    assert seen == {SLVERR}


def test_control() -> None:
    offset = BY_NAME["CONTROL"].offset
    fields = {field.name: field.mask for field in BY_NAME["CONTROL"].fields}

    async def script(host: Host) -> None:
        for name, mask in fields.items():
            assert await host.write(offset, mask) == (OKAY, {name})
            assert await host.write(offset, mask, 0b1110) == (SLVERR, set())
        assert await host.write(offset, fields["start"] | fields["stop"]) == (SLVERR, set())
        assert await host.write(offset, 0) == (SLVERR, set())
        assert await host.write(offset, 8) == (SLVERR, set())
        put(host.ctx, host.unit.at_rest, 0)
        assert await host.write(offset, fields["start"]) == (SLVERR, {"restart"})  # which is a fault
        assert await host.write(offset, fields["stop"]) == (OKAY, {"stop"})
        assert await host.write(offset, fields["soft_reset"]) == (OKAY, {"soft_reset"})
        assert await host.read(offset) == (OKAY, 0)

    run(script)


def test_interrupt() -> None:
    offset = BY_NAME["INTERRUPT"].offset
    pending, enable = (BY_NAME["INTERRUPT"].field(name).mask for name in ("pending", "enable"))

    async def script(host: Host) -> None:
        put(host.ctx, host.unit.pending, 1)
        assert await host.read(offset) == (OKAY, pending)
        assert await host.write(offset, enable) == (OKAY, set())
        assert get(host.ctx, host.unit.enable)
        assert await host.read(offset) == (OKAY, pending | enable)
        assert await host.write(offset, pending | enable) == (OKAY, {"acknowledge"})
        assert get(host.ctx, host.unit.enable)
        assert await host.write(offset, pending) == (OKAY, {"acknowledge"})
        assert not get(host.ctx, host.unit.enable)

    run(script)


@pytest.mark.parametrize("seed", range(4))
def test_slow_managers(seed: int) -> None:
    """Address and data at any time, responses taken at any time: nothing is lost, done twice or overtaken."""
    unit, rng = Registers(TINY), random.Random(seed)
    offset = BY_NAME["READ_LAST"].offset
    written, answers, reads = [rng.getrandbits(32) for _ in range(20)], [], []

    async def bench(ctx) -> None:
        axi = unit.axi
        put(ctx, unit.at_rest, 1)
        put(ctx, axi.awaddr, offset)
        put(ctx, axi.araddr, offset)
        put(ctx, axi.wstrb, 15)
        left, shown, asked = list(written), {"aw": False, "w": False}, False
        for _ in range(2000):
            for channel in shown:
                shown[channel] = bool(left) and (shown[channel] or rng.random() < 0.3)
                put(ctx, getattr(axi, f"{channel}valid"), shown[channel])
            asked = asked or rng.random() < 0.3
            put(ctx, axi.arvalid, asked)
            put(ctx, axi.wdata, left[0] if left else 0)
            put(ctx, axi.bready, rng.random() < 0.3)
            put(ctx, axi.rready, rng.random() < 0.3)
            taken = get(ctx, axi.awready) and get(ctx, axi.awvalid), get(ctx, axi.wready) and get(ctx, axi.wvalid)
            assert taken[0] == taken[1]
            if get(ctx, axi.bvalid) and get(ctx, axi.bready):
                answers.append(get(ctx, axi.bresp))
            if get(ctx, axi.rvalid) and get(ctx, axi.rready):
                reads.append(get(ctx, axi.rdata))
            asked = asked and not get(ctx, axi.arready)
            await ctx.tick()
            if taken[0]:
                left.pop(0)
                shown = {"aw": False, "w": False}

    run_benches(unit, bench)
    assert answers == [OKAY] * len(written)
    order = [0, *written]
    places = [order.index(value) for value in reads]
    assert places == sorted(places)
    assert places[-1] == len(written)
