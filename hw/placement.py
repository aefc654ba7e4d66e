"""Where the compiler put things on chip: for reports, of no effect on a run."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TensorPlace:
    """Rows of a tensor in the activation memory.

    Parameters
    ----------
    tensor: name of the layer that makes it
    shape: (height, width, channels) of what the rows are taken from
    rows: kept at a time
    groups: bank groups they lie in
    size: bytes
    """

    tensor: str
    shape: tuple[int, int, int]
    rows: int
    groups: range
    size: int


@dataclass(frozen=True, kw_only=True)
class WeightsPlace:
    """Weights and parameters of a layer in its datapath's weight memory.

    Parameters
    ----------
    address, size: in DRAM, bytes
    resident: they are fetched once; else piece by piece again for each stripe
    slots, slot_bytes: places on chip the pieces go to in turn, and their size
    """

    layer: str
    unit: str
    address: int
    size: int
    resident: bool
    slots: int
    slot_bytes: int


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Of one cascade.

    Parameters
    ----------
    layers: names in order
    stripe_rows: rows of the last layer's output made at a time
    tensors: the cascade's input, the outputs of its layers, then what is loaded to be added to one of them
    weights: of each layer
    source, target: the tensor in DRAM its input comes from and its output goes to; None if that stays on chip
    """

    layers: tuple[str, ...]
    stripe_rows: int
    tensors: tuple[TensorPlace, ...]
    weights: tuple[WeightsPlace, ...]
    source: str | None
    target: str | None
