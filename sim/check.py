"""The two questions asked of a run in RTL: are the values golden's, are the cycles the model's?"""

import numpy as np
from numpy.typing import NDArray

from hw.commands import UNITS
from hw.rtl import RtlRun
from sim.model.engine import ModelRun


def first_mismatch(layer: str, actual: NDArray[np.int8], expected: NDArray[np.int8]) -> str | None:
    """Where two (height, width, channels) tensors differ first, or None."""
    if actual.shape != expected.shape:
        return f"{layer}: shape {actual.shape} instead of {expected.shape}"
    places = np.argwhere(actual != expected)
    if not len(places):
        return None
    row, column, channel = places[0]
    return (f"{layer}: {len(places)} elements differ, first at row {row}, column {column}, channel {channel}:"
            f" {actual[row, column, channel]} instead of {expected[row, column, channel]}")


def compare(model: ModelRun, rtl: RtlRun) -> list[str]:
    """What the model says otherwise than the RTL: a line each; empty if they are equal."""
    differences = [f"{what} {ours:,} instead of {theirs:,}" for what, ours, theirs in (
        ("total cycles", model.cycles, rtl.cycles), ("bytes read", model.read_bytes, rtl.read_bytes),
        ("bytes written", model.write_bytes, rtl.write_bytes)) if ours != theirs]
    for unit in UNITS:
        times = model.units[unit]
        for what, ours, theirs in (("start", times.started, rtl.started[unit]), ("end", times.ended, rtl.ended[unit])):
            if len(ours) != len(theirs):
                differences.append(f"{unit}: {len(ours)} commands with a {what} instead of {len(theirs)}")
            differences += [f"{what} of {unit} command {number}: {our} instead of {their}"
                            for number, (our, their) in enumerate(zip(ours, theirs, strict=False)) if our != their]
    return differences
