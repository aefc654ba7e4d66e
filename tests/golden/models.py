"""Real models on disk: those of SEPCONV_MODELS, or of `../shared/models` beside the repository."""

import os
from pathlib import Path

import pytest

from golden.importer import load_tflite
from golden.model import ModelError

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("SEPCONV_MODELS") or _ROOT.parent / "shared" / "models")
OWN = (
    "cfu_mobilenetv2_160_035",
    "coral_mobilenet_v1_0.25_128_quant",
    "tflm_person_detect_qdim0",
    "tiny_vww_96_int8",
)
FILES = sorted(FOLDER.glob("*.tflite"))
ABSENT = f"no .tflite files in {FOLDER.name}/: set SEPCONV_MODELS to a folder that has some"


def load(path):
    """The model of that file; a file that is not one of `OWN` may hold what is not supported: skip."""
    try:
        return load_tflite(path)
    except ModelError as error:
        if path.stem in OWN:
            raise
        pytest.skip(str(error))


def model_rows():
    """One row per model file, or one skipped row with the reason."""
    return [pytest.param(path, id=path.stem) for path in FILES] or [_skipped()]


def input_rows():
    """One row per (model file, stored input), or one skipped row with the reason."""
    pairs = [(path, x) for path in FILES for x in sorted(FOLDER.glob(f"inputs/{path.stem}__*.npy"))]
    return [pytest.param(*pair, id=pair[1].stem) for pair in pairs] or [_skipped(2)]


def _skipped(arguments=1):
    return pytest.param(*[None] * arguments, id="absent", marks=pytest.mark.skip(reason=ABSENT))
