"""`Arbiter`: fair turns, the limit of open bursts, requests that hold, data that finds its way back."""

import random

import pytest

from hw.faults import BY_CODE, SOURCES
from hw.gateware.arbiter import READERS, USERS, Arbiter
from hw.latency import CHOICE, GRANT
from tests.support.configs import SKEW, TINY
from tests.support.pysim import get, put, run_benches

CONFIGS = pytest.mark.parametrize("config", [TINY, SKEW], ids=lambda config: config.name)


def ask(ctx, arbiter: Arbiter, user: int, valid: int, address: int = 0, beats: int = 1) -> None:
    port = getattr(arbiter, f"request_{USERS[user]}")
    for signal, value in ((port.valid, valid), (port.address, address), (port.beats, beats)):
        put(ctx, signal, value)


def open_windows(ctx, arbiter: Arbiter) -> None:
    for way in ("read", "write"):
        put(ctx, getattr(arbiter.windows, f"{way}_last"), 0xFFFF_FFFF)


async def offer(ctx, arbiter: Arbiter) -> None:
    """From the cycle in which somebody asks to that of the grant."""
    for _ in range(CHOICE):
        assert not granted(ctx, arbiter)
        await ctx.tick()


def granted(ctx, arbiter: Arbiter) -> list[int]:
    return [user for user, name in enumerate(USERS) if get(ctx, getattr(arbiter, f"request_{name}").grant)]


@pytest.mark.parametrize("wanting", [(0, 1, 2, 3), (1, 3), (0, 2, 3), (2,)])
def test_turns(wanting: tuple[int, ...]) -> None:
    """All who want get their turn, in order, whoever had the last one."""
    arbiter, seen = Arbiter(TINY), []

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        put(ctx, arbiter.bus.request_ready, 1)
        for user in wanting:
            ask(ctx, arbiter, user, 1)
        while len(seen) < 12:
            seen.extend(granted(ctx, arbiter))
            # Bursts are answered at once, so that the limit never holds.
            head = get(ctx, arbiter.bus.request_valid), get(ctx, arbiter.bus.request_write)
            put(ctx, arbiter.bus.read.valid, head == (1, 0))
            put(ctx, arbiter.bus.read.last, head == (1, 0))
            put(ctx, arbiter.bus.written, head == (1, 1))
            await ctx.tick()

    run_benches(arbiter, bench)
    start = wanting.index(seen[0])
    assert seen == [wanting[(start + turn) % len(wanting)] for turn in range(12)]


@CONFIGS
def test_limit_of_open_bursts(config) -> None:
    """No burst beyond `max_outstanding`; the next one two cycles after a last beat or a response."""
    arbiter, times = Arbiter(config), []

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        put(ctx, arbiter.bus.request_ready, 1)
        ask(ctx, arbiter, 0, 1)
        ask(ctx, arbiter, 3, 1)
        order = []
        for _ in range(GRANT * config.max_outstanding + 10):
            order += granted(ctx, arbiter)
            await ctx.tick()
        assert len(order) == config.max_outstanding
        for signal in ("read", "written"):
            put(ctx, arbiter.bus.read.valid, signal == "read")
            put(ctx, arbiter.bus.read.last, signal == "read")
            put(ctx, arbiter.bus.written, signal == "written")
            for cycle in range(8):
                if granted(ctx, arbiter):
                    times.append(cycle)
                await ctx.tick()
                put(ctx, arbiter.bus.read.valid, 0)
                put(ctx, arbiter.bus.written, 0)

    run_benches(arbiter, bench)
    assert times == [2, 2]


def test_beats_before_the_last_close_nothing() -> None:
    arbiter, seen = Arbiter(TINY), []

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        put(ctx, arbiter.bus.request_ready, 1)
        ask(ctx, arbiter, 1, 1, beats=3)
        await ctx.tick().repeat(GRANT * TINY.max_outstanding + 3)
        put(ctx, arbiter.bus.read.valid, 1)
        for _ in range(6):
            seen.extend(granted(ctx, arbiter))
            await ctx.tick()

    run_benches(arbiter, bench)
    assert seen == []


@CONFIGS
def test_request_does_not_wait_for_ready_and_holds(config) -> None:
    """With ready held at 0 the request appears, and stays as it is whatever the users do."""
    arbiter, rng, seen = Arbiter(config), random.Random(0), []

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        ask(ctx, arbiter, 2, 1, address=0x1230, beats=5)
        await offer(ctx, arbiter)
        assert granted(ctx, arbiter) == [2]
        await ctx.tick().repeat(GRANT)
        for _ in range(30):
            assert get(ctx, arbiter.bus.request_valid)
            assert not granted(ctx, arbiter)
            seen.append(
                (
                    get(ctx, arbiter.bus.request_write),
                    get(ctx, arbiter.bus.request_address),
                    get(ctx, arbiter.bus.request_beats),
                )
            )
            for user in range(len(USERS)):
                ask(ctx, arbiter, user, rng.randrange(2), rng.getrandbits(32), rng.randrange(1, 8))
            await ctx.tick()
        for user in range(len(USERS)):
            ask(ctx, arbiter, user, 0)
        put(ctx, arbiter.bus.request_ready, 1)
        await ctx.tick()
        assert not get(ctx, arbiter.bus.request_valid)

    run_benches(arbiter, bench)
    assert seen == [(0, 0x1230, 5)] * 30


@CONFIGS
def test_data_comes_back_to_its_reader(config) -> None:
    arbiter, rng = Arbiter(config), random.Random(1)
    sent: list[tuple[int, int, int]] = []
    seen: list[tuple[int, int, int]] = []
    pending: list[tuple[int, int]] = []
    responses = 0

    async def bench(ctx) -> None:
        nonlocal responses
        open_windows(ctx, arbiter)
        left, writes = [8, 8, 8, 4], 0
        idle = 0
        while idle < 5:
            ready = rng.randrange(2)
            put(ctx, arbiter.bus.request_ready, ready)
            for user in range(len(USERS)):
                ask(ctx, arbiter, user, left[user] > 0, address=64 * user, beats=1 + left[user] % 3)
            beat = bool(pending) and rng.random() < 0.7
            data = rng.getrandbits(config.bus_bits)
            put(ctx, arbiter.bus.read.valid, beat)
            put(ctx, arbiter.bus.read.data, data)
            last = beat and pending[0][1] == 1
            put(ctx, arbiter.bus.read.last, last)
            answer = writes > 0 and rng.random() < 0.3
            put(ctx, arbiter.bus.written, answer)
            writes -= answer
            if beat:
                user, beats = pending[0]
                sent.append((user, data, int(last)))
                pending[:1] = [] if last else [(user, beats - 1)]
            if get(ctx, arbiter.bus.request_valid) and ready:
                user = get(ctx, arbiter.bus.request_address) // 64
                assert get(ctx, arbiter.bus.request_write) == (USERS[user] == "store")
                if USERS[user] == "store":
                    writes += 1
                else:
                    pending.append((user, get(ctx, arbiter.bus.request_beats)))
            for user in granted(ctx, arbiter):
                left[user] -= 1
            await ctx.tick()
            responses += get(ctx, arbiter.written)
            for user, name in enumerate(READERS):
                port = getattr(arbiter, f"read_{name}")
                if get(ctx, port.valid):
                    seen.append((user, get(ctx, port.data), get(ctx, port.last)))
            idle = (
                0
                if any(left) or pending or writes or beat or answer or get(ctx, arbiter.bus.request_valid)
                else idle + 1
            )

    run_benches(arbiter, bench)
    assert seen == sent  # each one cycle later, which the order of this bench's checks implies
    assert responses == 4
    assert {user for user, _, _ in sent} == {0, 1, 2}


def fault_of(ctx, arbiter: Arbiter) -> tuple[str, str, int, int] | None:
    """(name, unit, command, address)."""
    fault = arbiter.fault
    code, source, command, address = (
        get(ctx, value) for value in (fault.code, fault.source, fault.command, fault.address)
    )
    return (BY_CODE[code].name, SOURCES[source], command, address) if code else None


def set_windows(ctx, arbiter: Arbiter, read: tuple[int, int], write: tuple[int, int]) -> None:
    for way, window in (("read", read), ("write", write)):
        for end, value in zip(("first", "last"), window, strict=True):
            put(ctx, getattr(arbiter.windows, f"{way}_{end}"), value)


@CONFIGS
@pytest.mark.parametrize("user", range(len(USERS)))
def test_windows(config, user: int) -> None:
    """Bursts inside get to the bus `GRANT` cycles later, bursts that are not wholly inside never do."""
    bus = config.bus_bytes
    mine, other = (0x1000, 0x10FF), (0x4000, 0x40FF)
    name, way = USERS[user], "write" if USERS[user] == "store" else "read"
    cases = [
        (0x1000, 1, None), (0x1100 - bus, 1, None), (0x1000, 256 // bus, None), (0x10C0, 64 // bus, None),
        (0x1000 - bus, 1, f"{way}_window"), (0x1100, 1, f"{way}_window"), (0x0FC0, 64 // bus, f"{way}_window"),
        (0x4000, 1, f"{way}_window"), (0xFFFF_FFC0, 64 // bus, f"{way}_window"), (0, 1, f"{way}_window"),
        (0x1001, 1, "burst"), (0x1000 + bus // 2, 1, "burst"), (0x1000, 0, "burst"),
    ]  # fmt: skip
    seen, wanted = [], []

    async def one(ctx, arbiter: Arbiter, address: int, beats: int) -> None:
        read, write = (other, mine) if way == "write" else (mine, other)
        set_windows(ctx, arbiter, read, write)
        put(ctx, arbiter.bus.request_ready, 1)
        ask(ctx, arbiter, user, 1, address=address, beats=beats)
        await offer(ctx, arbiter)
        assert granted(ctx, arbiter) == [user]
        await ctx.tick()
        ask(ctx, arbiter, user, 0)
        for _ in range(GRANT - 1):
            assert not get(ctx, arbiter.bus.request_valid)
            assert not get(ctx, arbiter.quiet)
            await ctx.tick()
        seen.append((get(ctx, arbiter.bus.request_valid), get(ctx, arbiter.quiet), fault_of(ctx, arbiter)))
        refused = fault_of(ctx, arbiter) is not None
        ask(ctx, arbiter, user, 1, address=0x1000)
        await offer(ctx, arbiter)
        assert fault_of(ctx, arbiter) is None
        assert granted(ctx, arbiter) == ([] if refused else [user])  # the refused one was the last

    for address, beats, refused in cases:
        arbiter = Arbiter(config)
        run_benches(arbiter, lambda ctx, a=arbiter, at=address, n=beats: one(ctx, a, at, n))
        wanted.append((0, 1, (refused, name, 0, address)) if refused else (1, 0, None))
    assert seen == wanted


def test_a_window_that_cuts_a_burst_is_noticed_to_the_byte() -> None:
    seen = []

    async def one(ctx, arbiter: Arbiter, window: tuple[int, int]) -> None:
        set_windows(ctx, arbiter, window, (0, 0))
        ask(ctx, arbiter, 1, 1, address=0x1000, beats=4)
        await ctx.tick().repeat(CHOICE + GRANT)
        seen.append(get(ctx, arbiter.bus.request_valid))

    for window in ((0x1000, 0x101F), (0x1001, 0x101F), (0x1000, 0x101E), (0xFFFF_FFFF, 0)):
        arbiter = Arbiter(TINY)
        run_benches(arbiter, lambda ctx, a=arbiter, w=window: one(ctx, a, w))
    assert seen == [1, 0, 0, 0]


def test_halt_and_quiet() -> None:
    """While `halt` is high nothing is granted, but what is on the bus stays there; `quiet` when all is answered."""
    arbiter = Arbiter(TINY)

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        assert get(ctx, arbiter.quiet)
        ask(ctx, arbiter, 1, 1)
        await ctx.tick().repeat(CHOICE + 1)
        put(ctx, arbiter.halt, 1)
        for cycle in range(1, GRANT + 5):
            assert not granted(ctx, arbiter)
            assert get(ctx, arbiter.bus.request_valid) == (cycle >= GRANT)
            assert not get(ctx, arbiter.quiet)
            await ctx.tick()
        put(ctx, arbiter.bus.request_ready, 1)
        await ctx.tick()
        put(ctx, arbiter.bus.read.valid, 1)
        put(ctx, arbiter.bus.read.last, 1)
        await ctx.tick()
        put(ctx, arbiter.bus.read.valid, 0)
        await ctx.tick().repeat(2)
        assert get(ctx, arbiter.quiet)
        assert not get(ctx, arbiter.bus.request_valid)
        assert not granted(ctx, arbiter)
        put(ctx, arbiter.halt, 0)
        assert granted(ctx, arbiter) == [1]

    run_benches(arbiter, bench)


@CONFIGS
@pytest.mark.parametrize("seed", range(4))
def test_errors_are_put_down_to_their_command(config, seed: int) -> None:
    """Random bursts of all users, some the last of their command; one beat or response is an error."""
    rng = random.Random(seed)
    arbiter, bus = Arbiter(config), config.bus_bytes
    commands = [0] * len(USERS)
    reads: list[tuple[int, int, int, int]] = []
    writes: list[tuple[int, int, int, int]] = []
    under_way: list[tuple[int, int, int, int]] = []
    wanted, seen = [], []

    async def bench(ctx) -> None:
        open_windows(ctx, arbiter)
        put(ctx, arbiter.bus.request_ready, 1)
        asked = [(64 * rng.randrange(1 << 20), rng.randrange(1, 4), rng.randrange(2)) for _ in USERS]
        for _ in range(300):
            for user, (address, beats, final) in enumerate(asked):
                ask(ctx, arbiter, user, 1, address=address, beats=beats)
                put(ctx, getattr(arbiter, f"request_{USERS[user]}").final, final)
            old_reads, old_writes = len(reads), len(writes)
            if get(ctx, arbiter.bus.request_valid):
                user, *burst = under_way.pop(0)
                (writes if USERS[user] == "store" else reads).append((user, *burst))
            for user in granted(ctx, arbiter):
                address, beats, final = asked[user]
                under_way.append((user, commands[user], address, beats))
                commands[user] += final
                asked[user] = 64 * rng.randrange(1 << 20), rng.randrange(1, 4), rng.randrange(2)
            # The memory answers what it got in the cycles before.
            error = rng.choice((0, 0, 2, 3))
            put(ctx, arbiter.bus.written, 0)
            put(ctx, arbiter.bus.read.valid, 0)
            expected = None
            if old_writes and rng.random() < 0.5:
                user, command, address, _ = writes.pop(0)
                put(ctx, arbiter.bus.written, 1)
                put(ctx, arbiter.bus.written_response, error)
                if error:
                    expected = f"write_{'slave' if error == 2 else 'decode'}", "store", command, address
            elif old_reads:
                user, command, address, left = reads[0]
                put(ctx, arbiter.bus.read.valid, 1)
                put(ctx, arbiter.bus.read.last, left == 1)
                put(ctx, arbiter.bus.read_response, error)
                if error:
                    expected = f"read_{'slave' if error == 2 else 'decode'}", USERS[user], command, address
                reads[0] = user, command, address + bus, left - 1
                if left == 1:
                    reads.pop(0)
            wanted.append(expected)
            await ctx.tick()
            seen.append(fault_of(ctx, arbiter))

    run_benches(arbiter, bench)
    assert seen == [None, *wanted[:-1]]  # an answer's, a cycle late
    assert len({entry for entry in wanted if entry}) > 20
    assert all(commands)


def test_commands_are_counted_from_the_start() -> None:
    arbiter, seen = Arbiter(TINY), []

    async def bench(ctx) -> None:
        put(ctx, arbiter.bus.request_ready, 1)
        set_windows(ctx, arbiter, (0, 0xFFF), (0, 0))
        for _ in range(2):
            await ctx.tick()
            for address in (0, 0x2000):  # the second one is outside
                ask(ctx, arbiter, 2, 1, address=address)
                put(ctx, arbiter.request_weights.final, 1)
                await ctx.tick().repeat(CHOICE + 1)
                ask(ctx, arbiter, 2, 0)
                await ctx.tick().repeat(GRANT - 1)
            seen.append(fault_of(ctx, arbiter))
            put(ctx, arbiter.start, 1)
            await ctx.tick()
            put(ctx, arbiter.start, 0)

    run_benches(arbiter, bench)
    assert seen == [("read_window", "weights", 1, 0x2000)] * 2
