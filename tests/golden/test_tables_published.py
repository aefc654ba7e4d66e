"""Each row of each table with the published number beside it, and the rule by which it is reproduced.

The published numbers are written out here again, so that none changes unseen; rounding is done here with `decimal`,
not by the code under test. Sources: `golden/tables`, table by table.
"""

import decimal
from fractions import Fraction

import pytest

from golden.tables import architectures, formulas, tables
from golden.tables.rows import FormulaRow, NumberRow, TextRow

TABLES = {table.key: table for table in tables()}

NUMBERS = {
    "v1-layer-types": [
        ("Conv 1×1", "share", "94.86", "rounded", "macs"),
        ("Conv 1×1", "share", "74.59", "rounded", "weights"),
        ("Conv DW 3×3", "share", "3.06", "rounded", "macs"),
        ("Conv DW 3×3", "share", "1.06", "rounded", "weights"),
        ("Conv 3×3", "share", "1.19", "differs", "macs"),
        ("Conv 3×3", "share", "0.02", "rounded", "weights"),
        ("Fully Connected", "share", "0.18", "rounded", "macs"),
        ("Fully Connected", "share", "24.33", "rounded", "weights"),
    ],
    "v1-one-layer": [
        ("Convolution", "mult-adds", "462", "rounded", "macs"),
        ("Convolution", "parameters", "2.36", "rounded", "weights"),
        ("Depthwise Separable Conv", "mult-adds", "52.3", "rounded", "macs"),
        ("Depthwise Separable Conv", "parameters", "0.27", "rounded", "weights"),
        ("α = 0.75", "mult-adds", "29.6", "rounded", "macs"),
        ("α = 0.75", "parameters", "0.15", "rounded", "weights"),
        ("ρ = 0.714", "mult-adds", "15.1", "rounded", "macs"),
        ("ρ = 0.714", "parameters", "0.15", "rounded", "weights"),
    ],
    "v1-full-convolutions": [
        ("Conv MobileNet", "mult-adds", "4866", "rounded", "body-macs"),
        ("Conv MobileNet", "parameters", "29.3", "rounded", "weights"),
        ("MobileNet", "mult-adds", "569", "rounded", "macs"),
        ("MobileNet", "parameters", "4.2", "rounded", "weights"),
    ],
    "v1-narrow-or-shallow": [
        ("0.75 MobileNet", "mult-adds", "325", "rounded", "macs"),
        ("0.75 MobileNet", "parameters", "2.6", "rounded", "weights"),
        ("Shallow MobileNet", "mult-adds", "307", "rounded", "macs"),
        ("Shallow MobileNet", "parameters", "2.9", "rounded", "weights"),
    ],
    "v1-width": [
        ("1.0 MobileNet-224", "mult-adds", "569", "rounded", "macs"),
        ("1.0 MobileNet-224", "parameters", "4.2", "rounded", "weights"),
        ("0.75 MobileNet-224", "mult-adds", "325", "rounded", "macs"),
        ("0.75 MobileNet-224", "parameters", "2.6", "rounded", "weights"),
        ("0.5 MobileNet-224", "mult-adds", "149", "rounded", "macs"),
        ("0.5 MobileNet-224", "parameters", "1.3", "rounded", "weights"),
        ("0.25 MobileNet-224", "mult-adds", "41", "rounded", "macs"),
        ("0.25 MobileNet-224", "parameters", "0.5", "rounded", "weights"),
    ],
    "v1-resolution": [
        ("1.0 MobileNet-224", "mult-adds", "569", "rounded", "macs"),
        ("1.0 MobileNet-224", "parameters", "4.2", "rounded", "weights"),
        ("1.0 MobileNet-192", "mult-adds", "418", "rounded", "macs"),
        ("1.0 MobileNet-192", "parameters", "4.2", "rounded", "weights"),
        ("1.0 MobileNet-160", "mult-adds", "290", "truncated", "macs"),
        ("1.0 MobileNet-160", "parameters", "4.2", "rounded", "weights"),
        ("1.0 MobileNet-128", "mult-adds", "186", "rounded", "macs"),
        ("1.0 MobileNet-128", "parameters", "4.2", "rounded", "weights"),
    ],
    "v1-popular": [
        ("1.0 MobileNet-224", "mult-adds", "569", "rounded", "macs"),
        ("1.0 MobileNet-224", "parameters", "4.2", "rounded", "weights"),
        ("GoogLeNet", "mult-adds", "1550", "differs", "macs"),
        ("GoogLeNet", "parameters", "6.8", "rounded", "weights"),
        ("VGG-16", "mult-adds", "15300", "rounded", "conv-macs"),
        ("VGG-16", "parameters", "138", "rounded", "weights+biases"),
    ],
    "v1-smaller": [
        ("0.50 MobileNet-160", "mult-adds", "76", "truncated", "macs"),
        ("0.50 MobileNet-160", "parameters", "1.32", "rounded", "weights"),
        ("SqueezeNet 1.0", "mult-adds", "1700", "rounded", "operations"),
        ("SqueezeNet 1.0", "parameters", "1.25", "rounded", "weights+biases"),
        ("AlexNet", "mult-adds", "720", "rounded", "macs"),
        ("AlexNet", "parameters", "60", "truncated", "weights+biases"),
    ],
    "v1-factors": [
        ("VGG-16 ÷ MobileNet, mult-adds", "ratio", "27", "rounded", "macs"),
        ("VGG-16 ÷ MobileNet, parameters", "ratio", "32", "truncated", "weights+biases"),
        ("AlexNet ÷ 0.50 MobileNet-160, mult-adds", "ratio", "9.4", "truncated", "macs"),
        ("AlexNet ÷ 0.50 MobileNet-160, parameters", "ratio", "45", "differs", "weights+biases"),
        ("SqueezeNet ÷ 0.50 MobileNet-160, mult-adds", "ratio", "22", "differs", "macs"),
    ],
    "v1-dogs": [
        ("1.0 MobileNet-224", "mult-adds", "569", "differs", "macs"),
        ("1.0 MobileNet-224", "parameters", "3.3", "rounded", "weights"),
        ("0.75 MobileNet-224", "mult-adds", "325", "rounded", "macs"),
        ("0.75 MobileNet-224", "parameters", "1.9", "rounded", "weights"),
        ("1.0 MobileNet-192", "mult-adds", "418", "differs", "macs"),
        ("1.0 MobileNet-192", "parameters", "3.3", "rounded", "weights"),
        ("0.75 MobileNet-192", "mult-adds", "239", "rounded", "macs"),
        ("0.75 MobileNet-192", "parameters", "1.9", "rounded", "weights"),
    ],
    "v1-faces": [
        ("1.0 MobileNet-224", "mult-adds", "568", "rounded", "body-macs"),
        ("1.0 MobileNet-224", "parameters", "3.2", "rounded", "body-weights"),
        ("0.5 MobileNet-224", "mult-adds", "149", "rounded", "body-macs"),
        ("0.5 MobileNet-224", "parameters", "0.8", "rounded", "body-weights"),
        ("0.25 MobileNet-224", "mult-adds", "45", "differs", "body-macs"),
        ("0.25 MobileNet-224", "parameters", "0.2", "rounded", "body-weights"),
        ("1.0 MobileNet-128", "mult-adds", "185", "rounded", "body-macs"),
        ("1.0 MobileNet-128", "parameters", "3.2", "rounded", "body-weights"),
        ("0.5 MobileNet-128", "mult-adds", "48", "truncated", "body-macs"),
        ("0.5 MobileNet-128", "parameters", "0.8", "rounded", "body-weights"),
        ("0.25 MobileNet-128", "mult-adds", "15", "differs", "body-macs"),
        ("0.25 MobileNet-128", "parameters", "0.2", "rounded", "body-weights"),
    ],
    "v1-detection": [
        ("SSD 300 MobileNet", "mult-adds", "1.2", "rounded", "macs"),
        ("SSD 300 MobileNet", "parameters", "6.8", "rounded", "weights"),
    ],
    "v2-imagenet": [
        ("MobileNetV1", "mult-adds", "575", "differs", "macs"),
        ("MobileNetV1", "parameters", "4.2", "rounded", "weights"),
        ("ShuffleNet 1.5× (g = 3)", "mult-adds", "292", "rounded", "macs"),
        ("ShuffleNet 1.5× (g = 3)", "parameters", "3.4", "rounded", "weights"),
        ("ShuffleNet 2× (g = 3)", "mult-adds", "524", "rounded", "macs"),
        ("ShuffleNet 2× (g = 3)", "parameters", "5.4", "rounded", "weights"),
        ("NASNet-A mobile (4 @ 1056)", "mult-adds", "564", "rounded", "macs"),
        ("NASNet-A mobile (4 @ 1056)", "parameters", "5.3", "rounded", "weights"),
        ("MobileNetV2", "mult-adds", "300", "truncated", "macs"),
        ("MobileNetV2", "parameters", "3.4", "truncated", "weights"),
        ("MobileNetV2 (1.4)", "mult-adds", "585", "differs", "macs"),
        ("MobileNetV2 (1.4)", "parameters", "6.9", "differs", "weights"),
    ],
    "v2-smallest": [
        ("0.35 MobileNetV2-96", "mult-adds", "7", "differs", "macs"),
        ("0.35 MobileNetV2-96", "parameters", "1.7", "rounded", "weights"),
    ],
    "v2-heads": [
        ("SSD heads", "mult-adds", "1.25", "truncated", "macs"),
        ("SSD heads", "parameters", "14.8", "rounded", "weights"),
        ("SSDLite heads", "mult-adds", "0.35", "truncated", "operations"),
        ("SSDLite heads", "parameters", "2.1", "rounded", "weights"),
    ],
    "v2-detectors": [
        ("MNet V1 + SSDLite", "mult-adds", "1.3", "rounded", "macs"),
        ("MNet V1 + SSDLite", "parameters", "5.1", "rounded", "weights"),
        ("MNet V2 + SSDLite", "mult-adds", "0.8", "rounded", "macs"),
        ("MNet V2 + SSDLite", "parameters", "4.3", "rounded", "weights"),
    ],
    "shufflenet-groups": [
        ("ShuffleNet 1× (g = 1)", "mult-adds", "143", "rounded", "body-macs"),
        ("ShuffleNet 1× (g = 2)", "mult-adds", "140", "rounded", "body-macs"),
        ("ShuffleNet 1× (g = 3)", "mult-adds", "137", "rounded", "body-macs"),
        ("ShuffleNet 1× (g = 4)", "mult-adds", "133", "rounded", "body-macs"),
        ("ShuffleNet 1× (g = 8)", "mult-adds", "137", "rounded", "body-macs"),
    ],
    "shufflenet-compared": [
        ("ShuffleNet 2× (g = 3)", "mult-adds", "524", "rounded", "macs"),
        ("ShuffleNet 1.5× (g = 3)", "mult-adds", "292", "rounded", "macs"),
        ("ShuffleNet 1× (g = 8)", "mult-adds", "140", "rounded", "macs"),
        ("ShuffleNet 0.5× (g = 3)", "mult-adds", "38", "rounded", "macs"),
        ("VGG-16", "mult-adds", "15300", "rounded", "conv-macs"),
        ("GoogLeNet", "mult-adds", "1500", "rounded", "inside-macs"),
        ("AlexNet", "mult-adds", "720", "rounded", "macs"),
        ("SqueezeNet 1.0", "mult-adds", "833", "rounded", "macs"),
    ],
    "googlenet-sections": [
        ("conv1", "parameters", "2.7", "differs", "weights"),
        ("conv1", "mult-adds", "34", "differs", "macs"),
        ("conv2", "parameters", "112", "equal", "weights"),
        ("conv2", "mult-adds", "360", "rounded", "macs"),
        ("inception (3a)", "parameters", "159", "truncated", "weights"),
        ("inception (3a)", "mult-adds", "128", "rounded", "macs"),
        ("inception (3b)", "parameters", "380", "differs", "weights"),
        ("inception (3b)", "mult-adds", "304", "rounded", "macs"),
        ("inception (4a)", "parameters", "364", "differs", "weights"),
        ("inception (4a)", "mult-adds", "73", "truncated", "macs"),
        ("inception (4b)", "parameters", "437", "differs", "weights"),
        ("inception (4b)", "mult-adds", "88", "rounded", "macs"),
        ("inception (4c)", "parameters", "463", "differs", "weights"),
        ("inception (4c)", "mult-adds", "100", "rounded", "macs"),
        ("inception (4d)", "parameters", "580", "differs", "weights"),
        ("inception (4d)", "mult-adds", "119", "rounded", "macs"),
        ("inception (4e)", "parameters", "840", "differs", "weights"),
        ("inception (4e)", "mult-adds", "170", "rounded", "macs"),
        ("inception (5a)", "parameters", "1072", "differs", "weights"),
        ("inception (5a)", "mult-adds", "54", "differs", "macs"),
        ("inception (5b)", "parameters", "1388", "differs", "weights"),
        ("inception (5b)", "mult-adds", "71", "rounded", "macs"),
        ("linear", "parameters", "1000", "equal", "weights"),
        ("linear", "mult-adds", "1", "rounded", "macs"),
    ],
    "slim-v1": [
        ("1.0 MobileNet", "parameters", "4.24", "rounded", "weights+3"),
        ("1.0 MobileNet-224", "mult-adds", "569", "rounded", "macs"),
        ("1.0 MobileNet-192", "mult-adds", "418", "rounded", "macs"),
        ("1.0 MobileNet-160", "mult-adds", "291", "rounded", "macs"),
        ("1.0 MobileNet-128", "mult-adds", "186", "rounded", "macs"),
        ("0.75 MobileNet", "parameters", "2.59", "rounded", "weights+3"),
        ("0.75 MobileNet-224", "mult-adds", "317", "rounded", "after-first-macs"),
        ("0.75 MobileNet-192", "mult-adds", "233", "rounded", "after-first-macs"),
        ("0.75 MobileNet-160", "mult-adds", "162", "rounded", "after-first-macs"),
        ("0.75 MobileNet-128", "mult-adds", "104", "rounded", "after-first-macs"),
        ("0.5 MobileNet", "parameters", "1.34", "rounded", "weights+3"),
        ("0.5 MobileNet-224", "mult-adds", "150", "differs", "macs"),
        ("0.5 MobileNet-192", "mult-adds", "110", "rounded", "macs"),
        ("0.5 MobileNet-160", "mult-adds", "77", "rounded", "macs"),
        ("0.5 MobileNet-128", "mult-adds", "49", "rounded", "macs"),
        ("0.25 MobileNet", "parameters", "0.47", "rounded", "weights+3"),
        ("0.25 MobileNet-224", "mult-adds", "41", "rounded", "macs"),
        ("0.25 MobileNet-192", "mult-adds", "34", "differs", "macs"),
        ("0.25 MobileNet-160", "mult-adds", "21", "rounded", "macs"),
        ("0.25 MobileNet-128", "mult-adds", "14", "rounded", "macs"),
    ],
    "slim-v2": [
        ("1.4 MobileNetV2", "parameters", "6.06", "rounded", "weights"),
        ("1.4 MobileNetV2-224", "mult-adds", "582", "rounded", "macs"),
        ("1.3 MobileNetV2", "parameters", "5.34", "rounded", "weights"),
        ("1.3 MobileNetV2-224", "mult-adds", "509", "rounded", "macs"),
        ("1.0 MobileNetV2", "parameters", "3.47", "rounded", "weights"),
        ("1.0 MobileNetV2-224", "mult-adds", "300", "truncated", "macs"),
        ("1.0 MobileNetV2-192", "mult-adds", "221", "rounded", "macs"),
        ("1.0 MobileNetV2-160", "mult-adds", "154", "rounded", "macs"),
        ("1.0 MobileNetV2-128", "mult-adds", "99", "rounded", "macs"),
        ("1.0 MobileNetV2-96", "mult-adds", "56", "rounded", "macs"),
        ("0.75 MobileNetV2", "parameters", "2.61", "rounded", "weights"),
        ("0.75 MobileNetV2-224", "mult-adds", "209", "rounded", "macs"),
        ("0.75 MobileNetV2-192", "mult-adds", "153", "truncated", "macs"),
        ("0.75 MobileNetV2-160", "mult-adds", "107", "rounded", "macs"),
        ("0.75 MobileNetV2-128", "mult-adds", "69", "rounded", "macs"),
        ("0.75 MobileNetV2-96", "mult-adds", "39", "rounded", "macs"),
        ("0.5 MobileNetV2", "parameters", "1.95", "rounded", "weights"),
        ("0.5 MobileNetV2-224", "mult-adds", "97", "rounded", "macs"),
        ("0.5 MobileNetV2-192", "mult-adds", "71", "truncated", "macs"),
        ("0.5 MobileNetV2-160", "mult-adds", "50", "rounded", "macs"),
        ("0.5 MobileNetV2-128", "mult-adds", "32", "truncated", "macs"),
        ("0.5 MobileNetV2-96", "mult-adds", "18", "truncated", "macs"),
        ("0.35 MobileNetV2", "parameters", "1.66", "rounded", "weights"),
        ("0.35 MobileNetV2-224", "mult-adds", "59", "rounded", "macs"),
        ("0.35 MobileNetV2-192", "mult-adds", "43", "truncated", "macs"),
        ("0.35 MobileNetV2-160", "mult-adds", "30", "truncated", "macs"),
        ("0.35 MobileNetV2-128", "mult-adds", "20", "rounded", "macs"),
        ("0.35 MobileNetV2-96", "mult-adds", "11", "truncated", "macs"),
    ],
    "exact": [
        ("MobileNet", "parameters", "4253864", "equal", "stored"),
        ("MobileNetV2", "parameters", "3538984", "equal", "stored"),
        ("MobileNetV2 1.4", "parameters", "6156712", "equal", "stored"),
        ("VGG16", "parameters", "138357544", "equal", "stored"),
        ("NASNetMobile", "parameters", "5326716", "equal", "stored"),
        ("BVLC AlexNet", "parameters", "60965224", "equal", "stored"),
        ("BVLC GoogLeNet", "parameters", "6998552", "equal", "stored"),
        ("SqueezeNet 1.0", "parameters", "1248424", "equal", "stored"),
    ],
}
"""Table: (model, quantity, published, how the computed number agrees with it, how it is counted)."""

TENS, HUNDREDS = decimal.Decimal("1E1"), decimal.Decimal("1E2")
STEPS = {
    ("v1-popular", "1550"): TENS,
    ("v1-popular", "15300"): HUNDREDS,
    ("v1-smaller", "1700"): HUNDREDS,
    ("v1-smaller", "720"): TENS,
    ("shufflenet-compared", "140"): TENS,
    ("shufflenet-compared", "15300"): HUNDREDS,
    ("shufflenet-compared", "1500"): HUNDREDS,
    ("shufflenet-compared", "720"): TENS,
}
"""Published numbers that have fewer digits than they show: the unit of the last one that counts."""

DIFFERENCES = {
    ("v1-layer-types", "Conv 3×3", "1.19"): "0.72",
    ("v1-popular", "GoogLeNet", "1550"): "33",
    ("v1-factors", "AlexNet ÷ 0.50 MobileNet-160, parameters", "45"): "1.2",
    ("v1-factors", "SqueezeNet ÷ 0.50 MobileNet-160, mult-adds", "22"): "-11.1",
    ("v1-dogs", "1.0 MobileNet-224", "569"): "-1.2",
    ("v1-dogs", "1.0 MobileNet-192", "418"): "-0.8",
    ("v1-faces", "0.25 MobileNet-224", "45"): "-4.2",
    ("v1-faces", "0.25 MobileNet-128", "15"): "-1.7",
    ("v2-imagenet", "MobileNetV1", "575"): "-6.3",
    ("v2-imagenet", "MobileNetV2 (1.4)", "585"): "-2.8",
    ("v2-imagenet", "MobileNetV2 (1.4)", "6.9"): "-0.84",
    ("v2-smallest", "0.35 MobileNetV2-96", "7"): "4.9",
    ("googlenet-sections", "conv1", "2.7"): "6.5",
    ("googlenet-sections", "conv1", "34"): "84",
    ("googlenet-sections", "inception (3b)", "380"): "-1.0",
    ("googlenet-sections", "inception (4a)", "364"): "2.8",
    ("googlenet-sections", "inception (4b)", "437"): "1.0",
    ("googlenet-sections", "inception (4c)", "463"): "34.5",
    ("googlenet-sections", "inception (4d)", "580"): "10.5",
    ("googlenet-sections", "inception (4e)", "840"): "7.0",
    ("googlenet-sections", "inception (5a)", "1072"): "-54",
    ("googlenet-sections", "inception (5a)", "54"): "-2.9",
    ("googlenet-sections", "inception (5b)", "1388"): "21",
    ("slim-v1", "0.5 MobileNet-224", "150"): "-0.5",
    ("slim-v1", "0.25 MobileNet-192", "34"): "-3.8",
}
"""Rows that no convention reproduces: computed minus published, in the row's unit. There are no others."""

SPLIT = {
    (key, index): (model, quantity, published, agreement, convention)
    for key, rows in NUMBERS.items()
    for index, (model, quantity, published, agreement, convention) in enumerate(rows)
}


def number_rows(key: str) -> list[NumberRow]:
    return [row for row in TABLES[key].rows if isinstance(row, NumberRow)]


def cut(value: Fraction, step: decimal.Decimal, rounding: str) -> decimal.Decimal:
    """`value` in units of `step`."""
    return (decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)).quantize(step, rounding=rounding)


@pytest.mark.parametrize(("key", "index"), SPLIT, ids=[f"{key}-{index}" for key, index in SPLIT])
def test_number(key, index):
    model, quantity, published, agreement, convention = SPLIT[key, index]
    row = number_rows(key)[index]
    assert (row.model, row.quantity, row.published, row.convention) == (model, quantity, published, convention)
    assert (row.agreement, row.holds) == (agreement, True)
    target = decimal.Decimal(published)
    step = STEPS.get((key, published), target)
    nearest = cut(row.computed, step, decimal.ROUND_HALF_UP)
    below = cut(row.computed, step, decimal.ROUND_DOWN)
    if agreement == "equal":
        assert row.computed == Fraction(published)
    elif agreement == "rounded":
        assert nearest == target
    elif agreement == "truncated":
        assert below == target != nearest
    else:
        assert target not in (nearest, below)
        difference = Fraction(DIFFERENCES[key, model, published])
        assert abs(row.computed - Fraction(published) - difference) <= abs(difference) / 10
        assert row.why


def test_no_row_is_left_out():
    assert {key: len(number_rows(key)) for key in TABLES if number_rows(key)} == {
        key: len(rows) for key, rows in NUMBERS.items()
    }
    listed = [(key, *row) for key, rows in NUMBERS.items() for row in rows]
    differing = {(key, model, published) for key, model, _, published, agreement, _ in listed if agreement == "differs"}
    assert differing == set(DIFFERENCES)


def test_each_reproduced_by_a_named_convention_of_its_kind():
    for (key, _), (model, quantity, _, _, convention) in SPLIT.items():
        kinds = {
            "mult-adds": ("macs", "conv-macs", "body-macs", "inside-macs", "after-first-macs", "operations"),
            "parameters": ("weights", "body-weights", "weights+biases", "weights+3", "stored"),
        }
        assert convention in kinds.get(quantity, (*kinds["mult-adds"], *kinds["parameters"])), (key, model)


def test_body_architecture():
    rows = TABLES["v1-body"].rows
    assert len(rows) == 1 + 2 * 13 + 3
    assert all(isinstance(row, TextRow) and row.holds for row in rows)
    assert [row.model for row in rows if row.agreement == "differs"] == ["conv_dw_13"]
    assert tuple(row.published for row in rows) == architectures.BODY


def test_bottlenecks():
    *rows, blocks = TABLES["v2-bottlenecks"].rows
    assert all(row.agreement == "equal" and row.holds for row in rows)
    assert tuple(row.published for row in rows) == architectures.BOTTLENECKS
    assert (blocks.published, blocks.computed, blocks.holds) == ("19", "17", True)


@pytest.mark.parametrize("key", ["v1-formulas", "v2-formula"])
def test_formulas_are_exact(key):
    rows = [row for row in TABLES[key].rows if isinstance(row, FormulaRow)]
    assert len(rows) == {"v1-formulas": 3 * 13, "v2-formula": 12}[key]
    assert all(row.value == row.counted and row.holds for row in rows)


def test_formulas_by_hand():
    # 14×14×512 → 512, the paper's own example (table 3): 462 M and 52.3 M
    assert formulas.full_cost(3, 512, 512, 14) == 462_422_016
    assert formulas.separable_cost(3, 512, 512, 14) == 52_283_392
    assert formulas.ratio(3, 512) == Fraction(52_283_392, 462_422_016) == Fraction(1, 512) + Fraction(1, 9)
