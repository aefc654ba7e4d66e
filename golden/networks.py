"""The networks that can be named: `network("mobilenet_v1", alpha=0.5, resolution=160)`."""

from collections.abc import Callable

from golden.conv_mobilenet import conv_mobilenet
from golden.mobilenet_v1 import mobilenet_v1
from golden.mobilenet_v2 import mobilenet_v2
from golden.network import INPUT, Network, UnknownLayer

__all__ = ["INPUT", "NETWORKS", "Network", "UnknownLayer", "conv_mobilenet", "mobilenet_v1", "mobilenet_v2", "network"]

NETWORKS: dict[str, Callable[..., Network]] = {
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "conv_mobilenet": conv_mobilenet,
}
"""Constructors by name; each takes alpha, resolution, channels_in and classes."""


def network(name: str, *, alpha: float = 1.0, resolution: int = 224) -> Network:
    """The network called `name`.

    Raises
    ------
    ValueError
        When there is no such network, or `alpha` or `resolution` does not fit it.
    """
    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; the networks are {', '.join(NETWORKS)}")
    return NETWORKS[name](alpha=alpha, resolution=resolution)
