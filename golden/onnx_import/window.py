"""Strides and padding of ONNX's windows."""

from typing import Any

from golden.layer import NO_PADDING, Padding, window_output
from golden.model import ModelError


def window_of(
    size: tuple[int, int], kernel: tuple[int, int], attributes: dict[str, Any]
) -> tuple[tuple[int, int], Padding, tuple[int, int]]:
    """`(stride, padding, output size)` of a window over (height, width).

    ONNX's pads are (top, left, bottom, right). SAME_UPPER is TFLite's SAME.

    Raises
    ------
    ModelError
        When an attribute is not supported or the window does not fit.
    """
    strides = tuple(attributes.get("strides", (1, 1)))
    dilations = tuple(attributes.get("dilations", (1, 1)))
    if len(strides) != 2 or min(strides) < 1 or dilations != (1, 1):
        raise ModelError(f"strides {strides} and dilations {dilations}: two positive strides and (1, 1) are supported")
    if min(kernel) < 1:
        raise ModelError(f"a window must be positive, not {kernel}")
    stride = (strides[0], strides[1])
    padding = _padding(size, kernel, stride, attributes)
    output = window_output((*size, 1), kernel, stride, padding)
    if min(output) < 1:
        raise ModelError(f"a window of {kernel} does not fit a picture of {size}")
    return stride, padding, output


def _padding(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], attributes: dict[str, Any]
) -> Padding:
    automatic = attributes.get("auto_pad", b"NOTSET")
    if automatic == b"SAME_UPPER":
        return Padding.same(size, kernel, stride)
    if automatic == b"VALID":
        return NO_PADDING
    if automatic != b"NOTSET":
        raise ModelError(f"auto_pad {automatic!r} is not supported; NOTSET, SAME_UPPER and VALID are")
    pads = tuple(attributes.get("pads", (0, 0, 0, 0)))
    if len(pads) != 4 or min(pads) < 0:
        raise ModelError(f"pads must be four numbers from 0 on, not {pads}")
    return Padding(top=pads[0], left=pads[1], bottom=pads[2], right=pads[3])
