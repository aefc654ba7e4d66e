"""Cuts a cascade into stripes: which rows of which tensor are made when, and how many must be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import Literal

from golden.layer import LayerSpec
from hw.compiler.layers import POOLS, Layer, spec_of, taps_of, unit_of

PIECES = (16384, 65536, 4096)
"""Sizes of pieces of weights worth trying."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a cascade runs.

    Parameters
    ----------
    stripe_rows: rows of the last layer's output that are made at a time
    keep: the whole output stays on chip for the next cascade instead of going through DRAM
    patches: how the host writes the input of the first layer, a convolution: "" as it is, "windows" as the layer's
        im2col, "squares" each 2 × 2 pixels as the channels of one
    piece_bytes: weights come in pieces of about this size; small ones are there early, but cost a command each
    tight: no tensor has room for rows of the next stripe while this one's are in use, so the stages take turns
    """

    stripe_rows: int
    keep: bool = False
    patches: Literal["", "windows", "squares"] = ""
    piece_bytes: int = PIECES[0]
    tight: bool = False


def schedules(layers: Sequence[Layer]) -> list[Schedule]:
    """All stripe heights worth trying, largest first: one of each number of stripes."""
    height = spec_of(layers[-1]).output_shape[0]
    heights = {ceil(height / count) for count in range(1, height + 1)}
    return [Schedule(stripe_rows=rows) for rows in sorted(heights, reverse=True)]


def input_rows(spec: LayerSpec, first: int, last: int) -> tuple[int, int]:
    """Rows of the input that output rows `first` to `last` are made of."""
    if spec.op in POOLS:
        return 0, spec.input_shape[0]
    if spec.op not in ("depthwise", "conv"):
        return first, last
    top, height, stride = spec.padding.top, spec.input_shape[0], spec.stride[0]
    return max(0, first * stride - top), min(height, max(0, (last - 1) * stride - top + spec.kernel[0]))


def stripes(specs: Sequence[LayerSpec], rows: int) -> list[list[tuple[int, int]]]:
    """Per stripe: for the cascade's input and each layer's output, the rows (first, last) it adds."""
    made = [0] * (len(specs) + 1)
    result = []
    height = specs[-1].output_shape[0]
    for last in range(rows, height + rows, rows):
        ends = [min(last, height)]
        for spec in reversed(specs):
            ends.insert(0, input_rows(spec, 0, ends[0])[1])
        if last >= height:  # rows no window reaches belong to no stripe, but a whole tensor is made of all rows
            ends = [input_rows(specs[0], 0, specs[0].output_shape[0])[1], *(spec.output_shape[0] for spec in specs)]
        result.append([(start, max(start, end)) for start, end in zip(made, ends, strict=True)])
        made = [end for _, end in result[-1]]
    return result


def lags(specs: Sequence[LayerSpec], *, tight: bool = False) -> list[int]:
    """By how many stripes each layer runs behind the first, in program order; by none if the schedule is `tight`.

    A unit that computes two layers of a cascade takes the next stripe of the earlier one before this stripe of
    the later one; so it has work while the layers between the two are computed.
    """
    if tight:
        return [0] * len(specs)
    result: list[int] = []
    last: dict[str, int] = {}
    for spec in specs:
        unit = unit_of(spec)
        result.append(max(result[-1] if result else 0, last[unit] + 1 if unit in last else 0))
        last[unit] = result[-1]
    return result


def ring_rows(specs: Sequence[LayerSpec], plan: list[list[tuple[int, int]]],
              residuals: Mapping[int, int] = MappingProxyType({}), *, tight: bool = False) -> list[int]:
    """Rows each tensor needs on chip for a stripe to be read while the next one is written, or before if `tight`.

    Some layers add a tensor of the cascade to their output: `residuals` says which.
    """
    needed = []
    behind = [0, *lags(specs, tight=tight)]
    behind.append(behind[-1])
    for tensor in range(len(specs) + 1):
        rows = 0
        ahead = (not tight) + behind[tensor + 1] - behind[tensor]
        for index, stripe in enumerate(plan):
            following = plan[min(index + ahead, len(plan) - 1)][tensor][1]
            if tensor == len(specs):
                first = stripe[tensor][0]
            else:
                made = stripe[tensor + 1]
                first = input_rows(specs[tensor], *made)[0] if made[0] < made[1] else stripe[tensor][0]
            rows = max(rows, following - first)
        needed.append(rows)
    for layer, tensor in residuals.items():
        ahead = (not tight) + behind[layer + 1] - behind[tensor]
        for index, stripe in enumerate(plan):
            following = plan[min(index + ahead, len(plan) - 1)][tensor][1]
            needed[tensor] = max(needed[tensor], following - stripe[layer + 1][0])
    return needed


def residual_rows(layer: int, plan: list[list[tuple[int, int]]], *, tight: bool = False) -> int:
    """Rows of a residual out of DRAM: those of a stripe, and those of the next one that is being loaded."""
    made = [stripe[layer + 1] for stripe in plan]
    if tight:
        return max(last - first for first, last in made)
    return max(following[1] - current[0] for current, following in pairwise([*made, made[-1]]))


def slot_rows(spec: LayerSpec, plan: list[list[tuple[int, int]]]) -> int:
    """Rows of a phase that the largest stripe of a convolution reads."""
    taps = taps_of(spec)
    return max(last - first for _, (first, last), *_ in plan) + taps.reach - taps.shift[0]
