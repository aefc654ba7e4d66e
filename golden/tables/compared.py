"""The networks of the tables, by name."""

from collections.abc import Callable

from golden.tables.alexnet import alexnet
from golden.tables.counted import CountedNetwork
from golden.tables.googlenet import googlenet
from golden.tables.mobile import conv_mobilenet, shallow_mobilenet, v1, v2
from golden.tables.nasnet import nasnet_mobile
from golden.tables.shufflenet import shufflenet
from golden.tables.squeezenet import squeezenet
from golden.tables.ssdlite import ssd_v1_300, ssdlite_v1, ssdlite_v2
from golden.tables.vgg import vgg16

COMPARED: dict[str, Callable[[], CountedNetwork]] = {
    "mobilenet_v1": v1,
    "conv_mobilenet": conv_mobilenet,
    "shallow_mobilenet": shallow_mobilenet,
    "mobilenet_v2": v2,
    "ssd_v1_300": ssd_v1_300,
    "ssdlite_v1": ssdlite_v1,
    "ssdlite_v2": ssdlite_v2,
    "vgg16": vgg16,
    "googlenet": googlenet,
    "alexnet": alexnet,
    "alexnet_one_group": lambda: alexnet(1),
    "squeezenet": squeezenet,
    "shufflenet_1.5_g3": lambda: shufflenet(1.5, first=24),
    "shufflenet_2_g3": lambda: shufflenet(2),
    "nasnet_mobile": nasnet_mobile,
}
"""Constructors by the name of the network they make."""


def compared(name: str) -> CountedNetwork:
    """The network called `name`.

    Raises
    ------
    ValueError
        When there is no such network.
    """
    if name not in COMPARED:
        raise ValueError(f"no network {name!r} among the compared; they are {', '.join(COMPARED)}")
    return COMPARED[name]()
