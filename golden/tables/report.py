"""The tables as data for a machine, and the rows that do not hold."""

from typing import Any

from golden.tables.compared import COMPARED, compared
from golden.tables.conventions import BIASED, CONVENTIONS
from golden.tables.counted import CountedLayer, CountedNetwork
from golden.tables.published import tables
from golden.tables.rows import FormulaRow, NumberRow, Row, Table

SCHEMA = 1


def tables_json() -> dict[str, Any]:
    """Every table and every layer of every network, as JSON can hold it."""
    return {
        "schema": SCHEMA,
        "tables": [_table(table) for table in tables()],
        "conventions": {convention.name: convention.text for convention in CONVENTIONS},
        "networks": [_network(compared(name)) for name in COMPARED],
    }


def unexplained() -> tuple[str, ...]:
    """Rows that neither agree nor are explained, as "table: row"; empty when all is well."""
    return tuple(f"{table.key}: {row.model}" for table in tables() for row in table.rows if not row.holds)


def _table(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "source": table.source,
        "note": table.note,
        "rows": [_row(row) for row in table.rows],
        "quoted_accuracy": dict(table.quoted),
    }


def _row(row: Row) -> dict[str, Any]:
    shared = {"model": row.model, "agreement": row.agreement, "why": row.why}
    if isinstance(row, NumberRow):
        return shared | {
            "quantity": row.quantity,
            "unit": row.unit,
            "published": float(row.published),
            "computed": float(row.computed),
            "difference": float(row.difference),
            "convention": row.convention,
        }
    if isinstance(row, FormulaRow):
        return shared | {"formula": row.formula, "published": float(row.value), "computed": float(row.counted)}
    return shared | {"published": row.published, "computed": row.computed}


def _network(network: CountedNetwork) -> dict[str, Any]:
    return {
        "name": network.name,
        "title": network.title,
        "source": network.source,
        "macs": network.macs,
        "parameters": BIASED.count(network),
        "host_macs_share": network.host_share,
        "host_elements_share": network.host_elements_share,
        "layers": [_layer(layer) for layer in network.layers],
    }


def _layer(layer: CountedLayer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "op": layer.op,
        "input_shape": list(layer.spec.input_shape),
        "output_shape": list(layer.spec.output_shape),
        "kernel": list(layer.spec.kernel),
        "stride": list(layer.spec.stride),
        "groups": layer.groups,
        "macs": layer.macs,
        "parameters": layer.weights + layer.biases,
        "unit": "host" if layer.host else "engine",
        "host_reason": layer.host,
    }
