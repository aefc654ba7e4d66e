"""Random cascades, schedules and memory timings."""

from fractions import Fraction

from hypothesis import strategies as st

from golden.layer import LayerSpec, Padding, QuantisedLayer, window_output
from golden.synthetic import synthesise_layer
from hw.config import EngineConfig
from hw.memory_timing import MemoryTiming


@st.composite
def cascades(draw: st.DrawFn) -> list[QuantisedLayer]:
    """One to three layers, depthwise and pointwise in any order, of any small shape, stride and padding."""
    shape = (draw(st.integers(1, 12)), draw(st.integers(1, 14)), draw(st.integers(1, 60)))
    zero_point = draw(st.integers(-128, 127))
    layers: list[QuantisedLayer] = []
    for index, op in enumerate(draw(st.sampled_from(
            ("d", "p", "dp", "dp", "pd", "pdp", "dpd", "pp", "dd")))):
        spec = draw(_depthwise(f"dw_{index}", shape)) if op == "d" else _pointwise(
            f"pw_{index}", shape, draw(st.integers(1, 50)))
        layers.append(synthesise_layer(spec, draw(st.integers(0, 9)), input_zero_point=zero_point))
        shape, zero_point = spec.output_shape, layers[-1].output_zero_point
    return layers


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
