"""`docs/performance.md`: what was measured, as tables beside what others publish."""

import os
import platform
from collections.abc import Sequence

from hw.account import KEYS
from sim.account import StallAccount
from tests.bench import peers
from tests.bench.best import Found
from tests.bench.design_space import Rate
from tests.bench.networks import Measured
from tests.bench.speed import Timed

INTRODUCTION = """\
# Performance

Made by `make bench`, which measures all of it; nothing here is written by hand but what others publish
(`tests/bench/peers.py` names the sources).

*Utilisation* always means: MACs of the network ÷ (all lanes, pointwise and depthwise × cycles from start to interrupt),
DRAM in the loop, batch 1. The memory is the default one: read latency 40 cycles, 8 bytes a cycle.
"""

BEST = """\
The same for the engine that suits each network best, of those with as many MACs a cycle, 2 or 4 depthwise channels, at
most 512 KiB of memory and a bus of 64 bits (`python -m tests.bench.best` tries them all on the model):
"""

def page(networks: Sequence[Measured], best: Sequence[Found], speeds: Sequence[Timed], rates: Sequence[Rate]) -> str:
    """All of the page."""
    return "\n".join([
        INTRODUCTION, "## Utilisation", "", utilisation(networks), "", BEST, engines(best),
        "\nPeers, from the figures they state; compute-only figures are left out:\n",
        table(("system", "V1", "V2", "VWW"), peers.UTILISATION),
        "\n## Where the cycles went\n", stalls(networks),
        "\n## Error of the cycle model\n", error(networks),
        "\nPeers' models, as their papers state:\n",
        table(("model", "compared", "error"), peers.MODEL_ERROR),
        "\n## Speed of the model\n", machine(), "", speed(speeds), "",
        table(("what", "measured", "bar"), [(row.what, row.found, row.bar) for row in rates]),
        "\nOthers on MobileNetV1 1.0-224, each a whole process on an idle 2-core machine:\n",
        table(("explorer", "its cycles", "wall time", "peak memory"), peers.MODEL_SPEED), ""])


def utilisation(networks: Sequence[Measured]) -> str:
    """In RTL, each network bit-exact or not."""
    return table(
        ("network", "configuration", "cycles in RTL", "utilisation", "DRAM bytes", "frames/s at 100 MHz", "bit-exact"),
        [(run.title, f"`{run.config.name}`", f"{run.rtl.cycles:,}", f"{run.utilisation:.1%}",
          f"{run.rtl.read_bytes + run.rtl.write_bytes:,}", f"{1e8 / run.rtl.cycles:,.1f}",
          "yes" if not run.wrong else run.wrong[0]) for run in networks], left=2)


def engines(best: Sequence[Found]) -> str:
    """Each network on the engine that suits it best."""
    return table(("network", "its best engine", "cycles", "utilisation"), [
        (item.title, f"`{item.settings}`", f"{item.cycles:,}", f"{item.utilisation:.1%}") for item in best], left=2)


def stalls(networks: Sequence[Measured]) -> str:
    """Share of each key in the cycles of the two datapaths."""
    return table(("network", "unit", *KEYS), [
        (run.title, unit, *(f"{cycles / run.rtl.cycles:.1%}" if cycles else "·" for cycles in keys.values()))
        for run in networks for unit, keys in StallAccount(run.planned.run).units().items()
        if unit in ("depthwise", "pointwise")],
        left=2)


def error(networks: Sequence[Measured]) -> str:
    """Model against RTL, no tolerance."""
    return table(("network", "cycles, model", "cycles, RTL", "commands compared", "differences"), [
        (run.title, f"{run.planned.run.cycles:,}", f"{run.rtl.cycles:,}", f"{run.commands:,}",
         f"{len(run.differences):,}") for run in networks])


def speed(speeds: Sequence[Timed]) -> str:
    """In units of NumPy's import, which ran in turn with each."""
    return table(("what", "seconds", "× `import numpy`", "bar"), [
        (row.what, f"{row.seconds:.2f}", f"{row.ratio:.1f}", row.bar) for row in speeds])


def machine() -> str:
    return (f"Fresh processes on {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()};"
            " the least of several runs, NumPy's import in turn with each:")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """As Markdown; the first `left` columns on the left, the others on the right."""
    rule = ["---" if column < left else "---:" for column in range(len(heads))]
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'|'.join(rule)}|", *(f"| {' | '.join(row)} |" for row in rows)])
