"""How long things take on this machine, in units of `python -c 'import numpy'` beside them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from golden.networks import mobilenet_v1
from tests.golden.whole_files import Style, write_file

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
NUMPY = "import numpy"

GOLDEN = """
from golden.networks import mobilenet_v2
from golden.synthetic import synthesise_input
from golden.synthetic_model import synthesise_model
model = synthesise_model(mobilenet_v2(), 0)
model.run(synthesise_input((224, 224, 3), 0, zero_point=-1))
"""


def seconds(code: str) -> float:
    """Wall time of a fresh interpreter on one core."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def programs(model: Path) -> Iterator[tuple[str, str, str]]:
    """(what, code, bar) of each measurement."""
    yield "golden: MobileNetV2 1.0-224, synthesised and run", GOLDEN, "20"
    load = f"from golden.importer import load_tflite; load_tflite({str(model)!r})"
    yield "golden: import of a 4 MB .tflite", load, "6.7"
    yield "sepconv sim conv_dw_5", "from sim.cli import main; main(['sim', 'conv_dw_5'])", "10"
    yield "sepconv sim, all of MobileNetV1 1.0-224", "from sim.cli import main; main(['sim'])", "10"


@dataclass(frozen=True)
class Timed:
    """The least seconds of a fresh process, and of one that only imports NumPy, run in turn; `bar`: the most wanted."""

    what: str
    seconds: float
    numpy: float
    bar: str

    @property
    def ratio(self) -> float:
        return self.seconds / self.numpy


def measure() -> Iterator[Timed]:
    """Each of `programs`, as it is done."""
    with tempfile.TemporaryDirectory() as directory:
        model = Path(directory) / "large.tflite"
        model.write_bytes(write_file(mobilenet_v1(), 0, Style()))
        for what, code, bar in programs(model):
            # In turn, since the machine may have other work; the least of each is the least disturbed.
            pairs = [(seconds(NUMPY), seconds(code)) for _ in range(ROUNDS)]
            numpy, ours = (min(column) for column in zip(*pairs, strict=True))
            yield Timed(what, ours, numpy, bar)
