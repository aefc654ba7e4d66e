"""The cost formulas of both papers, evaluated per layer beside the counts of the layers."""

from fractions import Fraction

from golden.layer import LayerSpec
from golden.mobilenet_v1 import mobilenet_v1
from golden.mobilenet_v2 import mobilenet_v2
from golden.tables.mobile import V1_PAPER, V2_PAPER, conv_mobilenet
from golden.tables.rows import FormulaRow, Row, Table, TextRow

SEPARABLE = "D_K²·M·D_F² + M·N·D_F²"
FULL = "D_K²·M·N·D_F²"
RATIO = "1/N + 1/D_K²"
BOTTLENECK = "h·w·d'·t·(d' + k² + d'')"


def full_cost(kernel: int, channels: int, filters: int, size: int) -> int:
    """Multiply-adds of a full convolution: D_K²·M·N·D_F² (equation 2)."""
    return kernel**2 * channels * filters * size**2


def separable_cost(kernel: int, channels: int, filters: int, size: int) -> int:
    """Multiply-adds of a separable pair: D_K²·M·D_F² + M·N·D_F² (equation 5); D_F is the output's size."""
    return kernel**2 * channels * size**2 + channels * filters * size**2


def ratio(kernel: int, filters: int) -> Fraction:
    """What a separable pair costs of a full convolution: 1/N + 1/D_K²."""
    return Fraction(1, filters) + Fraction(1, kernel**2)


def separable() -> Table:
    """Equations 2 and 5 and the ratio, for each of MobileNetV1's pairs."""
    network = mobilenet_v1()
    full = {layer.name: layer for layer in conv_mobilenet().layers}
    rows: list[Row] = []
    savings = []
    for spec in network.layers:
        pair = network.pair(spec.name) if spec.op == "depthwise" else None
        if pair is None:
            continue
        number = spec.name.rpartition("_")[2]
        depthwise, pointwise = pair
        kernel, channels = depthwise.kernel[0], depthwise.input_shape[2]
        filters, size = pointwise.output_shape[2], pointwise.output_shape[0]
        macs, full_macs = depthwise.macs + pointwise.macs, full[f"conv_{number}"].macs
        rows += [
            _row(f"pair {number}", SEPARABLE, separable_cost(kernel, channels, filters, size), macs),
            _row(f"pair {number}", FULL, full_cost(kernel, channels, filters, size), full_macs),
            _row(f"pair {number}", RATIO, ratio(kernel, filters), Fraction(macs, full_macs)),
        ]
        savings.append(full_macs / macs)
    why = "The smallest, with N = 64 filters, saves a little less than 8 times."
    span = f"between {min(savings):.2f} and {max(savings):.2f} times"
    rows.append(TextRow(model="computation saved", published="between 8 to 9 times", computed=span, why=why))
    return Table(
        key="v1-formulas", title="MobileNetV1, section 3.1: cost of separable and full convolutions",
        source=f"{V1_PAPER}, equations 2 and 5, section 3.1", rows=tuple(rows),
        note="Counted layer by layer in MobileNet and in Conv MobileNet; D_F is the size of the output.",
    )  # fmt: skip


def bottleneck() -> Table:
    """MobileNetV2's cost of a bottleneck, for its blocks of stride 1 that expand."""
    layers = mobilenet_v2().layers
    rows = []
    for expand, depthwise, project in zip(layers, layers[1:], layers[2:], strict=False):
        if expand.name.endswith("expand") and depthwise.stride == (1, 1):
            name = expand.name.removesuffix("_expand")
            macs = expand.macs + depthwise.macs + project.macs
            rows.append(_row(name, BOTTLENECK, bottleneck_cost(expand, depthwise, project), macs))
    return Table(
        key="v2-formula", title="MobileNetV2, section 3.3: cost of a bottleneck", source=f"{V2_PAPER}, section 3.3",
        rows=tuple(rows),
        note="Blocks of stride 1 only: at stride 2 h·w is that of the input for d' and of the output for k² and d''.",
    )  # fmt: skip


def bottleneck_cost(expand: LayerSpec, depthwise: LayerSpec, project: LayerSpec) -> int:
    """h·w·d'·t·(d' + k² + d'') of a block of stride 1."""
    height, width, narrow = expand.input_shape
    t = expand.output_shape[2] // narrow
    return height * width * narrow * t * (narrow + depthwise.kernel[0] ** 2 + project.output_shape[2])


def _row(model: str, formula: str, value: int | Fraction, counted: int | Fraction) -> FormulaRow:
    return FormulaRow(model=model, formula=formula, value=Fraction(value), counted=Fraction(counted))
