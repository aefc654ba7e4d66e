"""What the arguments of a command line ask for: engine, memory and network."""

from argparse import Namespace
from collections.abc import Sequence

from golden.layer import LayerSpec
from hw.config import EngineConfig, load_config
from hw.memory_timing import MemoryTiming, parse_memory
from sim.work import RequestError, Source, open_source


def open_all(args: Namespace) -> tuple[Source, EngineConfig, MemoryTiming]:
    config, memory = open_engine(args)
    return open_network(args), config, memory


def open_engine(args: Namespace) -> tuple[EngineConfig, MemoryTiming]:
    config, memory = load_config(args.config), parse_memory(args.memory)
    memory.beat_spacing(config)
    return config, memory


def open_network(args: Namespace) -> Source:
    return open_source(name=args.network, alpha=args.alpha, resolution=args.resolution, model=args.model,
                       calibration=args.calibrate or ())


def title_of(specs: Sequence[LayerSpec], stripe_rows: int) -> str:
    what = f"{specs[0].name} alone" if len(specs) == 1 else " → ".join(spec.name for spec in specs) + ", fused"
    return f"{what}, {stripe_rows} rows at a time"


def check_program(args: Namespace) -> None:
    if args.layers or args.model:
        raise RequestError("--program is run as it was compiled: give no LAYER and no --model")
