"""What the other networks' own papers say of themselves: ShuffleNet's tables 1, 5 and 6, GoogLeNet's table 1."""

from fractions import Fraction

from golden.tables.alexnet import alexnet
from golden.tables.conventions import BODY_MACS, CONVOLUTIONS, INSIDE, MACS, WEIGHTS
from golden.tables.googlenet import PAPER as GOOGLENET_PAPER
from golden.tables.googlenet import googlenet
from golden.tables.rows import KIBI, UNITS, NumberRow, Table, counted_row
from golden.tables.shufflenet import PAPER as SHUFFLENET_PAPER
from golden.tables.shufflenet import shufflenet
from golden.tables.squeezenet import squeezenet
from golden.tables.v2_tables import SHUFFLE_MACS
from golden.tables.vgg import vgg16

GROUPS = ((1, "143"), (2, "140"), (3, "137"), (4, "133"), (8, "137"))
"""Groups and mult-adds in millions, ShuffleNet's table 1."""

SECTIONS = (
    ("conv1", "conv1", "2.7", "34"),
    ("conv2", "conv2", "112", "360"),
    ("inception (3a)", "inception_3a", "159", "128"),
    ("inception (3b)", "inception_3b", "380", "304"),
    ("inception (4a)", "inception_4a", "364", "73"),
    ("inception (4b)", "inception_4b", "437", "88"),
    ("inception (4c)", "inception_4c", "463", "100"),
    ("inception (4d)", "inception_4d", "580", "119"),
    ("inception (4e)", "inception_4e", "840", "170"),
    ("inception (5a)", "inception_5a", "1072", "54"),
    ("inception (5b)", "inception_5b", "1388", "71"),
    ("linear", "loss3_classifier", "1000", "1"),
)
"""Row, prefix of its layers' names, parameters in K = 1024, operations in millions, GoogLeNet's table 1."""

CONV1 = (
    "2.7K are 7×1×3×64 + 1×7×3×64 weights, a pair of one-dimensional filters, and 34 M what those cost; the 7×7 "
    "filter of the same row has 9,408 weights and 118 M."
)
COLUMN = "Not what the filters beside it hold: most of the column is off by up to 7.5 %, in both directions."
FIVE_A = "The filters beside it give 51 M; 54 M and the 1072K beside it are both about 5 % more than they need."


def shufflenet_groups() -> Table:
    """ShuffleNet's table 1: complexity for each number of groups."""
    rows = tuple(counted_row(shufflenet(1, groups), "mult-adds", macs, BODY_MACS) for groups, macs in GROUPS)
    return Table(
        key="shufflenet-groups", title="ShuffleNet, table 1: complexity", source=f"{SHUFFLENET_PAPER}, table 1",
        rows=rows, note="Without the classifier; tables 5 and 6 of the same paper count it.",
    )  # fmt: skip


def shufflenet_compared() -> Table:
    """ShuffleNet's tables 5 and 6: other scales and other networks."""
    rows = (
        counted_row(shufflenet(2), "mult-adds", "524", MACS),
        counted_row(shufflenet(1.5, first=24), "mult-adds", "292", MACS, why=SHUFFLE_MACS),
        counted_row(shufflenet(1, 8), "mult-adds", "140", MACS, step="10", why="Table 1 says 137 for it."),
        counted_row(shufflenet(0.5, 3), "mult-adds", "38", MACS),
        counted_row(vgg16(), "mult-adds", "15300", CONVOLUTIONS, step="100"),
        counted_row(googlenet(), "mult-adds", "1500", INSIDE, step="100", why="1582.7 with taps on padding."),
        counted_row(alexnet(), "mult-adds", "720", MACS, step="10"),
        counted_row(squeezenet(), "mult-adds", "833", MACS),
    )
    return Table(
        key="shufflenet-compared", title="ShuffleNet, tables 5, 6 and 8: complexity of networks",
        source=f"{SHUFFLENET_PAPER}, tables 5, 6 and 8", rows=rows,
        note="ShuffleNet 0.5× (g = 4) is left out: its bottleneck of 34 channels is not divisible by 4 groups.",
    )  # fmt: skip


def googlenet_sections() -> Table:
    """GoogLeNet's table 1: parameters and operations of each section."""
    layers = googlenet().layers
    rows = []
    for model, prefix, parameters, macs in SECTIONS:
        chosen = [layer for layer in layers if layer.name.startswith(prefix)]
        weights, operations = sum(layer.weights for layer in chosen), sum(layer.macs for layer in chosen)
        rows += [
            _section(model, "parameters", parameters, Fraction(weights, UNITS[KIBI])),
            _section(model, "mult-adds", macs, Fraction(operations, UNITS["M"])),
        ]
    return Table(
        key="googlenet-sections", title="GoogLeNet, table 1: sections", source=GOOGLENET_PAPER, rows=tuple(rows),
        note="Parameters in K = 1024: conv2 and linear are then exact. Operations are multiply-adds.",
    )  # fmt: skip


def _section(model: str, quantity: str, published: str, computed: Fraction) -> NumberRow:
    parameters = quantity == "parameters"
    row = NumberRow(
        model=model, quantity="parameters" if parameters else "mult-adds", published=published, computed=computed,
        unit=KIBI if parameters else "M", convention=WEIGHTS.name if parameters else MACS.name,
    )  # fmt: skip
    if row.agreement != "differs":
        return row
    why, within = COLUMN, 7.5
    if model == "conv1":
        why, within = CONV1, 250.0
    elif not parameters:
        why, within = FIVE_A, 6.0
    return NumberRow(
        model=row.model, quantity=row.quantity, published=published, computed=computed, unit=row.unit,
        convention=row.convention, why=why, within=within,
    )  # fmt: skip
