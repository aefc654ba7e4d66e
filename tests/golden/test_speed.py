"""Golden is the yardstick of every test, so it must be quick: bars in units of `python -c 'import numpy'`."""

import os
import subprocess
import sys
import time
from pathlib import Path

from golden.networks import mobilenet_v1
from tests.golden.whole_files import Style, write_file

ROOT = Path(__file__).resolve().parents[2]
RUN = """
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
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - start


def ratio(code: str) -> float:
    """Time of `code` in imports of NumPy: the least of several, in turn, since the machine has other work."""
    times = [(seconds("import numpy"), seconds(code)) for _ in range(5)]
    return min(ours for _, ours in times) / min(numpy for numpy, _ in times)


def test_v2_runs_within_20_imports_of_numpy():
    assert ratio(RUN) <= 20


def test_a_4_mb_file_is_imported_within_a_third_of_that(tmp_path):
    path = tmp_path / "large.tflite"
    path.write_bytes(write_file(mobilenet_v1(), 0, Style()))
    assert path.stat().st_size > 4_000_000
    assert ratio(f"from golden.importer import load_tflite; load_tflite({str(path)!r})") <= 20 / 3


def test_networks_cost_little_beyond_numpy():
    assert ratio("import golden.networks; golden.networks.mobilenet_v2()") <= 3
