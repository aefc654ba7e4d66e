"""Whole networks in the generated Verilog: is each bit-exact, and equal to the model in every command?"""

from dataclasses import dataclass

from golden.network import Network
from golden.networks import mobilenet_v1, mobilenet_v2
from hw.config import PRESETS, EngineConfig
from hw.memory_timing import MemoryTiming
from hw.rtl import RtlRun, run_rtl
from sim.check import compare
from sim.network_run import Comparison, NotExactError, PlannedNetwork, engine_input, plan_network, whole_model
from sim.report import engine_lanes
from sim.work import Source, seeded_picture

SEED = 0

NETWORKS: dict[str, Network] = {
    "MobileNetV1 1.0-224": mobilenet_v1(),
    "MobileNetV2 1.0-224": mobilenet_v2(),
    "Visual wake words (V1 0.25-96, 2 classes)": mobilenet_v1(alpha=0.25, resolution=96, classes=2),
}
"""What utilisation is measured on: DRAM in the loop, batch 1, weights and picture seeded."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A network in RTL beside the model; `commands` of them were compared, start and end of each."""

    title: str
    config: EngineConfig
    planned: PlannedNetwork
    rtl: RtlRun
    macs: int
    wrong: list[str]
    differences: list[str]

    @property
    def commands(self) -> int:
        return len(self.planned.program.commands)

    @property
    def utilisation(self) -> float:
        """MACs ÷ (all lanes × cycles from start to interrupt), the RTL's cycles."""
        return self.macs / (engine_lanes(self.config) * self.rtl.cycles)


def measure(title: str, config: EngineConfig = PRESETS["pe256"]) -> Measured:
    """Runs the network of that title in RTL, from picture to scores."""
    source, timing = Source(title=title, network=NETWORKS[title]), MemoryTiming()
    model = whole_model(source, SEED)
    planned = plan_network(source, config, timing, seed=SEED)
    picture = seeded_picture(model, SEED)
    rtl = run_rtl(planned.program, engine_input(model, picture, planned.specs, "double"), timing)
    comparison, wrong = Comparison(model, picture, "double"), []
    try:
        for tensor in planned.program.stored.values():
            comparison(tensor.name, tensor.unpack(rtl.memory))
    except NotExactError as error:
        wrong.append(str(error))
    return Measured(title=title, config=config, planned=planned, rtl=rtl, macs=sum(spec.macs for spec in planned.specs),
                    wrong=wrong, differences=compare(planned.run, rtl))
