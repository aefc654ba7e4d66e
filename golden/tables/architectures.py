"""The architecture tables: MobileNetV1's body (its table 1) and MobileNetV2's bottlenecks (its table 2)."""

from golden.layer import LayerSpec
from golden.mobilenet_v1 import mobilenet_v1
from golden.mobilenet_v2 import mobilenet_v2
from golden.tables.mobile import V1_PAPER, V2_PAPER
from golden.tables.rows import Table, TextRow

BODY = (
    "Conv / s2      3×3×3×32       224×224×3",
    "Conv dw / s1   3×3×32 dw      112×112×32",
    "Conv / s1      1×1×32×64      112×112×32",
    "Conv dw / s2   3×3×64 dw      112×112×64",
    "Conv / s1      1×1×64×128     56×56×64",
    "Conv dw / s1   3×3×128 dw     56×56×128",
    "Conv / s1      1×1×128×128    56×56×128",
    "Conv dw / s2   3×3×128 dw     56×56×128",
    "Conv / s1      1×1×128×256    28×28×128",
    "Conv dw / s1   3×3×256 dw     28×28×256",
    "Conv / s1      1×1×256×256    28×28×256",
    "Conv dw / s2   3×3×256 dw     28×28×256",
    "Conv / s1      1×1×256×512    14×14×256",
    *5 * ("Conv dw / s1   3×3×512 dw     14×14×512", "Conv / s1      1×1×512×512    14×14×512"),
    "Conv dw / s2   3×3×512 dw     14×14×512",
    "Conv / s1      1×1×512×1024   7×7×512",
    "Conv dw / s2   3×3×1024 dw    7×7×1024",
    "Conv / s1      1×1×1024×1024  7×7×1024",
    "Avg Pool / s1  Pool 7×7       7×7×1024",
    "FC / s1        1024×1000      1×1×1024",
    "Softmax / s1   Classifier     1×1×1000",
)
"""Type and stride, filter shape, input size, as published; the five equal pairs written out."""

BOTTLENECKS = (
    "224×224×3    conv2d      t -  c 32    n 1  s 2",
    "112×112×32   bottleneck  t 1  c 16    n 1  s 1",
    "112×112×16   bottleneck  t 6  c 24    n 2  s 2",
    "56×56×24     bottleneck  t 6  c 32    n 3  s 2",
    "28×28×32     bottleneck  t 6  c 64    n 4  s 2",
    "14×14×64     bottleneck  t 6  c 96    n 3  s 1",
    "14×14×96     bottleneck  t 6  c 160   n 3  s 2",
    "7×7×160      bottleneck  t 6  c 320   n 1  s 1",
    "7×7×320      conv2d 1x1  t -  c 1280  n 1  s 1",
    "7×7×1280     avgpool     t -  c -     n 1  s -",
    "1×1×1280     conv2d 1x1  t -  c 1000  n -  s -",
)
"""Input, operator, t, c, n, s, as published, with k = 1000."""


def body() -> Table:
    """MobileNetV1's body architecture."""
    stride = (
        "The table says stride 2, but its next row reads 7×7 as this one does: stride 1 is meant, as in the authors' "
        "code."
    )
    rows = tuple(
        TextRow(
            model=spec.name, published=published, computed=body_line(spec),
            why=stride if published.startswith("Conv dw / s2   3×3×1024") else "",
        )
        for spec, published in zip(mobilenet_v1().layers, BODY, strict=True)
    )  # fmt: skip
    return Table(
        key="v1-body", title="MobileNetV1, table 1: body architecture", source=f"{V1_PAPER}, table 1", rows=rows,
        note="type / stride, filter shape, input size",
    )  # fmt: skip


def body_line(spec: LayerSpec) -> str:
    """A layer as MobileNetV1's table 1 writes it."""
    height, width, channels = spec.input_shape
    filters, taps = spec.output_shape[2], f"{spec.kernel[0]}×{spec.kernel[1]}"
    if spec.name == "conv_preds":
        kind, shape = "FC", f"{channels}×{filters}"
    elif spec.op == "depthwise":
        kind, shape = "Conv dw", f"{taps}×{filters} dw"
    elif spec.op == "mean":
        kind, shape = "Avg Pool", f"Pool {taps}"
    elif spec.op == "softmax":
        kind, shape = "Softmax", "Classifier"
    else:
        kind, shape = "Conv", f"{taps}×{channels}×{filters}"
    return f"{kind} / s{spec.stride[0]}".ljust(15) + shape.ljust(15) + f"{height}×{width}×{channels}"


def bottlenecks() -> Table:
    """MobileNetV2's sequences of bottlenecks, and the number of blocks the text claims."""
    lines = bottleneck_lines(mobilenet_v2().layers)
    rows = [
        TextRow(model=f"row {index}", published=published, computed=computed)
        for index, (published, computed) in enumerate(zip(BOTTLENECKS, lines, strict=True), start=1)
    ]
    blocks = sum(spec.op == "depthwise" for spec in mobilenet_v2().layers)
    why = "Section 4 says 19; the repetitions n of its own table 2 add up to 17."
    rows.append(TextRow(model="blocks", published="19", computed=str(blocks), why=why))
    return Table(
        key="v2-bottlenecks", title="MobileNetV2, table 2: bottlenecks", source=f"{V2_PAPER}, table 2 and section 4",
        rows=tuple(rows), note="input, operator, expansion t, channels c, repetitions n, stride s of the first",
    )  # fmt: skip


def bottleneck_lines(layers: tuple[LayerSpec, ...]) -> list[str]:
    """Layers as MobileNetV2's table 2 writes them: blocks of one expansion and width in one line."""
    lines, groups = [], []
    for index, spec in enumerate(layers):
        if spec.op == "depthwise":
            expand = layers[index - 1] if layers[index - 1].name.endswith("expand") else spec
            t, c = expand.output_shape[2] // expand.input_shape[2], layers[index + 1].output_shape[2]
            if groups and groups[-1][1:3] == [t, c]:
                groups[-1][3] += 1
            else:
                groups.append([expand.input_shape, t, c, 1, spec.stride[0]])
    first, last, pool, classifier = layers[0], *(spec for spec in layers if spec.name in ("Conv_1", *_HEAD))
    lines.append(_line(first.input_shape, "conv2d", "-", first.output_shape[2], 1, first.stride[0]))
    lines += [_line(shape, "bottleneck", *rest) for shape, *rest in groups]
    lines.append(_line(last.input_shape, "conv2d 1x1", "-", last.output_shape[2], 1, last.stride[0]))
    lines.append(_line(pool.input_shape, "avgpool", "-", "-", 1, "-"))
    lines.append(_line(classifier.input_shape, "conv2d 1x1", "-", classifier.output_shape[2], "-", "-"))
    return lines


_HEAD = ("global_average_pooling2d", "predictions")


def _line(shape: tuple[int, int, int], operator: str, *numbers: int | str) -> str:
    t, c, n, s = numbers
    return f"{'×'.join(map(str, shape)):13}{operator:12}t {t}  c {c!s:6}n {n}  s {s}"
