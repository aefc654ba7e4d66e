"""The tables reject wrong networks, wrong numbers and stale explanations."""

from dataclasses import replace
from fractions import Fraction

import pytest

from golden import mobilenet_v1, mobilenet_v2
from golden.tables import architectures, distributed, formulas, unexplained, v1_tables, v2_tables
from golden.tables.conventions import MACS, WEIGHTS
from golden.tables.mobile import v1
from golden.tables.rows import FormulaRow, NumberRow, TextRow, counted_row


def failing(build):
    return [row.model for row in build().rows if not row.holds]


def stride_of_block(block, stride):
    blocks = list(mobilenet_v1.BLOCKS)
    blocks[block - 1] = (blocks[block - 1][0], stride)
    return tuple(blocks)


def test_all_is_well():
    assert unexplained() == ()


@pytest.mark.parametrize(("block", "stride"), [(2, 1), (5, 2), (13, 2)])
def test_a_wrong_stride_in_v1(monkeypatch, block, stride):
    monkeypatch.setattr(mobilenet_v1, "BLOCKS", stride_of_block(block, stride))
    assert f"conv_dw_{block}" in failing(architectures.body)
    if block != 13:  # the last depthwise layer at stride 2 shows in the architecture, the counts move by 5 %
        assert "1.0 MobileNet-128" in failing(v1_tables.resolution)
    assert "1.0 MobileNet-224" in failing(v1_tables.width)
    assert "1.0 MobileNet-224" in failing(distributed.slim_v1)


@pytest.mark.parametrize("filters", [56, 72])
def test_wrong_filters_in_v1(monkeypatch, filters):
    monkeypatch.setattr(mobilenet_v1, "BLOCKS", ((filters, 1), *mobilenet_v1.BLOCKS[1:]))
    assert "conv_pw_1" in failing(architectures.body)
    assert "MobileNet" in failing(v1_tables.full_convolutions)


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (1, (5, 24, 2, 2)),  # expansion
        (2, (6, 40, 3, 2)),  # channels
        (3, (6, 64, 3, 2)),  # repetitions
        (4, (6, 96, 3, 2)),  # stride
    ],
)
def test_a_wrong_bottleneck_in_v2(monkeypatch, row, wrong):
    table = list(mobilenet_v2.BOTTLENECKS)
    table[row] = wrong
    monkeypatch.setattr(mobilenet_v2, "BOTTLENECKS", tuple(table))
    assert f"row {row + 2}" in failing(architectures.bottlenecks)
    assert "MobileNetV2" in failing(v2_tables.imagenet)
    assert "1.0 MobileNetV2-224" in failing(distributed.slim_v2)
    assert {"MobileNetV2", "MobileNetV2 1.4"} <= set(failing(distributed.exact)) or wrong == (6, 96, 3, 2)


def test_a_layer_left_out():
    network = v1()
    without = replace(network, layers=tuple(layer for layer in network.layers if layer.name != "conv_pw_8"))
    assert not counted_row(without, "mult-adds", "569", MACS).holds
    assert not counted_row(without, "parameters", "4.2", WEIGHTS).holds
    assert counted_row(network, "mult-adds", "569", MACS).holds


def test_a_wrong_formula(monkeypatch):
    monkeypatch.setattr(formulas, "separable_cost", lambda kernel, m, n, size: kernel**2 * m * size**2)
    assert len(failing(formulas.separable)) == 13


def number(published, computed, **more):
    return NumberRow(
        model="m", quantity="mult-adds", published=published, computed=Fraction(computed), unit="M", convention="macs",
        **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("published", "computed", "step", "agreement"),
    [
        ("569", "568.5", "", "rounded"),
        ("569", "569.4999", "", "rounded"),
        ("569", "569.5", "", "truncated"),
        ("569", "569.9999", "", "truncated"),
        ("569", "570", "", "differs"),
        ("569", "568.4999", "", "differs"),
        ("4.2", "4.15", "", "rounded"),
        ("4.2", "4.3", "", "differs"),
        ("15300", "15346", "100", "rounded"),
        ("15300", "15346", "", "differs"),
        ("7", "7", "", "equal"),
    ],
)
def test_rule_of_agreement(published, computed, step, agreement):
    row = number(published, computed, step=step)
    assert row.agreement == agreement
    assert row.holds == (agreement != "differs")


def test_a_difference_needs_an_explanation_that_covers_it():
    assert not number("575", "569").holds
    assert not number("575", "569", within=2).holds
    assert not number("575", "569", why="because").holds
    assert not number("575", "569", why="because", within=1).holds
    assert number("575", "569", why="because", within=1.1).holds


def test_an_explanation_does_not_outlive_its_difference():
    assert not number("569", "569.1", why="because", within=1).holds
    assert number("569", "569.1", why="counted otherwise").holds
    assert not TextRow(model="m", published="a", computed="a", why="because").holds
    assert not TextRow(model="m", published="a", computed="b").holds
    assert TextRow(model="m", published="a", computed="b", why="because").holds
    assert not FormulaRow(model="m", formula="f", value=Fraction(1), counted=Fraction(2)).holds
