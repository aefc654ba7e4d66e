"""The lines of a running network: one per layer, when all of it is done."""

import re

import pytest

from golden.networks import mobilenet_v1
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.network_run import plan_network
from sim.progress import Progress
from sim.work import Source


def test_a_line_for_each_layer_as_its_last_command_ends(capsys: pytest.CaptureFixture[str]) -> None:
    planned = plan_network(Source(title="", network=mobilenet_v1(0.25, 32)), PRESETS["pe64"], MemoryTiming())
    progress = Progress(planned.program, planned.run.cycles, planned.program.tensors)
    events = sorted((cycle, kind, unit) for unit, times in planned.run.units.items()
                    for kind, cycles in (("started", times.started), ("ended", times.ended)) for cycle in cycles)
    last: dict[str, int] = {}
    for times in planned.run.units.values():
        for command, end in zip(times.commands, times.ended, strict=True):
            name = planned.program.layers[command.layer]
            last[name] = max(last.get(name, 0), end)
    seen: dict[str, int] = {}
    for cycle, kind, unit in events:
        progress(kind, unit, cycle)
        for line in capsys.readouterr().err.splitlines():
            found = re.fullmatch(r"  (\w+) +ended in cycle +([\d,]+), +(\d+)%, (bit-exact|on chip)", line)
            assert found
            assert (found[4] == "bit-exact") == (found[1] in planned.program.tensors)
            assert int(found[2].replace(",", "")) == cycle
            assert int(found[3]) == pytest.approx(100 * cycle / planned.run.cycles, abs=0.5)
            seen[found[1]] = cycle
    assert seen == last
    assert list(seen) == sorted(seen, key=lambda name: seen[name])
    assert set(seen) == set(planned.program.layers)
