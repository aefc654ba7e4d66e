"""What separable convolutions save on the engine: MobileNetV1 against the same network with full convolutions."""

from argparse import Namespace
from typing import Any

from golden.conv_mobilenet import conv_mobilenet
from golden.layer import LayerSpec
from golden.mobilenet_v1 import mobilenet_v1
from golden.network import Network
from hw.config import EngineConfig, load_config
from hw.memory_timing import MemoryTiming, parse_memory
from sim.cli import write_report
from sim.network_run import plan_network
from sim.report import aligned, engine_line, heading, shape_text
from sim.search import plan
from sim.statuses import OK
from sim.work import RequestError, Source


def run_ratio(args: Namespace) -> int:
    """Cycles of each separable pair and of the network against full convolutions, beside 1/N + 1/D²."""
    config, memory = load_config(args.config), parse_memory(args.memory)
    memory.beat_spacing(config)
    try:
        separable, full = (made(args.alpha, args.resolution) for made in (mobilenet_v1, conv_mobilenet))
    except ValueError as error:
        raise RequestError(str(error)) from None
    rows = [_pair(separable, spec, config, memory) for spec in full.layers if spec.name.startswith("conv_")
            and spec.op == "conv"]
    whole = _whole(separable, full, config, memory)
    title = f"MobileNetV1 and Conv MobileNet {args.alpha:g}-{args.resolution}"
    report = heading(title, config, memory, args.clock_mhz) | {"pairs": rows, "total": whole}
    write_report(report, _text(title, rows, whole, engine_line(config, memory, args.clock_mhz)), args.json)
    return OK


def _pair(separable: Network, full: LayerSpec, config: EngineConfig, memory: MemoryTiming) -> dict[str, Any]:
    """A separable pair and the convolution with its input and output, each alone from DRAM to DRAM."""
    pair = separable.pair(full.name.replace("conv_", "conv_dw_"))
    assert pair is not None
    taps = full.kernel[0] * full.kernel[1]
    row = _compared(sum(spec.macs for spec in pair), full.macs, plan(pair, config, memory).run.cycles,
                    plan((full,), config, memory).run.cycles)
    return {"pair": [spec.name for spec in pair], "convolution": full.name, "shape": shape_text(full),
            "theory": 1 / full.output_shape[2] + 1 / taps} | row


def _whole(separable: Network, full: Network, config: EngineConfig, memory: MemoryTiming) -> dict[str, Any]:
    """Both networks, each as one program."""
    cycles = [plan_network(Source(title=network.name, network=network), config, memory).run.cycles
              for network in (separable, full)]
    return _compared(separable.macs, full.macs, *cycles)


def _compared(macs: int, full_macs: int, cycles: int, full_cycles: int) -> dict[str, Any]:
    return {"macs": macs, "full_macs": full_macs, "macs_ratio": macs / full_macs,
            "cycles": cycles, "full_cycles": full_cycles, "cycles_ratio": cycles / full_cycles}


def _text(title: str, rows: list[dict[str, Any]], whole: dict[str, Any], engine: str) -> str:
    table = [("separable", "full", "shape", "cycles", "of full", "measured", "1/N + 1/D²")]
    table += [(" → ".join(row["pair"]), row["convolution"], row["shape"], f"{row['cycles']:,}",
               f"{row['full_cycles']:,}", f"{row['cycles_ratio']:.4f}", f"{row['theory']:.4f}") for row in rows]
    table.append(("whole network", "", "", f"{whole['cycles']:,}", f"{whole['full_cycles']:,}",
                  f"{whole['cycles_ratio']:.4f}", ""))
    return "\n".join([
        f"{title} on {engine}", "", *aligned(table, left=3), "",
        (f"Multiply-accumulates of the networks: {whole['macs']:,} ÷ {whole['full_macs']:,} ="
         f" {whole['macs_ratio']:.4f}. A pair's are 1/N + 1/D² of a full convolution's by definition."),
        "Pairs and convolutions run alone, from DRAM to DRAM; networks as one program each.",
    ])
