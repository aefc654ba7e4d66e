"""MobileNetV1's comparisons with other networks (tables 8 and 9), and the factors its text draws from them."""

from fractions import Fraction

from golden.tables.alexnet import alexnet
from golden.tables.conventions import BIASED, CONVOLUTIONS, MACS, OPERATIONS, WEIGHTS
from golden.tables.counted import CountedNetwork
from golden.tables.googlenet import googlenet
from golden.tables.mobile import V1_PAPER, v1
from golden.tables.rows import KILO_KIBI, NumberRow, Table, counted_row
from golden.tables.squeezenet import squeezenet
from golden.tables.v1_tables import CUT
from golden.tables.vgg import vgg16

GOOGLENET_MACS = (
    "None of these conventions gives 1550: the network of the paper's table counts 1582.7 (1504.6 without taps on "
    "padding), the ops column of that table adds up to 1502, and ShuffleNet's paper says 1500."
)
GOOGLENET_PARAMETERS = (
    "GoogLeNet's own table counts in K = 1024 (its linear layer of 1,024,000 weights is 1000K); its column adds up to "
    "6798K, read as 6.8 M. In millions the network has 6.99."
)
SQUEEZENET_MACS = (
    "Multiplications and additions counted apart: 832.7 M multiply-adds, which is the 833 of ShuffleNet's table 6. "
    "In the unit of the other rows it would be 833."
)
ALEXNET_MACS = (
    "With the original two groups. One tower of the same filters has 1135 M multiply-adds and 62.4 M parameters."
)
FACTOR = (
    "The 22 divides SqueezeNet's operations by MobileNet's multiply-adds; in one unit SqueezeNet needs 10.9 times as "
    "many."
)


def popular() -> Table:
    """Table 8: MobileNet, GoogLeNet, VGG-16."""
    vgg, google = vgg16(), googlenet()
    without = "Convolutions alone, to three digits; the three fully connected layers are another 123.6 M."
    rows = (
        counted_row(v1(), "mult-adds", "569", MACS),
        counted_row(v1(), "parameters", "4.2", WEIGHTS),
        counted_row(google, "mult-adds", "1550", MACS, step="10", why=GOOGLENET_MACS, within=2.2),
        counted_row(google, "parameters", "6.8", WEIGHTS, unit=KILO_KIBI, why=GOOGLENET_PARAMETERS),
        counted_row(vgg, "mult-adds", "15300", CONVOLUTIONS, step="100", why=without),
        counted_row(vgg, "parameters", "138", BIASED),
    )
    quoted = (("1.0 MobileNet-224", "70.6 %"), ("GoogLeNet", "69.8 %"), ("VGG-16", "71.5 %"))
    return Table(
        key="v1-popular", title="MobileNetV1, table 8: popular models", source=f"{V1_PAPER}, table 8", rows=rows,
        quoted=quoted,
    )  # fmt: skip


def smaller() -> Table:
    """Table 9: MobileNet 0.50-160, SqueezeNet, AlexNet."""
    mobile, squeeze, alex = v1(0.5, 160), squeezenet(), alexnet()
    sixty = "60.97: cut off, as AlexNet's own abstract does (60 million)."
    rows = (
        counted_row(mobile, "mult-adds", "76", MACS, why=CUT, model="0.50 MobileNet-160"),
        counted_row(mobile, "parameters", "1.32", WEIGHTS, model="0.50 MobileNet-160"),
        counted_row(squeeze, "mult-adds", "1700", OPERATIONS, step="100", why=SQUEEZENET_MACS),
        counted_row(squeeze, "parameters", "1.25", BIASED),
        counted_row(alex, "mult-adds", "720", MACS, step="10", why=ALEXNET_MACS),
        counted_row(alex, "parameters", "60", BIASED, why=sixty),
    )
    quoted = (("0.50 MobileNet-160", "60.2 %"), ("SqueezeNet 1.0", "57.5 %"), ("AlexNet", "57.2 %"))
    return Table(
        key="v1-smaller", title="MobileNetV1, table 9: smaller models", source=f"{V1_PAPER}, table 9", rows=rows,
        quoted=quoted,
    )  # fmt: skip


def factors() -> Table:
    """Section 4.2: "32 times smaller", "22× less computation" and their like, from counts in one unit."""
    mobile, small = v1(), v1(0.5, 160)
    squeeze, alex = squeezenet(), alexnet()
    sixty = "60 ÷ 1.32; AlexNet's 60.97 M make it 46."
    rows = (
        _factor("VGG-16 ÷ MobileNet", "27", vgg16(), mobile, "mult-adds"),
        _factor("VGG-16 ÷ MobileNet", "32", vgg16(), mobile, "parameters"),
        _factor("AlexNet ÷ 0.50 MobileNet-160", "9.4", alex, small, "mult-adds"),
        _factor("AlexNet ÷ 0.50 MobileNet-160", "45", alex, small, "parameters", sixty, 3),
        _factor("SqueezeNet ÷ 0.50 MobileNet-160", "22", squeeze, small, "mult-adds", FACTOR, 51),
    )  # fmt: skip
    return Table(
        key="v1-factors", title="MobileNetV1, section 4.2: how many times smaller", source=f"{V1_PAPER}, section 4.2",
        rows=rows,
    )  # fmt: skip


def _factor(
    model: str, published: str, large: CountedNetwork, small: CountedNetwork, of: str, why: str = "", within: float = 0
) -> NumberRow:
    convention = MACS if of == "mult-adds" else BIASED
    computed = Fraction(convention.count(large), convention.count(small))
    return NumberRow(
        model=f"{model}, {of}", quantity="ratio", published=published, computed=computed, unit="",
        convention=convention.name, why=why, within=within,
    )  # fmt: skip
