"""The models as they are distributed: TF-Slim's tables of MobileNet checkpoints, Keras' exact parameter counts."""

from golden.tables.alexnet import alexnet
from golden.tables.conventions import AFTER_FIRST_MACS, MACS, STORED, THREE_NORMS, WEIGHTS
from golden.tables.googlenet import googlenet
from golden.tables.mobile import v1, v2
from golden.tables.nasnet import nasnet_mobile
from golden.tables.rows import NumberRow, Table, counted_row
from golden.tables.squeezenet import squeezenet
from golden.tables.vgg import vgg16

SLIM = "tensorflow/models, research/slim/nets"
RESOLUTIONS_V1 = (224, 192, 160, 128)
RESOLUTIONS_V2 = (224, 192, 160, 128, 96)

V1_CHECKPOINTS = (
    (1.0, "4.24", ("569", "418", "291", "186")),
    (0.75, "2.59", ("317", "233", "162", "104")),
    (0.5, "1.34", ("150", "110", "77", "49")),
    (0.25, "0.47", ("41", "34", "21", "14")),
)
"""Width, parameters, mult-adds at each resolution; mobilenet_v1.md."""

V2_CHECKPOINTS = (
    (1.4, "6.06", ("582",)),
    (1.3, "5.34", ("509",)),
    (1.0, "3.47", ("300", "221", "154", "99", "56")),
    (0.75, "2.61", ("209", "153", "107", "69", "39")),
    (0.5, "1.95", ("97", "71", "50", "32", "18")),
    (0.35, "1.66", ("59", "43", "30", "20", "11")),
)
"""Width, parameters, mult-adds at each resolution; mobilenet/README.md."""

EXACT = (
    ("MobileNet", v1, "4253864"),
    ("MobileNetV2", v2, "3538984"),
    ("MobileNetV2 1.4", lambda: v2(1.4), "6156712"),
    ("VGG16", vgg16, "138357544"),
    ("NASNetMobile", nasnet_mobile, "5326716"),
    ("BVLC AlexNet", alexnet, "60965224"),
    ("BVLC GoogLeNet", googlenet, "6998552"),
    ("SqueezeNet 1.0", squeezenet, "1248424"),
)
"""Total parameters with the classifier of 1000."""

NARROW = "The four rows of α = 0.75 leave out the first convolution; with it: the 325 of the paper's table 6."
ODD = "The paper's table 6 rounds 149.497 down; this table rounds it up."
UNEVEN = "41 × (192 ÷ 224)² is 30; the row is not in line with its own column."


def slim_v1() -> Table:
    """TF-Slim's MobileNetV1 checkpoints."""
    rows: list[NumberRow] = []
    for alpha, parameters, column in V1_CHECKPOINTS:
        rows.append(counted_row(v1(alpha), "parameters", parameters, THREE_NORMS, model=f"{alpha} MobileNet"))
        for resolution, macs in zip(RESOLUTIONS_V1, column, strict=True):
            why, within, convention = "", 0.0, MACS
            if alpha == 0.75:
                why, convention = NARROW, AFTER_FIRST_MACS
            elif macs == "150":
                why, within = ODD, 0.4
            elif macs == "34":
                why, within = UNEVEN, 11.5
            rows.append(counted_row(v1(alpha, resolution), "mult-adds", macs, convention, why=why, within=within))
    return Table(
        key="slim-v1", title="TF-Slim: MobileNetV1 checkpoints", source=f"{SLIM}/mobilenet_v1.md", rows=tuple(rows)
    )


def slim_v2() -> Table:
    """TF-Slim's MobileNetV2 checkpoints."""
    rows: list[NumberRow] = []
    for alpha, parameters, column in V2_CHECKPOINTS:
        rows.append(counted_row(v2(alpha), "parameters", parameters, WEIGHTS, model=f"{alpha} MobileNetV2"))
        for resolution, macs in zip(RESOLUTIONS_V2, column, strict=False):
            rows.append(counted_row(v2(alpha, resolution), "mult-adds", macs, MACS))
    return Table(
        key="slim-v2", title="TF-Slim: MobileNetV2 checkpoints", source=f"{SLIM}/mobilenet/README.md", rows=tuple(rows),
        note="Every number of mult-adds is that of macs, cut off; so is the paper's 300.",
    )  # fmt: skip


def exact() -> Table:
    """Parameter counts to the last digit, as Keras and the authors' Caffe files have them."""
    rows = [
        counted_row(build(), "parameters", published, STORED, model=model, unit="") for model, build, published in EXACT
    ]
    return Table(
        key="exact", title="Exact parameter counts of distributed models",
        source="Keras applications, model.summary(); BVLC and SqueezeNet: the Caffe files of their authors",
        rows=tuple(rows),
    )  # fmt: skip
