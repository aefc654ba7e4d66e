"""Golden is the yardstick of every test, so it must be quick: bars in units of `python -c 'import numpy'`."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


def seconds(code: str, attempts: int = 3) -> float:
    """Least wall time of a fresh interpreter on one core."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    times = []
    for _ in range(attempts):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture(scope="module")
def numpy_seconds():
    return seconds("import numpy", 5)


def test_v2_runs_within_20_imports_of_numpy(numpy_seconds):
    assert seconds(RUN) <= 20 * numpy_seconds


def test_a_4_mb_file_is_imported_within_a_third_of_that(numpy_seconds, tmp_path):
    path = tmp_path / "large.tflite"
    path.write_bytes(write_file(mobilenet_v1(), 0, Style()))
    assert path.stat().st_size > 4_000_000
    code = f"from golden.importer import load_tflite; load_tflite({str(path)!r})"
    assert seconds(code) <= 20 / 3 * numpy_seconds


def test_networks_cost_little_beyond_numpy(numpy_seconds):
    assert seconds("import golden.networks; golden.networks.mobilenet_v2()") <= 3 * numpy_seconds
