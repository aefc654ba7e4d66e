"""Pictures, normalisation, labels: from a file to the model's input and from its output to words."""

import contextlib
import importlib

import numpy as np
import pytest

from golden.host import Quantise
from golden.image import NORMALISATIONS, fit, load_pixels, normalisation_of, quantise_picture, read_picture
from golden.labels import labels_in, read_labels, top
from golden.layer import LayerSpec
from golden.model import Model, ModelError, Port
from golden.network import INPUT, Network
from golden.networks import network
from golden.synthetic_model import synthesise_model
from tests.golden.models import FOLDER, load
from tests.golden.torch_files import zipped

image = pytest.importorskip("PIL.Image", reason="the optional package pillow is not installed")


def model_of(*, dtype="uint8", scale=1 / 128, zero_point=128, shape=(1, 6, 8, 3), classes=None) -> Model:
    """A model of one host layer; only its ends matter here."""
    spec = LayerSpec(name="q", op="quantize", input_shape=shape[1:], output_shape=shape[1:])
    port = Port(name="x", dtype=dtype, shape=shape, scale=scale, zero_point=zero_point)
    end = Port(name="y", dtype="uint8", shape=(1, classes or 4), scale=1 / 256, zero_point=0)
    net = Network(name="n", layers=(spec,), inputs=((INPUT,),))
    node = Quantise(spec=spec, scale=1 / 128, zero_point=0)
    return Model(network=net, nodes=(node,), ports=(end,), input=port, output=end)


@pytest.mark.parametrize(
    ("scale", "zero_point", "dtype", "expected"),
    [
        (1 / 128, 128, "uint8", "signed"), (2 / 255, -1, "int8", "signed"), (1 / 255, -128, "int8", "unit"),
        (1 / 255, 0, "uint8", "unit"), (1.0, 0, "uint8", "raw"), (1.0, -128, "int8", "raw"),
        (0.0187, -14, "int8", "imagenet"), (0.0182, 116, "uint8", "imagenet"), (None, None, "int8", "signed"),
        (None, None, "float32", "signed"),
    ],
)  # fmt: skip
def test_normalisation_is_found(scale, zero_point, dtype, expected):
    assert normalisation_of(model_of(dtype=dtype, scale=scale, zero_point=zero_point)) == expected


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_normalisations(name):
    pixels = np.stack([np.zeros((1, 2)), np.full((1, 2), 100), np.full((1, 2), 255)], axis=-1).astype(np.uint8)
    got = NORMALISATIONS[name].apply(pixels)
    expected = {
        "raw": [0, 100, 255], "unit": [0, 100 / 255, 1], "signed": [-1, 100 / 127.5 - 1, 1],
        "imagenet": [-0.485 / 0.229, (100 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225],
    }[name]  # fmt: skip
    assert got.dtype == np.float32
    np.testing.assert_allclose(got[0, 1], expected, rtol=1e-6)
    low, high = NORMALISATIONS[name].limits
    assert low <= got.min() <= got.max() <= high


def test_quantised_as_the_port_says():
    real = np.linspace(-1.2, 1.2, 6 * 8 * 3, dtype=np.float32).reshape(6, 8, 3)
    for dtype, zero_point in (("uint8", 128), ("int8", 0)):
        x = quantise_picture(model_of(dtype=dtype, zero_point=zero_point), real)
        assert (str(x.dtype), x.shape) == (dtype, (1, 6, 8, 3))
        back = (x[0].astype(float) - zero_point) / 128
        np.testing.assert_allclose(back, np.clip(real, -1, 127 / 128), atol=0.5 / 128 + 1e-6)
    x = quantise_picture(model_of(dtype="float32"), real)
    np.testing.assert_array_equal(x, real[None], strict=True)


def test_half_steps_go_away_from_zero():
    x = quantise_picture(model_of(dtype="int8", scale=1.0, zero_point=0, shape=(1, 1, 3, 1)),
                         np.array([[[0.5], [-0.5], [1.5]]], dtype=np.float32))  # fmt: skip
    assert x.ravel().tolist() == [1, -1, 2]


@pytest.mark.parametrize("size", [(30, 40), (40, 30), (8, 200), (5, 7)])
@pytest.mark.parametrize("crop", [(6, 8), (8, 6), (16, 16)])
def test_fit_keeps_the_centre_and_the_aspect(size, crop):
    """A gradient stays one, symmetric about the middle, and spans 7/8 of the tighter side."""
    ramp = np.linspace(0, 255, size[0])[:, None] * np.ones(size[1])
    pixels = np.repeat(ramp.round().astype(np.uint8)[..., None], 3, axis=-1)
    got = fit(pixels, *crop)
    assert (got.dtype, got.shape) == (np.uint8, (*crop, 3))
    column = got[:, 0, 0].astype(int)
    assert (np.diff(column) >= 0).all()
    assert abs(column[0] + column[-1] - 255) <= 255 / crop[0]
    assert (got == got[:, :1]).all()


def test_files(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "p.png")
    np.testing.assert_array_equal(load_pixels(tmp_path / "p.png"), pixels, strict=True)
    assert load_pixels(tmp_path / "p.png", grey=True).shape == (20, 30, 1)
    image.fromarray(pixels).save(tmp_path / "p.jpg", quality=95)
    assert load_pixels(tmp_path / "p.jpg").shape == (20, 30, 3)
    image.fromarray(np.dstack([pixels, pixels[..., :1]])).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(load_pixels(tmp_path / "alpha.png"), pixels, strict=True)
    turned = image.Exif()
    turned[0x0112] = 6
    image.fromarray(pixels).save(tmp_path / "turned.png", exif=turned)
    np.testing.assert_array_equal(load_pixels(tmp_path / "turned.png"), np.rot90(pixels, -1), strict=True)


def test_read_picture(tmp_path):
    image.new("RGB", (64, 48), (255, 0, 128)).save(tmp_path / "p.png")
    x = read_picture(model_of(), tmp_path / "p.png")
    assert (x.dtype, x.shape) == (np.uint8, (1, 6, 8, 3))
    assert x[0, 3, 4].tolist() == [255, 0, 129]
    x = read_picture(model_of(shape=(1, 6, 8, 1)), tmp_path / "p.png", "unit")
    assert x.shape == (1, 6, 8, 1)
    model = synthesise_model(network("mobilenet_v1", alpha=0.25, resolution=32), 0)
    assert model.run(read_picture(model, tmp_path / "p.png")).shape == model.output.shape


def test_bad_pictures_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"cannot read .*absent.png: No such file"):
        load_pixels(tmp_path / "absent.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ModelError, match=r"text\.png is not a picture that Pillow knows"):
        load_pixels(tmp_path / "text.png")
    image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    content = (tmp_path / "p.png").read_bytes()
    for size in range(0, len(content), 97):
        (tmp_path / "cut.png").write_bytes(content[:size])
        with pytest.raises(ModelError):
            load_pixels(tmp_path / "cut.png")
    with pytest.raises(ModelError, match="too narrow"):
        fit(np.zeros((1, 60_000, 3), dtype=np.uint8), 224, 224)
    with pytest.raises(ModelError, match="a picture has 1 or 3 channels, the model takes 2"):
        read_picture(model_of(shape=(1, 4, 4, 2)), tmp_path / "p.png")
    with pytest.raises(ModelError, match="no normalisation 'odd'; there are raw, unit, signed, imagenet"):
        read_picture(model_of(), tmp_path / "p.png", "odd")
    with pytest.raises(ModelError, match="the normalisation imagenet has 3 channels, the model takes 1"):
        read_picture(model_of(shape=(1, 4, 4, 1)), tmp_path / "p.png", "imagenet")
    monkeypatch.setattr("golden.image.MAX_PIXELS", 2000)
    with pytest.raises(ModelError, match="pictures of at most 2000 pixels are supported"):
        load_pixels(tmp_path / "p.png")


def test_broken_pictures_are_refused(tmp_path):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for suffix in ("png", "jpg", "gif", "bmp", "tiff", "webp"):
        image.fromarray(pixels).save(tmp_path / f"p.{suffix}")
        content = (tmp_path / f"p.{suffix}").read_bytes()
        for _ in range(60):
            spoiled = bytearray(content)
            for place in rng.integers(0, min(len(spoiled), 400), 4):
                spoiled[place] = rng.integers(256)
            (tmp_path / "broken").write_bytes(spoiled)
            with contextlib.suppress(ModelError):
                assert load_pixels(tmp_path / "broken").shape[2] == 3


def test_without_pillow(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModelError, match=r"^pictures need the package pillow: pip install 'sepconv\[image\]'$"):
        load_pixels("p.png")


def test_top():
    output = np.array([[3, 200, 7, 200]], dtype=np.uint8)
    guesses = top(model_of(), output, 3, ("a", "b", "c", "d"))
    assert [(g.index, g.label) for g in guesses] == [(1, "b"), (3, "d"), (2, "c")]
    assert guesses[0].score == 200 / 256
    assert [g.label for g in top(model_of(), output, 2, ("b", "c", "d"))] == ["b", "d"]
    assert str(top(model_of(), output, 1)[0]) == "   0.7812     1"
    with pytest.raises(ModelError, match="2 labels do not fit 4 classes"):
        top(model_of(), output, labels=("a", "b"))


def test_labels(tmp_path):
    (tmp_path / "l.txt").write_text("cat\n\ndög\n", encoding="utf-8")
    assert read_labels(tmp_path / "l.txt") == ("cat", "dög")
    (tmp_path / "l.json").write_text('{"1": "dog", "0": "cat"}')
    assert read_labels(tmp_path / "l.json") == ("cat", "dog")
    (tmp_path / "m.json").write_text('["cat"]')
    assert read_labels(tmp_path / "m.json") == ("cat",)
    for text in ('{"2": "dog"}', "[1]", "{", "[" * 10_000):
        (tmp_path / "m.json").write_text(text)
        with pytest.raises(ModelError, match="labels are lines of text, or JSON"):
            read_labels(tmp_path / "m.json")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ModelError, match="labels are lines of text"):
        read_labels(tmp_path / "b.txt")
    with pytest.raises(ModelError, match="cannot read"):
        read_labels(tmp_path / "absent.txt")


def test_labels_in_a_model_file(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100) + zipped({"readme.txt": b"no", "Labels.txt": b"cat\ndog\n"}))
    assert labels_in(path) == ("cat", "dog")
    path.write_bytes(b"\x1c\0\0\0TFL3")
    assert labels_in(path) is None
    assert labels_in(tmp_path / "absent") is None


def test_labels_of_a_real_model():
    path = FOLDER / "coral_mobilenet_v1_0.25_128_quant.tflite"
    stored = FOLDER / "inputs" / f"{path.stem}__cat.npy"
    if not stored.is_file():
        pytest.skip(f"no {stored.name} in {FOLDER.name}/inputs")
    model, labels = load(path), labels_in(path)
    assert labels is not None
    guesses = top(model, model.run(np.load(stored)), labels=labels)
    print(*guesses, sep="\n")
    assert any("cat" in (guess.label or "") for guess in guesses)
