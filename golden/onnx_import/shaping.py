"""Operators that only change how a tensor is looked at: Flatten, Reshape, Squeeze, Transpose, Identity."""

import math
from dataclasses import replace

import numpy as np

from golden.model import ModelError
from golden.onnx_import.values import (
    Attributes,
    Constant,
    Inputs,
    Pending,
    Tensor,
    Value,
    channels_first,
    first,
    reshaped,
)


def flatten(inputs: Inputs, attributes: Attributes) -> Value:
    """Flatten from axis 1 on."""
    value = _shaped(inputs)
    if attributes.get("axis", 1) not in (1, 1 - len(value.shape)):
        raise ModelError(f"axis 1 is supported, not {attributes['axis']}")
    return reshaped(value, (value.shape[0], math.prod(value.shape[1:])))


def reshape(inputs: Inputs, attributes: Attributes) -> Value:
    """Reshape; 0 keeps an axis (unless allowzero), one −1 takes what is left."""
    value = _shaped(inputs)
    target = inputs[1] if len(inputs) > 1 else None
    if not isinstance(target, Constant) or target.values.dtype != np.int64 or target.values.size > 8:
        raise ModelError("the new shape must be a constant of at most 8 axes")
    wanted = [int(extent) for extent in target.values.reshape(-1)]
    if attributes.get("allowzero", 0) and 0 in wanted:
        raise ModelError("an axis of 0 is not supported")
    wanted = [value.shape[i] if extent == 0 else extent for i, extent in enumerate(wanted)]
    if wanted.count(-1) == 1:
        known = math.prod(extent for extent in wanted if extent != -1)
        wanted[wanted.index(-1)] = math.prod(value.shape) // known
    if min(wanted, default=1) < 1:
        raise ModelError(f"{value.shape} cannot become {wanted}")
    return reshaped(value, tuple(wanted))


def squeeze(inputs: Inputs, attributes: Attributes) -> Value:
    """Squeeze, its axes an attribute or, from opset 13 on, an input; without axes all but the batch."""
    value = _shaped(inputs)
    given = inputs[1] if len(inputs) > 1 else None
    axes = given.values.reshape(-1).tolist() if isinstance(given, Constant) else attributes.get("axes")
    rank = len(value.shape)
    gone = {i for i in range(1, rank) if value.shape[i] == 1} if axes is None else {int(a) % rank for a in axes}
    if any(value.shape[i] != 1 for i in gone) or 0 in gone:
        raise ModelError(f"axes {sorted(gone)} of {value.shape} cannot be squeezed; the batch must stay")
    return reshaped(value, tuple(extent for i, extent in enumerate(value.shape) if i not in gone))


def transpose(inputs: Inputs, attributes: Attributes) -> Tensor:
    """Transpose of an input (n, h, w, c) to (n, c, h, w): golden's layout stays."""
    value = first(inputs)
    if not isinstance(value, Tensor) or not value.real or not value.channels_last:
        raise ModelError("only an input with the channels last can be transposed")
    if tuple(attributes.get("perm", ())) != (0, 3, 1, 2):
        raise ModelError(f"perm (0, 3, 1, 2) is supported, not {attributes.get('perm', ())}")
    height, width, channels = value.picture
    return replace(value, shape=(1, channels, height, width), channels_last=False)


def identity(inputs: Inputs, attributes: Attributes) -> Value:
    """Identity."""
    return first(inputs)


def _shaped(inputs: Inputs) -> Tensor | Pending:
    value = first(inputs)
    if not isinstance(value, Tensor | Pending) or (isinstance(value, Tensor) and not value.real):
        raise ModelError("an input is not an activation")
    return channels_first(value) if isinstance(value, Tensor) else value
