"""MobileNetV1's applications: Stanford Dogs (table 10), face attributes (12), detection on COCO (13)."""

from golden.tables.conventions import BODY_MACS, BODY_WEIGHTS, MACS, WEIGHTS
from golden.tables.mobile import V1_PAPER, v1
from golden.tables.rows import NumberRow, Table, counted_row
from golden.tables.ssdlite import ssd_v1_300

FACES = (
    (1.0, 224, "568", "3.2", "88.7 %"),
    (0.5, 224, "149", "0.8", "88.1 %"),
    (0.25, 224, "45", "0.2", "87.2 %"),
    (1.0, 128, "185", "3.2", "88.1 %"),
    (0.5, 128, "48", "0.8", "87.7 %"),
    (0.25, 128, "15", "0.2", "86.4 %"),
)
"""Width, resolution, mult-adds, parameters, mean AP."""

DOG_CLASSES = 120
DOGS_MACS = "Repeated from the network of 1000 classes; with the 120 of Stanford Dogs it is one million less."
QUARTER = "Both rows of α = 0.25 are about a tenth more than the body, which the other four rows are."
CUT_FACES = "48.6 cut off."


def dogs() -> Table:
    """Table 10: Stanford Dogs."""
    models = ((1.0, 224, "569", "3.3", "83.3 %"), (0.75, 224, "325", "1.9", "81.9 %"),
              (1.0, 192, "418", "3.3", "81.9 %"), (0.75, 192, "239", "1.9", "80.5 %"))  # fmt: skip
    rows: list[NumberRow] = []
    for alpha, resolution, macs, parameters, _ in models:
        network = v1(alpha, resolution, DOG_CLASSES)
        repeated = alpha == 1.0
        why, within = (DOGS_MACS, 0.3) if repeated else ("", 0.0)
        rows.append(counted_row(network, "mult-adds", macs, MACS, why=why, within=within))
        rows.append(counted_row(network, "parameters", parameters, WEIGHTS))
    return Table(
        key="v1-dogs", title="MobileNetV1, table 10: Stanford Dogs (120 classes)", source=f"{V1_PAPER}, table 10",
        rows=tuple(rows), quoted=tuple((f"{model[0]} MobileNet-{model[1]}", model[4]) for model in models),
    )  # fmt: skip


def faces() -> Table:
    """Table 12: face attributes."""
    rows: list[NumberRow] = []
    for alpha, resolution, macs, parameters, _ in FACES:
        network = v1(alpha, resolution)
        why, within = (QUARTER, 11.4) if alpha == 0.25 else ("", 0.0)
        if macs == "48":
            why = CUT_FACES
        rows.append(counted_row(network, "mult-adds", macs, BODY_MACS, why=why, within=within))
        rows.append(counted_row(network, "parameters", parameters, BODY_WEIGHTS))
    return Table(
        key="v1-faces", title="MobileNetV1, table 12: face attributes", source=f"{V1_PAPER}, table 12",
        rows=tuple(rows),
        quoted=tuple((f"{face[0]} MobileNet-{face[1]}", f"{face[4]} mean AP") for face in FACES),
        note="The body alone: the classifier of the attributes is not published.",
    )  # fmt: skip


def detection() -> Table:
    """Table 13: SSD 300 on MobileNetV1."""
    network = ssd_v1_300()
    rows = (
        counted_row(network, "mult-adds", "1.2", MACS, unit="B"),
        counted_row(network, "parameters", "6.8", WEIGHTS),
    )
    return Table(
        key="v1-detection", title="MobileNetV1, table 13: SSD 300 on COCO", source=f"{V1_PAPER}, table 13", rows=rows,
        quoted=((network.title, "19.3 % mAP on COCO"),),
        note="1×1 predictors of 90 labels and background, as in TensorFlow's Object Detection API.",
    )  # fmt: skip
