"""`Requantise` equals `golden.quantise.requantise`, in both rounding modes, and takes `latency.REQUANTISE` cycles."""

import numpy as np
import pytest

from golden.quantise import INT32_MAX, INT32_MIN, requantise
from hw.gateware.requantise import Requantise
from hw.latency import REQUANTISE
from tests.support.pysim import delay_of, get, pack, put_fields, run_benches, unpack

LANES = 4


def vectors(kind: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """(sum with bias, multiplier, shift) of `count` × LANES elements, within the component's limits."""
    size = (count, LANES)
    if kind == "ties":
        shift = rng.integers(-5, 0, size)
        return (
            (2 * rng.integers(-300, 300, size) + 1) << np.maximum(-shift - 1, 0),
            np.full(size, 1 << 30),
            shift + 1,
        )
    if kind == "extremes":
        total = rng.choice(np.array([INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX]), size)
        multiplier = rng.choice(np.array([0, 1, 1 << 30, (1 << 30) + 1, INT32_MAX]), size)
        return total, multiplier, rng.choice(np.array([-31, -30, -1, 0]), size)
    if kind == "realistic":  # results all over the range of a byte
        shift = rng.integers(-12, 1, size)
        total = (rng.integers(-400, 400, size) << -shift) + (rng.integers(0, 1 << 12, size) >> 12 + shift)
        return total, rng.integers(1 << 29, 1 << 30, size), shift
    shift = rng.integers(-31, 8, size)
    scaled = rng.integers(-(1 << 31), 1 << 31, size) >> rng.integers(0, 31, size)
    return scaled >> np.maximum(shift, 0), rng.integers(1 << 30, 1 << 31, size), shift


def run(component: Requantise, kind: str, seed: int) -> None:
    rng, count = np.random.default_rng([seed, len(kind)]), 150
    total, multiplier, shift = vectors(kind, count, rng)
    bias = np.clip(rng.integers(-(1 << 30), 1 << 30, total.shape), total - INT32_MAX, total - INT32_MIN)
    numerics = []
    for _ in range(count):
        minimum, maximum = sorted(rng.integers(-128, 128, 2)) if rng.random() < 0.5 else (-128, 127)
        numerics.append(
            {
                "zero_point": rng.integers(-128, 128),
                "minimum": minimum,
                "maximum": maximum,
                "single": rng.integers(2),
            }
        )
    expected = [
        requantise(
            total[i],
            multiplier[i],
            shift[i],
            zero_point=int(n["zero_point"]),
            minimum=int(n["minimum"]),
            maximum=int(n["maximum"]),
            rounding="single" if n["single"] else "double",
        ).tolist()
        for i, n in enumerate(numerics)
    ]
    seen = []

    async def bench(ctx) -> None:
        for index in range(count + REQUANTISE + 2):
            seen.append(unpack(get(ctx, component.outputs), 8, LANES, signed=True))
            i = min(index, count - 1)
            ctx.set(component.accumulators.as_value(), pack(total[i] - bias[i], 32, signed=True))
            parameters = (
                pack([b], 32, signed=True) | pack([m], 32) << 32 | pack([s], 8, signed=True) << 64
                for b, m, s in zip(bias[i], multiplier[i], shift[i], strict=True)
            )
            ctx.set(component.parameters.as_value(), pack(parameters, 72))
            put_fields(ctx, component.numerics, numerics[i])
            await ctx.tick()

    run_benches(component, bench)
    assert delay_of(seen, expected) == REQUANTISE


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["ties", "extremes", "realistic", "random"])
def test_equals_golden(kind: str, seed: int) -> None:
    run(Requantise(LANES), kind, seed)
