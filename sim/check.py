"""Holds a run in RTL against the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from hw.commands import UNITS
from hw.rtl import RtlRun
from sim.account import StallAccount
from sim.model.engine import ModelRun

Account = Mapping[str, Mapping[str, int]]


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
    if rtl.account is None:
        return differences
    spent = StallAccount(model)
    ours = spent.units() if rtl.layer is None else spent.layer(rtl.layer)
    return differences + compare_accounts(ours, rtl.account)


def compare_accounts(model: Account, rtl: Account) -> list[str]:
    """The keys of the stall account in which they differ: a line each."""
    return [f"cycles of {unit}, {key}: {ours:,} instead of {rtl[unit][key]:,}"
            for unit, keys in model.items() for key, ours in keys.items() if ours != rtl[unit][key]]


def rtl_units(rtl: RtlRun) -> dict[str, Any]:
    """Of a report, what the hardware's counters say of the units, if it has any."""
    return {} if rtl.account is None else {"units": rtl.account, "units_from": "hardware counters"}


def cycles_line(model: ModelRun, rtl: RtlRun, differences: Sequence[str]) -> str:
    """The total of both, and what `compare` found."""
    account = "" if rtl.account is None else " and in the stall account"
    verdict = differences[0] if differences else f"equal in total, in each command, in DRAM traffic{account}"
    return f"  RTL {rtl.cycles:,} cycles, model {model.cycles:,}: {verdict}"
