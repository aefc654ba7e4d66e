"""MobileNetV1's own tables (Howard et al. 2017): resources by layer type, multipliers, full convolutions."""

from fractions import Fraction

from golden.tables.builder import Builder
from golden.tables.conventions import BODY_MACS, MACS, WEIGHTS
from golden.tables.counted import CountedNetwork
from golden.tables.mobile import V1_PAPER, conv_mobilenet, shallow_mobilenet, v1
from golden.tables.rows import NumberRow, Table, counted_row

CUT = "Cut off rather than rounded; TF-Slim's table of the same models has the rounded number."


def layer_types() -> Table:
    """Table 2: share of each type of layer."""
    network = v1()
    kinds = (
        ("Conv 1×1", "94.86", "74.59", lambda layer: layer.op == "pointwise" and layer.name != "conv_preds"),
        ("Conv DW 3×3", "3.06", "1.06", lambda layer: layer.op == "depthwise"),
        ("Conv 3×3", "1.19", "0.02", lambda layer: layer.op == "conv"),
        ("Fully Connected", "0.18", "24.33", lambda layer: layer.name == "conv_preds"),
    )
    typo = "The four published shares add up to 99.29 %; 1.91 in the place of 1.19 makes 100.01 %: digits swapped."
    rows = []
    for model, macs, parameters, chosen in kinds:
        layers = [layer for layer in network.layers if chosen(layer)]
        swapped = macs == "1.19"
        rows += [
            _share(model, macs, sum(layer.macs for layer in layers), network.macs, MACS.name, typo if swapped else ""),
            _share(model, parameters, sum(layer.weights for layer in layers), network.weights, WEIGHTS.name, ""),
        ]
    return Table(
        key="v1-layer-types", title="MobileNetV1, table 2: resources per layer type", source=f"{V1_PAPER}, table 2",
        rows=tuple(rows),
    )  # fmt: skip


def _share(model: str, published: str, part: int, whole: int, convention: str, why: str) -> NumberRow:
    return NumberRow(
        model=model, quantity="share", published=published, computed=Fraction(100 * part, whole), unit="%",
        convention=convention, why=why, within=61 if why else 0,
    )  # fmt: skip


def one_layer() -> Table:
    """Table 3: one internal layer, D_K = 3, M = N = 512, D_F = 14, modified step by step."""
    steps = (
        ("Convolution", 512, 14, False, "462", "2.36"),
        ("Depthwise Separable Conv", 512, 14, True, "52.3", "0.27"),
        ("α = 0.75", 384, 14, True, "29.6", "0.15"),
        ("ρ = 0.714", 384, 10, True, "15.1", "0.15"),
    )
    rows = []
    for model, channels, size, separable, macs, parameters in steps:
        network = _internal(model, channels, size, separable)
        rows += [
            counted_row(network, "mult-adds", macs, MACS),
            counted_row(network, "parameters", parameters, WEIGHTS),
        ]
    return Table(
        key="v1-one-layer", title="MobileNetV1, table 3: one layer, modified step by step",
        source=f"{V1_PAPER}, table 3", rows=tuple(rows),
    )  # fmt: skip


def _internal(title: str, channels: int, size: int, separable: bool) -> CountedNetwork:
    builder = Builder(batch_norm=True)
    shape = (size, size, channels)
    if separable:
        shape = builder.depthwise("depthwise", shape)
    builder.conv("conv", shape, channels, 1 if separable else 3)
    return builder.network(name="internal", title=title, source=V1_PAPER)


def full_convolutions() -> Table:
    """Table 4: depthwise separable against full convolutions."""
    conv = conv_mobilenet()
    why = "4866.3 without the classifier's 1.0, 4867.3 with it; the 569 of the next row is with it."
    rows = (
        counted_row(conv, "mult-adds", "4866", BODY_MACS, why=why),
        counted_row(conv, "parameters", "29.3", WEIGHTS),
        *_pair(v1(), "569", "4.2", model="MobileNet"),
    )
    quoted = (("Conv MobileNet", "71.7 %"), ("MobileNet", "70.6 %"))
    return Table(
        key="v1-full-convolutions", title="MobileNetV1, table 4: separable against full convolutions",
        source=f"{V1_PAPER}, table 4", rows=rows, quoted=quoted,
    )  # fmt: skip


def narrow_or_shallow() -> Table:
    """Table 5: thinner against shallower."""
    rows = (*_pair(v1(0.75), "325", "2.6", model="0.75 MobileNet"), *_pair(shallow_mobilenet(), "307", "2.9"))
    quoted = (("0.75 MobileNet", "68.4 %"), ("Shallow MobileNet", "65.3 %"))
    return Table(
        key="v1-narrow-or-shallow", title="MobileNetV1, table 5: narrow against shallow",
        source=f"{V1_PAPER}, table 5", rows=rows, quoted=quoted,
    )  # fmt: skip


def width() -> Table:
    """Table 6: the width multiplier."""
    models = (
        (1.0, "569", "4.2", "70.6 %"),
        (0.75, "325", "2.6", "68.4 %"),
        (0.5, "149", "1.3", "63.7 %"),
        (0.25, "41", "0.5", "50.6 %"),
    )
    rows = tuple(row for alpha, macs, size, _ in models for row in _pair(v1(alpha), macs, size))
    quoted = tuple((f"{alpha} MobileNet-224", accuracy) for alpha, _, _, accuracy in models)
    return Table(
        key="v1-width", title="MobileNetV1, table 6: width multiplier", source=f"{V1_PAPER}, table 6", rows=rows,
        quoted=quoted,
    )  # fmt: skip


def resolution() -> Table:
    """Table 7: the resolution multiplier."""
    models = ((224, "569", "70.6 %"), (192, "418", "69.1 %"), (160, "290", "67.2 %"), (128, "186", "64.4 %"))
    rows = []
    for size, macs, _ in models:
        rows += _pair(v1(1.0, size), macs, "4.2", why=CUT if size == 160 else "")
    quoted = tuple((f"1.0 MobileNet-{size}", accuracy) for size, _, accuracy in models)
    return Table(
        key="v1-resolution", title="MobileNetV1, table 7: resolution", source=f"{V1_PAPER}, table 7", rows=tuple(rows),
        quoted=quoted,
    )  # fmt: skip


def _pair(
    network: CountedNetwork, macs: str, parameters: str, *, model: str = "", why: str = "", within: float = 0.0
) -> tuple[NumberRow, NumberRow]:
    return (
        counted_row(network, "mult-adds", macs, MACS, model=model, why=why, within=within),
        counted_row(network, "parameters", parameters, WEIGHTS, model=model),
    )

