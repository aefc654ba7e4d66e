"""MobileNetV2's tables of resources (Sandler et al. 2018): ImageNet (4), SSD heads (5), detectors (6), the range."""

from golden.tables.conventions import MACS, OPERATIONS, WEIGHTS
from golden.tables.mobile import V2_PAPER, v1, v2
from golden.tables.nasnet import nasnet_mobile
from golden.tables.rows import Table, counted_row
from golden.tables.shufflenet import shufflenet
from golden.tables.ssdlite import heads_alone, ssdlite_v1, ssdlite_v2

V1_MACS = "MobileNetV1's own paper says 569, which is what is counted; no convention found gives 575."
V2_MACS = "300.8 cut off, like every number of mult-adds in the authors' own table in TF-Slim."
V2_PARAMETERS = "3.47 cut off; the authors' own table in TF-Slim says 3.47."
WIDE_MACS = "The authors' own table in TF-Slim says 582, which is what is counted."
WIDE_PARAMETERS = (
    "The authors' own table in TF-Slim says 6.06, which is what is counted. 6.9 is 3.5 × 1.4², as if every "
    "parameter grew with the square of the multiplier; the classifier's 1000 outputs and the depthwise layers do not."
)
SHUFFLE_MACS = (
    "With conv1 left at 24 channels. Scaled like all others (36), as ShuffleNet 2× has it, the network has 299.6 M."
)
SHUFFLE_PARAMETERS = "ShuffleNet's paper gives none."
SMALLEST_MACS = "TF-Slim's table of the same authors says 11 for α = 0.35 at 96×96, which is what is counted (11.9)."
HEADS_MACS = (
    "Only 2 × macs, cut off, gives 0.35, though SSD's 1.25 beside it is multiply-adds. Table 6's 0.8 B has 0.178 B of "
    "heads in it (0.789 B); with 0.35 B it would be 0.96 B."
)


def imagenet() -> Table:
    """Table 4: performance on ImageNet."""
    small, large = shufflenet(1.5, first=24), shufflenet(2)
    rows = (
        counted_row(v1(), "mult-adds", "575", MACS, model="MobileNetV1", why=V1_MACS, within=1.1),
        counted_row(v1(), "parameters", "4.2", WEIGHTS, model="MobileNetV1"),
        counted_row(small, "mult-adds", "292", MACS, why=SHUFFLE_MACS),
        counted_row(small, "parameters", "3.4", WEIGHTS, why=SHUFFLE_PARAMETERS),
        counted_row(large, "mult-adds", "524", MACS),
        counted_row(large, "parameters", "5.4", WEIGHTS, why=SHUFFLE_PARAMETERS),
        counted_row(nasnet_mobile(), "mult-adds", "564", MACS),
        counted_row(nasnet_mobile(), "parameters", "5.3", WEIGHTS),
        counted_row(v2(), "mult-adds", "300", MACS, model="MobileNetV2", why=V2_MACS),
        counted_row(v2(), "parameters", "3.4", WEIGHTS, model="MobileNetV2", why=V2_PARAMETERS),
        counted_row(v2(1.4), "mult-adds", "585", MACS, model="MobileNetV2 (1.4)", why=WIDE_MACS, within=0.5),
        counted_row(v2(1.4), "parameters", "6.9", WEIGHTS, model="MobileNetV2 (1.4)", why=WIDE_PARAMETERS, within=12.2),
    )
    quoted = (
        ("MobileNetV1", "70.6 %"), (small.title, "71.5 %"), (large.title, "73.7 %"),
        ("NASNet-A mobile (4 @ 1056)", "74.0 %"), ("MobileNetV2", "72.0 %"), ("MobileNetV2 (1.4)", "74.7 %"),
    )  # fmt: skip
    return Table(
        key="v2-imagenet", title="MobileNetV2, table 4: ImageNet", source=f"{V2_PAPER}, table 4", rows=rows,
        quoted=quoted,
    )  # fmt: skip


def smallest() -> Table:
    """Section 4: the range of models, from α = 0.35 at 96×96 to α = 1.4 at 224×224."""
    rows = (
        counted_row(v2(0.35, 96), "mult-adds", "7", MACS, why=SMALLEST_MACS, within=71),
        counted_row(v2(0.35, 96), "parameters", "1.7", WEIGHTS),
    )
    return Table(
        key="v2-smallest", title="MobileNetV2, section 4: the smallest model", source=f"{V2_PAPER}, section 4",
        rows=rows,
    )  # fmt: skip


def heads() -> Table:
    """Table 5: heads of SSD and SSDLite on MobileNetV2, 80 classes."""
    full, lite = heads_alone(separable=False), heads_alone(separable=True)
    rows = (
        counted_row(full, "mult-adds", "1.25", MACS, unit="B"),
        counted_row(full, "parameters", "14.8", WEIGHTS),
        counted_row(lite, "mult-adds", "0.35", OPERATIONS, unit="B", why=HEADS_MACS),
        counted_row(lite, "parameters", "2.1", WEIGHTS),
    )
    return Table(
        key="v2-heads", title="MobileNetV2, table 5: SSD and SSDLite heads", source=f"{V2_PAPER}, table 5", rows=rows,
        note="320×320, 80 classes and background; the heads alone, without MobileNetV2's body.",
    )  # fmt: skip


def detectors() -> Table:
    """Table 6: SSDLite on both MobileNets, 320×320."""
    rows = (
        counted_row(ssdlite_v1(), "mult-adds", "1.3", MACS, unit="B"),
        counted_row(ssdlite_v1(), "parameters", "5.1", WEIGHTS),
        counted_row(ssdlite_v2(), "mult-adds", "0.8", MACS, unit="B"),
        counted_row(ssdlite_v2(), "parameters", "4.3", WEIGHTS),
    )
    quoted = (("MNet V1 + SSDLite", "22.2 mAP on COCO"), ("MNet V2 + SSDLite", "22.1 mAP on COCO"))
    return Table(
        key="v2-detectors", title="MobileNetV2, table 6: SSDLite", source=f"{V2_PAPER}, table 6", rows=rows,
        quoted=quoted, note="80 classes and background, as in table 5; 90 would make 5.2 M and 4.4 M parameters.",
    )  # fmt: skip
