"""Prints README's figures: the table of MobileNetV1's pairs, and all of it. `python -m tests.readme_table`."""

from golden.networks import mobilenet_v1
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


def network_line() -> str:
    config = PRESETS["pe256"]
    source = Source(title="", network=mobilenet_v1())
    run = plan_network(source, config, MemoryTiming()).run
    share = source.network.macs / (engine_lanes(config) * run.cycles)
    return f"{run.cycles:,} cycles, {share:.1%} of all lanes busy with MACs"


if __name__ == "__main__":
    print(table())
    print(network_line())
