"""Models a user can install: `make models` puts them into build/models."""

from pathlib import Path

INSTALLED = sorted((Path(__file__).resolve().parents[1] / "build" / "models").glob("*.tflite"))
