"""A `BurstMemory` beside one unit or the arbiter in an Amaranth simulation."""

from amaranth.hdl import Value

from tests.support.burst_memory import BurstMemory, EngineInputs, EngineOutputs
from tests.support.pysim import Bench, get, put


def serve_requests(
    request, beats, memory: BurstMemory, *, cycles: int, granted: list[tuple[int, int]] | None = None
) -> Bench:
    """Grants the bursts of a unit's `request` (a `RequestPort`) and sends read data into `beats` (`ReadBeats`)."""

    async def bench(ctx) -> None:
        for cycle in range(cycles):
            wanted = (
                (0, get(ctx, request.address), get(ctx, request.beats)) if get(ctx, request.valid) else None
            )
            inputs = memory.cycle(cycle, EngineOutputs(request=wanted, write_beat=None))
            put(ctx, request.grant, inputs.request_ready and wanted is not None)
            if wanted is not None and inputs.request_ready and granted is not None:
                granted.append(wanted[1:])
            _send(ctx, beats, inputs)
            await ctx.tick()

    return bench


def serve_store(store, memory: BurstMemory, *, cycles: int, granted: list[tuple[int, int]]) -> Bench:
    """The memory of a store unit: request, write beats, responses."""

    async def bench(ctx) -> None:
        for cycle in range(cycles):
            request = store.request
            wanted = (
                (1, get(ctx, request.address), get(ctx, request.beats)) if get(ctx, request.valid) else None
            )

            def beat() -> tuple[int, int, int]:
                return get(ctx, store.beats.data), get(ctx, store.beats.strobe), get(ctx, store.beats.last)

            inputs = memory.cycle(
                cycle, EngineOutputs(request=wanted, write_beat=beat if get(ctx, store.beats.valid) else None)
            )
            put(ctx, request.grant, inputs.request_ready and wanted is not None)
            if wanted is not None and inputs.request_ready:
                granted.append(wanted[1:])
            put(ctx, store.beats.ready, inputs.write_ready)
            put(ctx, store.written, inputs.written)
            await ctx.tick()

    return bench


def _send(ctx, beats, inputs: EngineInputs) -> None:
    data, last = inputs.read or ((1 << len(Value.cast(beats.data))) - 1, False)
    put(ctx, beats.valid, inputs.read is not None)
    put(ctx, beats.data, data)
    put(ctx, beats.last, last)
