"""Model files to `golden.model.Model`."""

from golden.importer.tflite_import import load_tflite, parse_tflite
from golden.model import ModelError

__all__ = ["ModelError", "load_tflite", "parse_tflite"]
