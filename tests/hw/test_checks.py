"""The checks of this folder are themselves checked: broken components must be rejected, sound ones pass elsewhere."""

import numpy as np
import pytest

from hw.gateware import depthwise, pointwise, pointwise_drain, pointwise_passes
from hw.gateware.depthwise import Depthwise
from hw.gateware.pointwise import Pointwise
from hw.gateware.queue import Queue
from hw.memory_timing import MemoryTiming
from tests.hw import test_requantise
from tests.support.burst_memory import BurstMemory, EngineOutputs, ProtocolError
from tests.support.cases import CASES, Case
from tests.support.cases import add as add_spec
from tests.support.cases import depthwise as depthwise_spec
from tests.support.cases import pointwise as pointwise_spec
from tests.support.compare import Mismatch, assert_tensor_equal
from tests.support.configs import OCTO, RAGGED, TINY
from tests.support.mutation import mutated
from tests.support.pysim import Hang, checked, delay_of, put, run_benches
from tests.support.unit import run_unit

REQUANTISE = {
    "half up": ("~single & (shift < 0) & negative", "Const(0, 1)", "ties"),
    "half down": (" >> right)", " - 1 >> right)", "ties"),
    "no nudge": ("~(single & (shift < 0)), ", "Const(0, 1), ", "realistic"),
    "truncated": ("halves[1:].as_signed() + halves[0]", "halves[1:].as_signed()", "realistic"),
    "wrapped": ("upper.all() | ~upper.any()", "Const(1)", "extremes"),
    "no clamp": ("narrow > limits[1], last.maximum", "0, last.maximum", "realistic"),
    "one mode": ('delayed(m, self.numerics.single, MULTIPLIED, "single")', "Const(0, 1)", "realistic"),
    "a half left out": ("products[0][1] + products[1][0]", "products[0][1]", "realistic"),
}


@pytest.mark.parametrize("fault", REQUANTISE)
def test_broken_requantiser(fault: str) -> None:
    old, new, kind = REQUANTISE[fault]
    broken = mutated("hw.gateware.requantise", old, new)["Requantise"](test_requantise.LANES)
    with pytest.raises(AssertionError, match="expected items are not among those seen"):
        test_requantise.run(broken, kind, 0)


WINDOWS = {
    "padding is zero": ("padding = Cat(arrived.zero_point).replicate(config.pe_rows)", "padding = 0"),
    "padding on the wrong side": ("x.eq(-fields.pad_left), right", "x.eq(0), right"),
    "image without a right edge": (" & (lane < right)", ""),
    "image without a lower edge": (" & (turn.row < below)", ""),
    "window turned": ("self.window[row * KERNEL + column]", "self.window[column * KERNEL + row]"),
}
BOTH_SIDES = Case(specs=(depthwise_spec("dw", (4, 5, 8), 1, activation="none"),), stripe_rows=4, input_zero_point=-7)


@pytest.mark.parametrize("fault", WINDOWS)
def test_broken_windows(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = mutated("hw.gateware.depthwise_windows", *WINDOWS[fault])
    monkeypatch.setattr(depthwise, "DepthwiseWindows", broken["DepthwiseWindows"])
    with pytest.raises(Mismatch, match="dw: row "):
        run_unit(Depthwise(TINY), BOTH_SIDES, TINY)


TOTALS = {
    "kept at the next group's place": ("keep.addr.eq(late.group)", "keep.addr.eq(step.group)", TINY),
    "kept of all but the last": ("keep.en.eq(late.valid)", "keep.en.eq(late.valid & step.valid)", TINY),
    "kept of no window, too": ("with m.If(step.valid):\n                m.d.sync += kept.eq(added)",
                               "with m.If(1):\n                m.d.sync += kept.eq(added)", OCTO),
}


@pytest.mark.parametrize("fault", TOTALS)
def test_broken_sums_over_windows(fault: str) -> None:
    old, new, config = TOTALS[fault]
    broken = mutated("hw.gateware.depthwise", old, new)["Depthwise"]
    with pytest.raises(Mismatch, match="pool: row 0, column 0, "):
        run_unit(broken(config), CASES["pool_mean"], config)


POINTWISE = {
    "rows of a tile reversed": (
        "PointwiseWeights",
        "config.tile_words - row // lines",
        "1 + row // lines",
    ),
    "columns of a tile reversed": (
        "PointwiseWeights",
        "kept.word_select(line * config.pe_cols + column, 8)",
        "kept.word_select(line * config.pe_cols + config.pe_cols - 1 - column, 8)",
    ),
    "one bank of weights": (
        "PointwiseWeights",
        "room.eq(0), bank.eq(~bank)",
        "room.eq(0)",
    ),
    "accumulators start anew": ("Accumulators", "& ~control.first", "& 0"),
    "drained too early": ("PointwiseDrain", 'drain_delay(config), "block_end"', '1, "block_end"'),
}
MODULES = {
    "PointwiseWeights": "pointwise_weights",
    "Accumulators": "accumulators",
    "PointwiseDrain": "pointwise_drain",
    "PointwisePasses": "pointwise_passes",
    "PointwiseAddresses": "pointwise_addresses",
    "PointwiseResidual": "pointwise_residual",
}
TWO_BLOCKS = Case(specs=(pointwise_spec("pw", (2, 4, 16), 8, "none"),), stripe_rows=2, input_zero_point=9)


@pytest.mark.parametrize("fault", POINTWISE)
def test_broken_pointwise(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, old, new = POINTWISE[fault]
    monkeypatch.setattr(pointwise, name, mutated(f"hw.gateware.{MODULES[name]}", old, new)[name])
    with pytest.raises(Mismatch, match="pw: row "):
        run_unit(Pointwise(TINY), TWO_BLOCKS, TINY)


RESIDUAL = {
    "each block the first one's": (
        "PointwiseResidual",
        "next_first.eq(first + stride * whole + Mux(passed, stride, 0))",
        "next_first.eq(first)",
    ),
    "operands changed over": (
        "PointwiseDrain",
        "Mux(turn[2], output, residuals[-1])",
        "Mux(turn[3], output, residuals[-1])",
    ),
    "residual of the step before": (
        "PointwiseDrain",
        "for stage in range(RESIDUAL_OPERANDS + 1)]",
        "for stage in range(RESIDUAL_OPERANDS + 2)]",
    ),
    "sum of one operand": ("PointwiseDrain", "total.eq(rescaled + requantise.rescaled[lane])", "total.eq(rescaled)"),
    "zero point of the layer": (
        "PointwiseDrain",
        "numerics.zero_point.eq(command.sum_zero_point)",
        "numerics.zero_point.eq(command.output_zero_point)",
    ),
    "result of the step behind": (
        "PointwiseDrain",
        "for stage in range(RESIDUAL_SUM):",
        "for stage in range(RESIDUAL_SUM - 1):",
    ),
    "residual over the sums": (
        "PointwisePasses",
        "Mux(current.residual, vector | config.half_vectors // 2, vector))",
        "vector)",
    ),
    "taps go on in the residual": (
        "PointwiseAddresses",
        "with m.If(~upcoming.residual):",
        "with m.If(self.step):",
    ),
}
SUM = Case(
    specs=(pointwise_spec("pw", (3, 4, 24), 24, "none"), add_spec("sum", (3, 4, 24))), stripe_rows=3, input_zero_point=9
)


@pytest.mark.parametrize("fault", RESIDUAL)
def test_broken_residual(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, old, new = RESIDUAL[fault]
    broken = mutated(f"hw.gateware.{MODULES[name]}", old, new)[name]
    monkeypatch.setattr(pointwise if hasattr(pointwise, name) else pointwise_passes, name, broken)
    with pytest.raises(Mismatch, match="pw: row "):
        run_unit(Pointwise(TINY), SUM, TINY)


def test_an_end_without_channels_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of a command may have no channels to write: it must end the command all the same."""
    broken = mutated(
        "hw.gateware.pointwise_drain",
        "written.last.eq(earlier.last &",
        "written.last.eq(earlier.last & earlier.valid &",
    )
    monkeypatch.setattr(pointwise, "PointwiseDrain", broken["PointwiseDrain"])
    case = Case(specs=(pointwise_spec("pw", (2, 2, 8), 8, "none"), add_spec("sum", (2, 2, 8))), stripe_rows=2)
    with pytest.raises(Mismatch, match="0 of 1 started commands ended"):
        run_unit(Pointwise(RAGGED), case, RAGGED, limit=2000)


def test_write_outside_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes beyond the last pixel are written: nothing of the output differs."""
    broken = mutated("hw.gateware.pointwise_drain", "(~(block.last & vector_last) | (lane < command.last_lanes))", "1")
    monkeypatch.setattr(pointwise, "PointwiseDrain", broken["PointwiseDrain"])
    case = Case(specs=(pointwise_spec("pw", (1, 3, 8), 8, "none"),), stripe_rows=1)
    with pytest.raises(Mismatch, match=r"pointwise wrote row .* outside of its output"):
        run_unit(Pointwise(TINY), case, TINY)
    assert pointwise_drain.PointwiseDrain is not broken["PointwiseDrain"]


def test_mismatch_names_layer_row_column_channel() -> None:
    expected = np.zeros((4, 5, 6), np.int8)
    actual = expected.copy()
    actual[2, 3, 4] = actual[3, 0, 0] = -7
    with pytest.raises(
        Mismatch, match=r"^conv_pw_5: row 2, column 3, channel 4: -7, expected 0; 2 of 120 elements differ$"
    ):
        assert_tensor_equal("conv_pw_5", actual, expected)
    for wrong in (expected.astype(np.int16), expected[:3]):
        with pytest.raises(Mismatch, match="conv_pw_5: "):
            assert_tensor_equal("conv_pw_5", wrong, expected)
    assert_tensor_equal("conv_pw_5", expected.copy(), expected)


def test_hung_bench_is_noticed() -> None:
    async def waits_for_ever(ctx) -> None:
        while not ctx.get(queue.valid):
            await ctx.tick()

    async def ends(ctx) -> None:
        await ctx.tick()

    queue = Queue(4, 2)
    with pytest.raises(Hang, match="1 of 2 benches finished within 50 cycles"):
        run_benches(queue, waits_for_ever, ends, limit=50)


def test_values_are_range_checked() -> None:
    queue = Queue(4, 2)

    async def bench(ctx) -> None:
        put(ctx, queue.item, np.int64(15))
        with pytest.raises(OverflowError, match="16: must be 0 to 15"):
            put(ctx, queue.item, np.int64(16))

    run_benches(queue, bench)
    with pytest.raises(OverflowError, match="128: must be -128 to 127"):
        checked(128, depthwise.BODY_LAYOUT["depthwise"]["minimum"].shape)
    with pytest.raises(AssertionError, match="are not among those seen"):
        delay_of([1, 2, 4], [2, 3])


def memory(**timing: int) -> BurstMemory:
    return BurstMemory(config=TINY, timing=MemoryTiming(**timing), data=np.zeros(8192, np.uint8), allowed=(1024, 2048))


def offer(memory: BurstMemory, *requests: tuple[int, int, int] | None, beat=None) -> None:
    for cycle, request in enumerate(requests):
        memory.cycle(cycle, EngineOutputs(request=request, write_beat=beat))


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([(0, 4096 - 16, 4)], r"burst of 32 bytes at 0xff0 with burst_bytes=256"),
        ([(0, 0, 33)], r"burst of 264 bytes"),
        ([(0, 4, 1)], r"burst of 1 beats at 0x4"),
        ([(0, 0, 0)], r"burst of 0 beats"),
        ([(0, 8192 - 8, 2)], r"the memory ends at 0x2000|with burst_bytes"),
        ([(0, 0, 1)] * 5, r"5 bursts open, max_outstanding=4"),
    ],
)
def test_broken_requests_are_noticed(requests: list[tuple[int, int, int]], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        offer(memory(), *requests)


@pytest.mark.parametrize("second", [None, (0, 8, 1)])
def test_request_that_does_not_hold_is_noticed(second: tuple[int, int, int] | None) -> None:
    with pytest.raises(ProtocolError, match=r"request \(0, 0, 1\) became .* before it was taken"):
        offer(memory(max_outstanding=1), (0, 512, 8), (0, 0, 1), second)


@pytest.mark.parametrize(
    ("address", "beat", "message"),
    [
        (1016, (0, 0xFF, 1), "write to byte 0x3f8, outside of the output tensor 0x400 to 0x800"),
        (2048, (0, 0x01, 1), "write to byte 0x800, outside"),
        (1024, (0, 0xFF, 0), "write beat at 0x400: last is 0, 0 beats left"),
    ],
)
def test_broken_writes_are_noticed(address: int, beat: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        offer(memory(), (1, address, 1), None, None, beat=lambda: beat)
