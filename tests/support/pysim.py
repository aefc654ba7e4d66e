"""Amaranth simulations that can't end unnoticed: benches are counted, time is limited, values are range-checked."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from amaranth.hdl import Shape, Value
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

Bench = Callable[[Any], Awaitable[None]]


class Hang(AssertionError):
    """A simulation whose benches did not finish."""


def run_benches(
    dut: Component, *benches: Bench, background: Sequence[Bench] = (), limit: int = 20_000
) -> None:
    """Simulates `dut` until all `benches` have finished; raises `Hang` if that takes `limit` cycles or more.

    Those in the `background` run along, each cycle before the others, and are not waited for.
    """
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    finished = 0

    def counted(bench: Bench):
        async def run(ctx) -> None:
            nonlocal finished
            await bench(ctx)
            finished += 1

        return run

    for bench in background:
        simulator.add_testbench(bench, background=True)
    for bench in benches:
        simulator.add_testbench(counted(bench))
    steps = 2 * limit  # of the simulator: the two edges of a cycle
    while simulator.advance() and steps:
        steps -= 1
    if finished != len(benches):
        raise Hang(f"{finished} of {len(benches)} benches finished within {limit} cycles")


def checked(value, shape: Shape) -> int:
    """`value` (NumPy's integers too) as an int. Raises `OverflowError` if `shape` can't hold it."""
    number = int(value)
    low, high = (
        (-(1 << shape.width - 1), (1 << shape.width - 1) - 1) if shape.signed else (0, (1 << shape.width) - 1)
    )
    if not low <= number <= high:
        raise OverflowError(f"{number}: must be {low} to {high}")
    return number


def put(ctx, signal, value) -> None:
    """Sets an integer signal."""
    signal = Value.cast(signal)
    ctx.set(signal, checked(value, signal.shape()))


def get(ctx, signal) -> int:
    return int(ctx.get(Value.cast(signal)))


def pack(values: Iterable, width: int, *, signed: bool = False) -> int:
    """Items of `width` bits to one integer, the first in the least significant bits."""
    shape, packed = Shape(width, signed), 0
    for index, value in enumerate(values):
        packed |= (checked(value, shape) & (1 << width) - 1) << index * width
    return packed


def unpack(packed: int, width: int, count: int, *, signed: bool = False) -> list[int]:
    """Inverse of `pack`."""
    items = [packed >> index * width & (1 << width) - 1 for index in range(count)]
    return [item - (1 << width) if signed and item >> width - 1 else item for item in items]


def put_fields(ctx, view, fields) -> None:
    """Sets the fields of a structure of integers."""
    for name, value in fields.items():
        put(ctx, getattr(view, name), value)


def delay_of(seen: Sequence, expected: Sequence) -> int:
    """Number of items that `seen` comes later than `expected`. Raises `AssertionError` unless all are there."""
    for delay in range(len(seen) - len(expected) + 1):
        if list(seen[delay : delay + len(expected)]) == list(expected):
            return delay
    raise AssertionError(
        f"the {len(expected)} expected items are not among those seen: {expected[:3]} … in {seen[:12]} …"
    )
