"""Hashes of the sources that results follow from: what was made from others is made anew."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("golden", "hw", "sim")
NOT_OF_THE_MODEL = ("hw/gateware", "hw/fpga", "hw/harness", "hw/driver", "sim/explore", "golden/tables", "golden/ptq")
OF_THE_GATEWARE = ("hw/gateware", "hw/commands.py", "hw/faults.py", "hw/latency.py", "hw/multipliers.py",
                   "hw/registers.py", "hw/verilog.py")


@cache
def model_hash() -> str:
    """Of what a point's time follows from: networks, compiler, search and model."""
    return _hash(name for name in _all() if not name.startswith(NOT_OF_THE_MODEL))


@cache
def gateware_hash() -> str:
    """Of what turns a configuration into Verilog."""
    return _hash(name for name in _all() if name.startswith(OF_THE_GATEWARE))


def _all() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES
                  for path in (ROOT / package).rglob("*.py"))


def _hash(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + (ROOT / name).read_bytes())
    return digest.hexdigest()[:16]
