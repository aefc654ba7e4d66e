"""`make bench`: measures what the project claims, prints it, writes `docs/performance.md` and README's tables."""

import sys
from pathlib import Path

from tests.bench import design_space, networks, readme, speed
from tests.bench.best import best
from tests.bench.page import page

ROOT = Path(__file__).resolve().parents[2]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "performance.md"


def main() -> int:
    """The exit status: 1 if a network is not bit-exact, or the model differs from the RTL."""
    measured, timed = [], []
    for title in networks.NETWORKS:
        print(f"{title} in RTL ...", file=sys.stderr, flush=True)
        measured.append(networks.measure(title))
    for row in speed.measure():
        print(f"{row.what}: {row.seconds:.2f} s, {row.ratio:.1f} × import numpy", file=sys.stderr, flush=True)
        timed.append(row)
    rates = []
    for row in design_space.measure():
        print(f"{row.what}: {row.found}", file=sys.stderr, flush=True)
        rates.append(row)
    text = page(measured, [best(title) for title in networks.NETWORKS], timed, rates)
    print(text)
    PAGE.write_text(text)
    README.write_text(readme.renewed(README.read_text()))
    return any(run.wrong or run.differences for run in measured)


if __name__ == "__main__":
    sys.exit(main())
