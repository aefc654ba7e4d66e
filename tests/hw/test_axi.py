"""`AxiManager`: requests to their channel as AXI wants them, write data with their address, responses back."""

import random

import pytest

from hw.gateware.axi import AxiManager
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.pysim import get, put, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)


@CONFIGS
def test_request(config) -> None:
    unit = AxiManager(config)

    async def bench(ctx) -> None:
        bursts, axi = unit.bursts, unit.axi
        for write, (here, there) in ((0, ("ar", "aw")), (1, ("aw", "ar"))):
            put(ctx, bursts.request_valid, 1)
            put(ctx, bursts.request_write, write)
            put(ctx, bursts.request_address, 0x1240)
            put(ctx, unit.base, 0x7FFF_F000)
            put(ctx, bursts.request_beats, 3)
            assert get(ctx, getattr(axi, f"{here}valid"))
            assert not get(ctx, getattr(axi, f"{there}valid"))
            shown = {name: get(ctx, getattr(axi, f"{here}{name}")) for name in ("addr", "len", "size", "burst")}
            assert shown == {"addr": 0x8000_0240, "len": 2, "size": config.bus_bytes.bit_length() - 1, "burst": 1}
            for ready in (0, 1):
                put(ctx, getattr(axi, f"{here}ready"), ready)
                put(ctx, getattr(axi, f"{there}ready"), 1 - ready)
                assert get(ctx, bursts.request_ready) == ready

    run_benches(unit, bench)


@CONFIGS
@pytest.mark.parametrize("seed", range(3))
def test_write_data_come_with_their_address(config, seed: int) -> None:
    """A beat comes from the cycle after its address is shown on; none is lost; reads in between change nothing."""
    unit, rng = AxiManager(config), random.Random(seed)
    lengths = [rng.randrange(1, 5) for _ in range(12)]
    seen, early = [], []

    async def bench(ctx) -> None:
        bursts, axi = unit.bursts, unit.axi
        asked, beats = 0, [(burst, beat, length) for burst, length in enumerate(lengths) for beat in range(length)]
        taken = shown = 0
        for _ in range(400):
            write = asked < len(lengths) and asked - (beats[0][0] if beats else asked) < config.max_outstanding
            put(ctx, bursts.request_valid, 1)
            put(ctx, bursts.request_write, write)
            put(ctx, axi.awready, rng.random() < 0.15)
            put(ctx, axi.arready, 1)
            put(ctx, bursts.write.valid, bool(beats))
            if beats:
                burst, beat, length = beats[0]
                put(ctx, bursts.write.data, 16 * burst + beat)
                put(ctx, bursts.write.last, beat == length - 1)
            put(ctx, axi.wready, rng.random() < 0.5)
            moved = get(ctx, axi.wvalid) and get(ctx, axi.wready)
            assert get(ctx, bursts.write.ready) == (get(ctx, axi.wready) and bool(beats) and beats[0][0] < shown)
            shown = taken + get(ctx, axi.awvalid)
            if moved:
                early.append(beats[0][0] >= taken)
                seen.append((get(ctx, axi.wdata), get(ctx, axi.wlast)))
                beats.pop(0)
            accepted = get(ctx, axi.awvalid) and get(ctx, axi.awready)
            await ctx.tick()
            taken += accepted
            asked += accepted

    run_benches(unit, bench)
    assert seen == [(16 * burst + beat, int(beat == length - 1)) for burst, length in enumerate(lengths)
                    for beat in range(length)]
    assert any(early)  # data that went ahead of an address which was shown and not taken


def test_memory_may_wait_for_data() -> None:
    """An address that is not taken holds back neither its data nor lets out those of the next burst."""
    unit = AxiManager(TINY)

    async def bench(ctx) -> None:
        bursts, axi = unit.bursts, unit.axi
        for signal in (bursts.request_valid, bursts.request_write, bursts.write.valid, bursts.write.last, axi.wready):
            put(ctx, signal, 1)
        for cycle in range(6):
            assert get(ctx, axi.awvalid)
            assert get(ctx, axi.wvalid) == (cycle == 1)
            await ctx.tick()
        put(ctx, axi.awready, 1)
        await ctx.tick()
        put(ctx, axi.awready, 0)
        assert not get(ctx, axi.wvalid)
        await ctx.tick()
        assert get(ctx, axi.wvalid)

    run_benches(unit, bench)


def test_answers_go_back() -> None:
    unit = AxiManager(TINY)

    async def bench(ctx) -> None:
        bursts, axi = unit.bursts, unit.axi
        assert get(ctx, axi.rready)
        assert get(ctx, axi.bready)
        for valid, response in ((0, 0), (1, 0), (1, 2), (1, 3)):
            for signal, value in ((axi.rvalid, valid), (axi.rdata, 0x1234), (axi.rlast, valid), (axi.rresp, response),
                                  (axi.bvalid, valid), (axi.bresp, response)):
                put(ctx, signal, value)
            assert (get(ctx, bursts.read.valid), get(ctx, bursts.read_response)) == (valid, response)
            assert (get(ctx, bursts.written), get(ctx, bursts.written_response)) == (valid, response)
            assert (get(ctx, bursts.read.data), get(ctx, bursts.read.last)) == (0x1234, valid)

    run_benches(unit, bench)
