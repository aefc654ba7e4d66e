"""torchvision's ImageNet MobileNetV2 on scikit-image's pictures: float and int8 know a cat and an espresso.

ImageNet's classes (ILSVRC 2012, torchvision's order): 281–285 are the domestic cats, 967 is espresso.
"""

import numpy as np
import pytest

from golden.image import IMAGENET, fit, load_pixels, normalisation_of, quantise_picture, read_picture
from golden.labels import read_labels, top
from golden.open_model import open_model
from golden.ptq import calibrate, load_mobilenet_v2, quantise
from tests.golden.wheels import CALIBRATION, LABELS, PICTURES, WEIGHTS, needs_weights

pytest.importorskip("PIL", reason="the optional package pillow is not installed")

pytestmark = needs_weights

WANTED = {"chelsea": range(281, 286), "coffee": range(967, 968)}
NAMES = {"chelsea": "cat|tabby", "coffee": "espresso"}


def real(path) -> np.ndarray:
    return IMAGENET.apply(fit(load_pixels(path), 224, 224))


@pytest.fixture(scope="module")
def floats():
    return load_mobilenet_v2(WEIGHTS)


@pytest.fixture(scope="module")
def int8(floats):
    return quantise(floats, calibrate(floats, map(real, CALIBRATION)))


@pytest.mark.parametrize("name", WANTED)
def test_float(floats, name):
    probabilities = floats.run(real(PICTURES / f"{name}.png")).ravel()
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    best = np.argsort(-probabilities)[:5]
    print(name, "float", [(int(i), round(float(probabilities[i]), 3)) for i in best])
    assert best[0] in WANTED[name]


@pytest.mark.parametrize("name", WANTED)
def test_int8(int8, name):
    assert normalisation_of(int8) == "imagenet"
    labels = read_labels(LABELS)
    guesses = top(int8, int8.run(read_picture(int8, PICTURES / f"{name}.png")), labels=labels)
    print(name, "int8", *guesses, sep="\n")
    assert len(guesses) == 5
    assert guesses[0].index in WANTED[name]
    assert any(word in (guesses[0].label or "") for word in NAMES[name].split("|"))


@pytest.mark.parametrize("name", WANTED)
def test_scores_of_int8_are_near_those_of_float(floats, int8, name):
    """At least 14 dB of signal to noise in the 1000 scores; 18 measured."""
    x = real(PICTURES / f"{name}.png")
    expected = dict(floats.trace(x))["predictions"].astype(float)
    port = int8.port("predictions")
    scores = dict(int8.trace(quantise_picture(int8, x)))["predictions"].astype(float)
    noise = (scores - port.zero_point) * port.scale - expected
    ratio = 10 * np.log10((expected**2).sum() / (noise**2).sum())
    print(f"{name}: {ratio:.1f} dB")
    assert ratio > 14


def test_a_wheel_opens_as_a_model(int8):
    """The command line's way gives the same model."""
    model = open_model(WEIGHTS, CALIBRATION[:1])
    assert model.network == int8.network
    assert model.layer("Conv1").weights.shape == (3, 3, 3, 32)
