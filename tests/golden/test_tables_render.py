"""The tables as text and as JSON: complete, aligned, quick."""

import json
import re
import time

import pytest

from golden.tables import COMPARED, compared, layers_text, tables, tables_json, tables_text
from golden.tables.render import aligned, table_text

TEXT = tables_text()
REPORT = tables_json()


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.key)
def test_text_of_a_table(table):
    text = table_text(table)
    assert text in TEXT
    lines = text.splitlines()
    assert lines[0] == table.title
    for row in table.rows:
        assert any(line.startswith(f"  {row.model}  ") for line in lines), row.model
    reasons = {row.why for row in table.rows if row.why}
    assert {int(number) for number in re.findall(r"\[(\d+)\]", text)} == set(range(1, len(reasons) + 1))
    for accuracy in (accuracy for _, accuracy in table.quoted):
        assert accuracy in " ".join(text.split())
    if table.quoted:
        assert "not measured here" in text


@pytest.mark.parametrize("words", ["published", "computed", "difference", "Work of the host", "Counted as"])
def test_text_says(words):
    assert words in TEXT


def test_text_is_plain_and_of_bounded_width():
    assert max(map(len, TEXT.splitlines())) <= 132
    assert not re.search(r"[ \t]+$", TEXT, re.MULTILINE)


def test_aligned_columns():
    assert aligned([("a", "bb", "c"), ("aaa", "b", "")]) == ["  a    bb  c", "  aaa  b"]


def test_json_holds_everything():
    report = json.loads(json.dumps(REPORT, allow_nan=False))
    assert report["schema"] == 1
    assert [table["key"] for table in report["tables"]] == [table.key for table in tables()]
    assert [len(table["rows"]) for table in report["tables"]] == [len(table.rows) for table in tables()]
    width = next(table for table in report["tables"] if table["key"] == "v1-width")
    assert width["rows"][0] == {
        "model": "1.0 MobileNet-224", "agreement": "rounded", "why": "", "quantity": "mult-adds", "unit": "M",
        "published": 569.0, "computed": 568.740352, "difference": -0.259648, "convention": "macs",
    }  # fmt: skip
    assert width["quoted_accuracy"]["1.0 MobileNet-224"] == "70.6 %"
    assert [network["name"] for network in report["networks"]] == list(COMPARED)
    for network in report["networks"]:
        assert network["macs"] == sum(layer["macs"] for layer in network["layers"])
        host = sum(layer["macs"] for layer in network["layers"] if layer["unit"] == "host")
        assert network["host_macs_share"] == host / network["macs"]
        assert all(bool(layer["host_reason"]) == (layer["unit"] == "host") for layer in network["layers"])


@pytest.mark.parametrize("name", COMPARED)
def test_layers_of_a_network(name):
    lines = layers_text(name).splitlines()
    network = compared(name)
    assert network.title in lines[0]
    assert len(lines) == 2 + len(network.layers)
    for layer, line in zip(network.layers, lines[2:], strict=True):
        assert line.split()[:2] == [layer.name, layer.op]
        assert line.endswith(layer.host)


def test_layers_of_no_network():
    with pytest.raises(ValueError, match="they are mobilenet_v1"):
        layers_text("lenet")


def test_tables_are_quick():
    start = time.process_time()
    tables_text()
    tables_json()
    assert time.process_time() - start < 1
