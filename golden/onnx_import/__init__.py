"""ONNX files of QDQ int8 models to `golden.model.Model`."""

from golden.model import ModelError
from golden.onnx_import.onnx_file import load_onnx, parse_onnx

__all__ = ["ModelError", "load_onnx", "parse_onnx"]
