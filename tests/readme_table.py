"""Prints README's figures: MobileNetV1's pairs, then whole networks. `python -m tests.readme_table`."""

from golden.networks import mobilenet_v1, mobilenet_v2
from hw.config import PRESETS
from hw.memory_timing import MemoryTiming
from sim.network_run import plan_network
from sim.report import engine_lanes
from sim.search import plan
from sim.work import Source

BLOCKS = (1, 2, 3, 5, 7, 13)


def table() -> str:
    config, network = PRESETS["pe256"], mobilenet_v1()
    lines = ["| pair | output | cycles | MACs ÷ (all lanes × cycles) | DRAM bytes |", "|---|---|---:|---:|---:|"]
    for block in BLOCKS:
        pair = network.pair(f"conv_dw_{block}")
        assert pair is not None
        run = plan(pair, config, MemoryTiming()).run
        macs = sum(spec.macs for spec in pair)
        shape = "×".join(map(str, pair[1].output_shape))
        lines.append(f"| `{pair[0].name}` → `{pair[1].name}` | {shape} | {run.cycles:,} |"
                     f" {macs / (engine_lanes(config) * run.cycles):.1%} | {run.read_bytes + run.write_bytes:,} |")
    return "\n".join(lines)


def networks() -> str:
    config = PRESETS["pe256"]
    lines = ["| network | cycles | MACs ÷ (all lanes × cycles) | DRAM bytes |", "|---|---:|---:|---:|"]
    for title, network in (("MobileNetV1 1.0-224", mobilenet_v1()), ("MobileNetV2 1.0-224", mobilenet_v2())):
        run = plan_network(Source(title=title, network=network), config, MemoryTiming()).run
        share = network.macs / (engine_lanes(config) * run.cycles)
        lines.append(f"| {title} | {run.cycles:,} | {share:.1%} | {run.read_bytes + run.write_bytes:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), networks(), sep="\n\n")
