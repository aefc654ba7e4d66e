"""Random cascades, schedules and memory timings."""

from fractions import Fraction

from hypothesis import strategies as st

from golden.add import AddLayer
from golden.layer import LayerSpec, Padding, QuantisedLayer, window_output
from golden.network import INPUT
from golden.synthetic import synthesise
from hw.compiler.layers import ResidualAdd
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming
from sim.work import Computing


@st.composite
def cascades(draw: st.DrawFn) -> list[Computing]:
    """One to three layers the engine runs in one cascade, of any small shape, kernel, stride and padding."""
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 14)), draw(st.integers(1, 60)))
    zero_point = draw(st.integers(-128, 127))
    layers: list[Computing] = []
    for index, op in enumerate(draw(st.sampled_from(
            ("d", "p", "dp", "dpdp", "pdpdp", "pd", "pdp", "dpd", "pp", "dd", "c", "v", "x", "f", "cd", "cdp", "cp",
             "xp", "m", "dm", "pm")))):
        if op == "d":
            spec = draw(_depthwise(f"dw_{index}", shape))
        elif op == "c":
            shape = (*shape[:2], min(shape[2], 20))
            spec = draw(_convolution(f"conv_{index}", shape))
        elif op == "v":
            shape = (*shape[:2], min(shape[2], 20))
            spec = draw(_padded(f"conv_{index}", shape))
        elif op == "x":
            shape = (*shape[:2], min(shape[2], 40))
            spec = draw(_odd_depthwise(f"dw_{index}", shape))
        elif op == "f":
            shape = (min(shape[0], 4), min(shape[1], 4), min(shape[2], 20))
            spec = LayerSpec(name=f"fc_{index}", op="fully_connected", input_shape=shape,
                             output_shape=(1, 1, draw(st.integers(1, 40))))
        elif op == "m":
            spec = LayerSpec(name=f"mean_{index}", op="mean", input_shape=shape, output_shape=(1, 1, shape[2]),
                             kernel=shape[:2])
        else:
            spec = _pointwise(f"pw_{index}", shape, draw(st.integers(1, 50)))
        layers.append(synthesise(spec, draw(st.integers(0, 9)), zero_point))
        shape, zero_point = spec.output_shape, layers[-1].output_zero_point
    return layers


@st.composite
def residual_networks(draw: st.DrawFn) -> list[list[Computing]]:
    """One or two cascades with adds of the network's input, or of the sum so far; all layers keep its shape."""
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 12)), draw(st.integers(1, 50)))
    zero_point = first = draw(st.integers(-128, 127))
    added, result = INPUT, [[]]
    for index, op in enumerate(draw(st.sampled_from(
            ("pr", "dpr", "pdpr", "pdpr", "r", "dr", "p|pr", "p|pdpr", "d|r", "prpr", "pdprpdpr", "pdpr|pdpr")))):
        name, seed = f"{op}_{index}", draw(st.integers(0, 9))
        if op == "|":
            result.append([])
            continue
        if op == "r":
            spec = LayerSpec(name=name, op="add", input_shape=shape, output_shape=shape)
            operand = draw(st.sampled_from((0, 1)))
            layer = synthesise(spec, seed, *((first, zero_point) if operand == 0 else (zero_point, first)))
            assert isinstance(layer, AddLayer)
            result[-1].append(ResidualAdd(layer=layer, residual=added, operand=operand))
            added, first = name, layer.output_zero_point
            zero_point = first
            continue
        if op == "d":
            spec = LayerSpec(name=name, op="depthwise", input_shape=shape, output_shape=shape, kernel=(3, 3),
                             padding=Padding(top=1, bottom=1, left=1, right=1))
        else:
            spec = _pointwise(name, shape, shape[2])
        layer = synthesise(spec, seed, zero_point)
        assert isinstance(layer, QuantisedLayer)
        result[-1].append(layer)
        zero_point = layer.output_zero_point
    return result


@st.composite
def _convolution(draw: st.DrawFn, name: str, shape: tuple[int, int, int]) -> LayerSpec:
    """Any kernel up to 5 × 5 with the padding that keeps height and width ÷ stride, divided as it comes."""
    kernel = draw(st.sampled_from(((1, 1), (3, 3), (2, 3), (5, 5), (1, 4))))
    stride = draw(st.sampled_from((1, 2)))
    sides = []
    for size, taps in zip(shape, kernel, strict=False):
        total = max((-(-size // stride) - 1) * stride + taps - size, 0)
        before = draw(st.integers(0, total))
        sides.append((before, total - before))
    padding = Padding(top=sides[0][0], bottom=sides[0][1], left=sides[1][0], right=sides[1][1])
    height, width = window_output(shape, kernel, (stride, stride), padding)
    return LayerSpec(name=name, op="conv", input_shape=shape, output_shape=(height, width, draw(st.integers(1, 40))),
                     kernel=kernel, stride=(stride, stride), padding=padding)


@st.composite
def _padded(draw: st.DrawFn, name: str, shape: tuple[int, int, int]) -> LayerSpec:
    """Any kernel and any padding, on each side by itself: more or fewer columns than the input has."""
    kernel = draw(st.sampled_from(((1, 1), (3, 3), (2, 3), (5, 2), (1, 4), shape[:2])))
    stride = draw(st.sampled_from((1, 2)))
    sides = st.integers(0, 4)
    top, left = draw(sides), draw(sides)
    bottom, right = (max(draw(sides), taps - size - before)
                     for size, taps, before in zip(shape, kernel, (top, left), strict=False))
    padding = Padding(top=top, bottom=bottom, left=left, right=right)
    height, width = window_output(shape, kernel, (stride, stride), padding)
    return LayerSpec(name=name, op="conv", input_shape=shape, output_shape=(height, width, draw(st.integers(1, 20))),
                     kernel=kernel, stride=(stride, stride), padding=padding)


@st.composite
def _odd_depthwise(draw: st.DrawFn, name: str, shape: tuple[int, int, int]) -> LayerSpec:
    """Depthwise layers that the depthwise unit does not run."""
    kernel, multiplier = draw(st.sampled_from((((3, 3), 2), ((5, 5), 1), ((2, 3), 1), ((1, 4), 3))))
    stride = draw(st.sampled_from((1, 2)))
    padding = Padding.same(shape[:2], kernel, (stride, stride))
    height, width = window_output(shape, kernel, (stride, stride), padding)
    return LayerSpec(name=name, op="depthwise", input_shape=shape, output_shape=(height, width, shape[2] * multiplier),
                     kernel=kernel, stride=(stride, stride), padding=padding, depth_multiplier=multiplier)


@st.composite
def _depthwise(draw: st.DrawFn, name: str, shape: tuple[int, int, int]) -> LayerSpec:
    sides = st.integers(0, 2)
    padding = Padding(top=draw(sides), bottom=draw(sides), left=draw(sides), right=draw(sides))
    missing = [max(0, 3 - shape[0] - padding.top - padding.bottom), max(0, 3 - shape[1] - padding.left - padding.right)]
    padding = Padding(top=padding.top, bottom=padding.bottom + missing[0], left=padding.left,
                      right=padding.right + missing[1])
    stride = draw(st.sampled_from((1, 2)))
    height, width = window_output(shape, (3, 3), (stride, stride), padding)
    return LayerSpec(name=name, op="depthwise", input_shape=shape, output_shape=(height, width, shape[2]),
                     kernel=(3, 3), stride=(stride, stride), padding=padding)


def _pointwise(name: str, shape: tuple[int, int, int], channels: int) -> LayerSpec:
    return LayerSpec(name=name, op="pointwise", input_shape=shape, output_shape=(*shape[:2], channels))


@st.composite
def timings(draw: st.DrawFn, config: EngineConfig) -> MemoryTiming:
    """Any memory the bus of `config` can have."""
    period = draw(st.one_of(st.just(0), st.integers(2, 200)))
    rate = Fraction(draw(st.integers(1, 12 * config.bus_bytes)), 12)
    return MemoryTiming(
        read_latency=draw(st.integers(1, 120)), write_latency=draw(st.integers(1, 90)),
        bytes_per_cycle=draw(st.sampled_from((None, rate))), max_outstanding=draw(st.integers(1, 20)),
        burst_bytes=draw(st.sampled_from((32, 64, 128, 256))), pause_period=period,
        pause_length=draw(st.integers(0, max(0, period - 1))), pause_phase=draw(st.integers(0, max(0, period - 1))))
