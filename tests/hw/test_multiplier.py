"""`multiply`: products, and the cycle they come in; who gets a device's blocks."""

import random

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib.wiring import Component, In, Out

from hw.config import ConfigError, load_config
from hw.gateware.multiplier import multiply
from hw.latency import MULTIPLY
from hw.multipliers import Share, share
from tests.support.pysim import delay_of, get, put, run_benches


class Product(Component):
    a: In(signed(9))
    b: In(signed(9))
    product: Out(signed(18))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.product.eq(multiply(m, self.a, self.b, name="inner", kind="portable"))
        return m


def test_products_and_latency() -> None:
    unit, rng = Product(), random.Random(0)
    corners = [(a, b) for a in (-256, -1, 0, 255) for b in (-256, -1, 0, 255)]
    factors = corners + [(rng.randrange(-256, 256), rng.randrange(-256, 256)) for _ in range(50)]
    seen = []

    async def bench(ctx) -> None:
        for index in range(len(factors) + MULTIPLY):
            seen.append(get(ctx, unit.product))
            for signal, value in zip((unit.a, unit.b), factors[min(index, len(factors) - 1)], strict=True):
                put(ctx, signal, value)
            await ctx.tick()
        seen.append(get(ctx, unit.product))

    run_benches(unit, bench)
    assert delay_of(seen, [a * b for a, b in factors]) == MULTIPLY


@pytest.mark.parametrize(
    ("blocks", "array", "depthwise"), [(20, 0, 0), (30, 10, 0), (84, 64, 0), (90, 64, 6), (100, 64, 9)]
)
def test_requantisers_then_array_then_depthwise(blocks: int, array: int, depthwise: int) -> None:
    """4 + 1 requantisers of 4 blocks, 64 products of the array, 9 of the depthwise lanes."""
    made = share(load_config(f"pe64,requantise_lanes=4,multiplier=ecp5,dsp_multipliers={blocks}"))
    assert made == Share(array=array, depthwise=depthwise, block="ecp5", rest="lut")
    kinds = [made.in_array(number) for number in range(64)]
    assert kinds == ["ecp5"] * array + ["lut"] * (64 - array)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="dsp_multipliers=11: the requantisers alone take 12"):
        load_config("pe64,multiplier=ecp5,dsp_multipliers=11")
    with pytest.raises(ConfigError, match="multiplier='dsp48': must be one of portable, ecp5"):
        load_config("pe64,multiplier=dsp48")


def test_programs_run_on_either() -> None:
    assert load_config("pe64,multiplier=ecp5,dsp_multipliers=72").hash == load_config("pe64").hash
