"""Rows of a table: what was published, what is computed, and the rule by which the two agree."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from golden.tables.conventions import Convention
from golden.tables.counted import CountedNetwork

Agreement: TypeAlias = Literal["equal", "rounded", "truncated", "differs"]
Quantity: TypeAlias = Literal["mult-adds", "parameters", "ratio", "share"]

KIBI = "K = 1024"
KILO_KIBI = "M = 1000·1024"
UNITS = {"": 1, "M": 10**6, "B": 10**9, KIBI: 2**10, KILO_KIBI: 1000 * 2**10}
"""Size of each unit; GoogLeNet's own table counts in K = 1024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A published number beside the computed one.

    Members
    -------
    published: as printed; its last digit is its precision unless `step` says otherwise
    computed: exact, in `unit`
    convention: how it was counted
    step: precision of a number printed with more digits than it has ("100" for 15300)
    why: explanation, needed where the numbers differ
    within: largest difference the explanation allows, in percent of the published number
    """

    model: str
    quantity: Quantity
    published: str
    computed: Fraction
    unit: str
    convention: str
    step: str = ""
    why: str = ""
    within: float = 0.0

    @property
    def difference(self) -> Fraction:
        """Computed minus published, in `unit`."""
        return self.computed - Fraction(self.published)

    @property
    def precision(self) -> Fraction:
        """One unit of the last published digit."""
        decimals = len(self.published.partition(".")[2])
        return Fraction(self.step) if self.step else Fraction(1, 10**decimals)

    @property
    def agreement(self) -> Agreement:
        """How the numbers agree: the computed one rounds (half up) to the published, or loses its further digits."""
        if self.difference == 0:
            return "equal"
        if -self.precision / 2 <= self.difference < self.precision / 2:
            return "rounded"
        if 0 < self.difference < self.precision:
            return "truncated"
        return "differs"

    @property
    def holds(self) -> bool:
        """They agree, or differ by no more than an explanation allows; no explanation outlives its difference."""
        if self.agreement != "differs":
            return self.within == 0
        return bool(self.why) and abs(self.difference) * 100 <= Fraction(self.published) * Fraction(self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """A published cell, or line of cells, beside the computed one; `why` is needed where they differ."""

    model: str
    published: str
    computed: str
    why: str = ""

    @property
    def agreement(self) -> Agreement:
        """Equal or differs."""
        return "equal" if self.published == self.computed else "differs"

    @property
    def holds(self) -> bool:
        """Equal, or different and explained."""
        return (self.agreement == "differs") == bool(self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaRow:
    """A formula evaluated beside the same quantity counted layer by layer; both exact."""

    model: str
    formula: str
    value: Fraction
    counted: Fraction
    why: str = ""

    @property
    def agreement(self) -> Agreement:
        """Equal or differs."""
        return "equal" if self.value == self.counted else "differs"

    @property
    def holds(self) -> bool:
        """The formula gives what is counted."""
        return self.agreement == "equal"


Row: TypeAlias = NumberRow | TextRow | FormulaRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of one published table.

    Members
    -------
    key: short name, unique: "v1-width"
    quoted: what the paper measured (accuracy), by model; nobody measured it here
    note: what holds for all rows
    """

    key: str
    title: str
    source: str
    rows: tuple[Row, ...]
    quoted: tuple[tuple[str, str], ...] = ()
    note: str = ""


def counted_row(
    network: CountedNetwork,
    quantity: Quantity,
    published: str,
    convention: Convention,
    *,
    model: str = "",
    unit: str = "M",
    step: str = "",
    why: str = "",
    within: float = 0.0,
) -> NumberRow:
    """The row of `network` counted by `convention`."""
    computed = Fraction(convention.count(network), UNITS[unit])
    return NumberRow(
        model=model or network.title, quantity=quantity, published=published, computed=computed, unit=unit,
        convention=convention.name, step=step, why=why, within=within,
    )  # fmt: skip
