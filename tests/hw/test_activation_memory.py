"""`ActivationMemory` against an array of rows: unaligned reads, partial writes, latency, and who meets whom."""

import numpy as np
import pytest

from hw.commands import UNITS
from hw.config import EngineConfig
from hw.gateware.activation_memory import READERS, WRITERS, ActivationMemory, enable_bytes
from hw.latency import ACTIVATION_READ
from tests.support.configs import SKEW, TINY, WIDE
from tests.support.pysim import delay_of, get, put, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW, WIDE], ids=lambda config: config.name)


def write(ctx, memory: ActivationMemory, writer: str, row: int, data: np.ndarray, enable: int) -> None:
    port = getattr(memory, f"write_{writer}")
    put(ctx, port.row, row)
    put(ctx, port.data, int.from_bytes(data.tobytes(), "little"))
    put(ctx, port.enable, enable)


def read(ctx, memory: ActivationMemory, reader: str, row: int, lane: int, enable: int) -> None:
    port = getattr(memory, f"read_{reader}")
    put(ctx, port.row, row)
    put(ctx, port.lane, lane)
    put(ctx, port.enable, enable)


@CONFIGS
def test_random_traffic(config: EngineConfig) -> None:
    """Each reader and each writer in a group of its own, which changes all the time."""
    memory, rng = ActivationMemory(config), np.random.default_rng(3)
    rows, granule, all_banks = 4, enable_bytes(config), (1 << config.pe_pixels) - 1
    steps = 120
    model = np.zeros((config.activation_groups, rows + 1, config.row_bytes), np.uint8)
    requested = {name: [] for name in READERS}
    seen = {name: [] for name in READERS}
    conflicts = []

    async def bench(ctx) -> None:
        for group in range(config.activation_groups):
            for row in range(rows + 1):
                write(
                    ctx,
                    memory,
                    "load",
                    group * config.group_rows + row,
                    model[group, row],
                    (1 << config.row_bytes // granule) - 1,
                )
                await ctx.tick()
        write(ctx, memory, "load", 0, model[0, 0], 0)
        for step in range(steps + ACTIVATION_READ):
            for name in READERS:
                seen[name].append(get(ctx, getattr(memory, f"read_{name}").data))
            conflicts.append(get(ctx, memory.conflict))
            idle = step >= steps
            # What is written now is seen by a read of the next cycle; of this cycle none is for the same row.
            written: dict[int, int] = {}
            for name, group in zip(WRITERS, rng.permutation(config.activation_groups), strict=False):
                row, data = (
                    int(rng.integers(rows + 1)),
                    rng.integers(0, 256, config.row_bytes).astype(np.uint8),
                )
                enable = int(rng.integers(1 << min(30, config.row_bytes // granule)))
                written[int(group)] = row
                write(ctx, memory, name, group * config.group_rows + row, data, 0 if idle else enable)
                mask = np.repeat(
                    [enable >> bit & 1 for bit in range(config.row_bytes // granule)], granule
                ).astype(bool)
                if not idle:
                    model[group, row][mask] = data[mask]
            for name, group in zip(READERS, rng.permutation(config.activation_groups), strict=False):
                free = [row for row in range(rows) if written.get(int(group)) not in (row, row + 1)]
                row, lane = int(rng.choice(free)), int(rng.integers(config.pe_pixels))
                read(ctx, memory, name, group * config.group_rows + row, lane, 0 if idle else all_banks)
                if not idle:
                    data = np.concatenate(
                        [
                            model[group, row + (bank < lane)].reshape(config.pe_pixels, -1)[bank]
                            for bank in range(config.pe_pixels)
                        ]
                    )
                    requested[name].append(int.from_bytes(data.tobytes(), "little"))
            await ctx.tick()

    run_benches(memory, bench)
    for name in READERS:
        assert delay_of(seen[name], requested[name]) == ACTIVATION_READ, name
    assert not any(conflicts)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize("kind", ["read", "write"])
def test_two_in_one_bank_conflict(kind: str, pair: tuple[int, int]) -> None:
    memory, config = ActivationMemory(TINY), TINY
    names = [(READERS if kind == "read" else WRITERS)[index] for index in pair]
    data = np.zeros(config.row_bytes, np.uint8)
    seen = []

    async def both(ctx, rows: tuple[int, int], enables: tuple[int, int]) -> tuple[int, int] | None:
        for name, row, enable in zip(names, rows, enables, strict=True):
            if kind == "read":
                read(ctx, memory, name, row, 0, enable)
            else:
                write(ctx, memory, name, row, data, enable)
        await ctx.tick().repeat(5)
        for name in names:
            if kind == "read":
                read(ctx, memory, name, 0, 0, 0)
            else:
                write(ctx, memory, name, 0, data, 0)
        conflict = get(ctx, memory.conflict)
        where = get(ctx, memory.conflict_unit), get(ctx, memory.conflict_group)
        await ctx.tick().repeat(5)
        return where if conflict else None

    async def bench(ctx) -> None:
        group = config.group_rows
        seen.append(await both(ctx, (0, group), (0b11, 0b11)))  # groups of their own
        seen.append(await both(ctx, (group, group + 3), (0b01, 0b10)))  # banks of their own
        seen.append(await both(ctx, (group, group + 3), (0b01, 0b00)))  # one is idle
        seen.append(await both(ctx, (group, group + 3), (0b01, 0b01)))

    run_benches(memory, bench)
    assert seen == [None, None, None, (UNITS.index(names[1]), 1)]


def test_reader_and_writer_share_a_bank() -> None:
    memory = ActivationMemory(TINY)
    seen = []

    async def bench(ctx) -> None:
        for _ in range(5):
            read(ctx, memory, "pointwise", 1, 0, 0b11)
            write(ctx, memory, "pointwise", 2, np.zeros(TINY.row_bytes, np.uint8), 0b11)
            await ctx.tick()
            seen.append(get(ctx, memory.conflict))

    run_benches(memory, bench)
    assert seen == [0] * 5
