"""README's figures: MobileNetV1's pairs, then whole networks. `make bench` writes them there."""

import re

from golden.networks import mobilenet_v1
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.network_run import plan_network
from sim.report import engine_lanes
from sim.search import plan
from sim.work import Source
from tests.bench.networks import NETWORKS
from tests.bench.page import table

BLOCKS = (1, 2, 3, 5, 7, 13)


def tables() -> list[str]:
    """As the model has them; the RTL is equal."""
    return [pairs(), networks()]


def pairs() -> str:
    config, network, rows = PRESETS["pe256"], mobilenet_v1(), []
    for block in BLOCKS:
        pair = network.pair(f"conv_dw_{block}")
        assert pair is not None
        run = plan(pair, config, MemoryTiming()).run
        macs = sum(spec.macs for spec in pair)
        rows.append((f"`{pair[0].name}` → `{pair[1].name}`", "×".join(map(str, pair[1].output_shape)),
                     f"{run.cycles:,}", f"{macs / (engine_lanes(config) * run.cycles):.1%}",
                     f"{run.read_bytes + run.write_bytes:,}"))
    return table(("pair", "output", "cycles", "MACs ÷ (all lanes × cycles)", "DRAM bytes"), rows, left=2)


def networks() -> str:
    config, rows = PRESETS["pe256"], []
    for title, network in NETWORKS.items():
        run = plan_network(Source(title=title, network=network), config, MemoryTiming()).run
        rows.append((title, f"{run.cycles:,}", f"{network.macs / (engine_lanes(config) * run.cycles):.1%}",
                     f"{run.read_bytes + run.write_bytes:,}"))
    return table(("network", "cycles", "MACs ÷ (all lanes × cycles)", "DRAM bytes"), rows)


def renewed(text: str) -> str:
    """The text with its tables that have the heads of ours replaced by ours. Raises `ValueError` if one is missing."""
    for made in tables():
        head = re.escape(made.split("\n", 1)[0])
        text, found = re.subn(rf"^{head}\n(\|.*\n)+", lambda _, made=made: made + "\n", text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{found} tables begin with {made.splitlines()[0]!r}, not 1")
    return text
