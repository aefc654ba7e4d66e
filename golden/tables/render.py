"""The tables as aligned text."""

import textwrap
from collections import Counter
from collections.abc import Sequence

from golden.tables.compared import COMPARED, compared
from golden.tables.conventions import BIASED, CONVENTIONS
from golden.tables.counted import CountedNetwork
from golden.tables.published import tables
from golden.tables.rows import FormulaRow, NumberRow, Row, Table, TextRow

WIDTH = 116
RULES = """\
Published numbers beside what is computed here from each network's definition.
equal: the same; rounded: computed rounds to the published digits; truncated: computed loses its further digits;
differs: neither, and the note says why. Accuracies are quoted from the papers; none was measured here."""
HEADER = ("", "", "published", "computed", "difference", "agreement", "counted as")
NETWORK_HEADER = ("network", "M mult-adds", "M params", "layers", "on host", "of mult-adds", "of values made")
LAYER_HEADER = ("layer", "op", "input", "output", "kernel", "stride", "mult-adds", "parameters", "host work")


def tables_text() -> str:
    """Every table, what the conventions mean, and what of each network is work of the host."""
    parts = [RULES, *(table_text(table) for table in tables()), conventions_text(), networks_text()]
    return "\n\n".join(parts) + "\n"


def table_text(table: Table) -> str:
    """One table: its title and source, its rows, the explanations by number, accuracies last."""
    reasons = list(dict.fromkeys(row.why for row in table.rows if row.why))
    cells = [row_cells(row, f" [{reasons.index(row.why) + 1}]" if row.why else "") for row in table.rows]
    if any(isinstance(row, NumberRow) for row in table.rows):
        cells.insert(0, HEADER)
    lines = [table.title, f"  {table.source}", *aligned(cells)]
    for number, reason in enumerate(reasons, start=1):
        lines += _wrapped(f"[{number}] {reason}", "  ")
    lines += _wrapped(table.note, "  ")
    if table.quoted:
        quoted = ", ".join(f"{model} {accuracy}" for model, accuracy in table.quoted)
        lines += _wrapped(f"Accuracy as the paper reports it, not measured here: {quoted}.", "  ")
    return "\n".join(lines)


def row_cells(row: Row, mark: str = "") -> tuple[str, ...]:
    """The cells of one row; `mark` refers to its explanation."""
    if isinstance(row, NumberRow):
        digits = max(0, len(row.published.partition(".")[2]) + 2) if row.agreement != "equal" else 0
        unit = f" {row.unit}" if row.unit else ""
        percent = float(row.difference) / float(row.published) * 100
        difference = f"{float(row.difference):+.{digits}f} ({percent:+.2f} %)" if row.difference else "0"
        return (
            row.model, row.quantity, f"{row.published}{unit}", f"{float(row.computed):.{digits}f}{unit}", difference,
            f"{row.agreement}{mark}", row.convention,
        )  # fmt: skip
    if isinstance(row, FormulaRow):
        value, counted = f"{float(row.value):.12g}", f"{float(row.counted):.12g}"
        return (row.model, row.formula, value, counted, f"{row.agreement}{mark}")
    return _text_cells(row, mark)


def _text_cells(row: TextRow, mark: str) -> tuple[str, ...]:
    computed = "" if row.agreement == "equal" else f"computed: {row.computed}"
    return (row.model, row.published, f"{row.agreement}{mark}", computed)


def conventions_text() -> str:
    """What each way of counting counts."""
    return "\n".join(["Counted as", *aligned([(one.name, one.text) for one in CONVENTIONS])])


def networks_text() -> str:
    """One line a network, and below it the reasons for its host work."""
    networks = [compared(name) for name in COMPARED]
    lines = aligned([NETWORK_HEADER, *(_network_cells(network) for network in networks)])
    body = lines[:1]
    for network, line in zip(networks, lines[1:], strict=True):
        reasons = Counter(layer.host for layer in network.host_layers)
        body += [line, *_wrapped("; ".join(f"{times} × {reason}" for reason, times in reasons.items()), "      ")]
    return "\n".join(["Work of the host: layers that the engine does not run", *body])


def _network_cells(network: CountedNetwork) -> tuple[str, ...]:
    macs, parameters = f"{network.macs / 1e6:.1f}", f"{BIASED.count(network) / 1e6:.2f}"
    shares = (f"{100 * share:.1f} %" for share in (network.host_share, network.host_elements_share))
    return (network.name, macs, parameters, str(len(network.layers)), str(len(network.host_layers)), *shares)


def layers_text(name: str) -> str:
    """Every layer of the network called `name`; raises ValueError when there is none."""
    network = compared(name)
    cells: list[tuple[str, ...]] = [LAYER_HEADER]
    for layer in network.layers:
        spec = layer.spec
        cells.append((
            layer.name, layer.op, _shape(spec.input_shape), _shape(spec.output_shape), _shape(spec.kernel),
            str(spec.stride[0]), str(layer.macs), str(layer.weights + layer.biases), layer.host,
        ))  # fmt: skip
    return "\n".join([f"{network.title} ({network.source})", *aligned(cells)]) + "\n"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, each column as wide as its widest cell."""
    columns = max(len(row) for row in rows)
    padded = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in padded) for column in range(columns)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in padded
    ]


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
