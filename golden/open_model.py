"""Any model file to a `Model`, by its suffix."""

from collections.abc import Sequence
from pathlib import Path

from golden.model import Model, ModelError

SUFFIXES = (".tflite", ".onnx", ".pth", ".whl")


def open_model(path: str | Path, calibration: Sequence[str | Path] = ()) -> Model:
    """The model in a file.

    Parameters
    ----------
    path: `.tflite`; `.onnx` (QDQ int8); torchvision's float MobileNetV2 as `.pth`, or a wheel that holds one
    calibration: pictures on which a float model is quantised, unused otherwise

    Raises
    ------
    ModelError
        When the file cannot be read or is not supported, or a float model has no pictures.
    """
    suffix = Path(path).suffix.lower()
    # Only those who import a file pay for its package.
    if suffix == ".onnx":
        from golden.onnx_import import load_onnx

        return load_onnx(path)
    if suffix in (".pth", ".whl"):
        return _quantised(path, calibration)
    if suffix != ".tflite" and Path(path).is_file() and not _is_tflite(path):
        raise ModelError(f"{path} is not a model file; supported are {', '.join(SUFFIXES)}")
    from golden.importer import load_tflite

    return load_tflite(path)


def _quantised(path: str | Path, calibration: Sequence[str | Path]) -> Model:
    from golden.image import IMAGENET, fit, load_pixels
    from golden.ptq import calibrate, load_mobilenet_v2, quantise

    if not calibration:
        raise ModelError(f"{path} holds float weights: name pictures to calibrate the quantiser on")
    model = load_mobilenet_v2(path)
    height, width, _ = model.network.input_shape
    pictures = (IMAGENET.apply(fit(load_pixels(picture), height, width)) for picture in calibration)
    return quantise(model, calibrate(model, pictures))


def _is_tflite(path: str | Path) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(8)[4:] == b"TFL3"
    except OSError:
        return True  # load_tflite says why
