"""What all pictures have in common: colours that all readers can tell apart, sizes, files that come out the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
"""The palette of Okabe and Ito (2008), which readers with any colour vision can tell apart."""
DARK = "#555555"
GREY = "#999999"
PALE = "#e8e8e8"

UNIT_COLOURS = {"pointwise": BLUE, "depthwise": VERMILLION}

ENDINGS = ("png", "svg")

_SETTINGS: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: the same on every machine
    "font.size": 9.0, "axes.titlesize": 10.0, "axes.titlelocation": "left", "axes.spines.top": False,
    "axes.spines.right": False, "hatch.linewidth": 0.6, "figure.dpi": 144, "savefig.dpi": "figure",
    "svg.hashsalt": "sepconv",
}


@contextmanager
def style() -> Iterator[None]:
    with matplotlib.rc_context(_SETTINGS):
        yield


def settle(figure: Figure) -> None:
    """Gives everything its place for good, the same in all formats."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, directory: Path, name: str) -> list[Path]:
    """Writes the figure in each format, all or none; the same figure gives the same bytes. Raises `OSError`."""
    parts = []
    directory.mkdir(parents=True, exist_ok=True)
    for ending in ENDINGS:
        path = directory / f"{name}.{ending}"
        part = path.with_name(f"{path.name}.part")
        figure.savefig(part, format=ending, metadata={"Software": None} if ending == "png" else {"Date": None})
        parts.append((part, path))
    return [part.replace(path) for part, path in parts]
