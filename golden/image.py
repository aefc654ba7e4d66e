"""Pictures to a model's input: load, resize, crop, normalise, quantise.

Pillow reads and resizes (optional: `pip install sepconv[image]`); the rest is NumPy.
"""

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.host import Quantise
from golden.model import Model, ModelError, picture_shape

MAX_PIXELS = 1 << 26
RESIZE = 8 / 7
"""Shorter side of the resized picture to the crop's: torchvision's 256 to 224, TF-Slim's central 0.875."""

_BROKEN = (ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, EOFError, MemoryError, RuntimeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """real = (pixel − mean) ÷ deviation, pixels 0 … 255; each of one value, or of one per channel."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def limits(self) -> tuple[float, float]:
        """Real values of the darkest and the brightest pixel, over the channels."""
        pairs = list(zip(self.mean, self.deviation, strict=True))
        return min(-mean / deviation for mean, deviation in pairs), max((255 - m) / d for m, d in pairs)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 (h, w, c) of uint8 (h, w, c)."""
        real = (pixels.astype(np.float64) - np.array(self.mean)) / np.array(self.deviation)
        return real.astype(np.float32)


IMAGENET = Normalisation(mean=(123.675, 116.28, 103.53), deviation=(58.395, 57.12, 57.375))
"""torchvision's: mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225) of pixels 0 … 1."""

NORMALISATIONS: Mapping[str, Normalisation] = {
    "raw": Normalisation(mean=(0,), deviation=(1,)),
    "unit": Normalisation(mean=(0,), deviation=(255,)),
    "signed": Normalisation(mean=(127.5,), deviation=(127.5,)),
    "imagenet": IMAGENET,
}
"""By name: 0 … 255, 0 … 1, −1 … 1 (Keras' and TF-Slim's MobileNets), torchvision's."""


def normalisation_of(model: Model) -> str:
    """Name of the normalisation whose limits are nearest to what the model's input can hold.

    An 8-bit input holds scale · (−128 − zero point … 127 − zero point); a float32 input what the quantisation
    that begins the model lets through. Files do not say more: where this is not right, name another one.

    Raises
    ------
    ModelError
        When the input is float32 and not quantised at once.
    """
    first = model.nodes[0]
    if model.input.dtype == "float32":
        if not isinstance(first, Quantise):
            raise ModelError("the model does not say how its float32 input is normalised; name a normalisation")
        scale, zero_point = first.scale, first.zero_point
    else:
        scale, zero_point = _quantisation(model)
    low, high = scale * (-128 - zero_point), scale * (127 - zero_point)

    def distance(name: str) -> float:
        least, most = NORMALISATIONS[name].limits
        return max(abs(least - low), abs(most - high)) / (most - least)

    return min(NORMALISATIONS, key=distance)


def load_pixels(path: str | Path, *, grey: bool = False) -> NDArray[np.uint8]:
    """uint8 (h, w, 3) RGB, or (h, w, 1) grey, of a picture file; turned upright as its EXIF data says.

    Raises
    ------
    ModelError
        When Pillow is missing, or the file cannot be read, is no picture or has more than `MAX_PIXELS`.
    """
    pillow = _pillow()
    operations = importlib.import_module("PIL.ImageOps")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but readable files
            with pillow.open(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise ModelError(f"{path}: pictures of at most {MAX_PIXELS} pixels are supported")
                pixels = np.asarray(operations.exif_transpose(opened).convert("L" if grey else "RGB"))
    except pillow.UnidentifiedImageError as error:
        raise ModelError(f"{path} is not a picture that Pillow knows") from error
    except pillow.DecompressionBombError as error:
        raise ModelError(f"{path}: {error}") from error
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    except _BROKEN as error:
        raise ModelError(f"{path} is broken: {error}") from error
    return pixels.reshape(*pixels.shape[:2], -1)


def fit(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (height, width, c): resized by `RESIZE` of the crop that it just covers (bilinear), centre-cropped."""
    pillow = _pillow()
    factor = RESIZE * max(height / pixels.shape[0], width / pixels.shape[1])
    size = (max(round(pixels.shape[1] * factor), width), max(round(pixels.shape[0] * factor), height))
    if size[0] * size[1] > MAX_PIXELS:
        raise ModelError(f"a picture of {pixels.shape[1]}×{pixels.shape[0]} pixels is too narrow to be cropped")
    flat = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    resized = np.asarray(pillow.fromarray(flat).resize(size, pillow.Resampling.BILINEAR))
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return resized.reshape(size[1], size[0], -1)[top : top + height, left : left + width]


def quantise_picture(model: Model, real: NDArray[np.float32]) -> NDArray[Any]:
    """Normalised values (h, w, c) as the model's input: its type and shape; half away from zero, saturated."""
    port = model.input
    if port.dtype == "float32":
        return real.reshape(port.shape)
    scale, zero_point = _quantisation(model)
    steps = real.astype(np.float64) / scale
    inside = np.clip(np.trunc(steps + np.copysign(0.5, steps)) + zero_point, -128, 127).astype(np.int8)
    return port.write(inside)


def read_picture(model: Model, path: str | Path, normalisation: str | None = None) -> NDArray[Any]:
    """The model's input from a picture file.

    Parameters
    ----------
    normalisation: one of `NORMALISATIONS`; without one, `normalisation_of` the model

    Raises
    ------
    ModelError
        As `load_pixels` and `normalisation_of` do, or when the model does not take 1 or 3 channels.
    """
    height, width, channels = picture_shape(model.input.shape)
    if channels not in (1, 3):
        raise ModelError(f"a picture has 1 or 3 channels, the model takes {channels}")
    name = normalisation or normalisation_of(model)
    if name not in NORMALISATIONS:
        raise ModelError(f"no normalisation {name!r}; there are {', '.join(NORMALISATIONS)}")
    chosen = NORMALISATIONS[name]
    if len(chosen.mean) not in (1, channels):
        raise ModelError(f"the normalisation {name} has {len(chosen.mean)} channels, the model takes {channels}")
    return quantise_picture(model, chosen.apply(fit(load_pixels(path, grey=channels == 1), height, width)))


def _quantisation(model: Model) -> tuple[float, int]:
    """Scale and zero point (int8 domain) of an 8-bit input; a synthesised one holds −1 … 1."""
    port = model.input
    if port.scale is None or port.zero_point is None:
        return 2 / 255, -1
    return port.scale, port.zero_point - (128 if port.dtype == "uint8" else 0)


def _pillow() -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ModelError("pictures need the package pillow: pip install 'sepconv[image]'") from error
