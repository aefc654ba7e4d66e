"""Holds a run in RTL against the model."""

from collections.abc import Sequence

from hw.commands import UNITS
from hw.rtl import RtlRun
from sim.model.engine import ModelRun


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


def cycles_line(model: ModelRun, rtl: RtlRun, differences: Sequence[str]) -> str:
    """The total of both, and what `compare` found."""
    verdict = differences[0] if differences else "equal in total, in each command and in DRAM traffic"
    return f"  RTL {rtl.cycles:,} cycles, model {model.cycles:,}: {verdict}"
