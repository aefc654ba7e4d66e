"""Which layers the engine runs, and why the others are work of the host."""

from golden.layer import LayerSpec

ENGINE = ("conv", "depthwise", "pointwise", "fully_connected", "add", "average_pool", "mean")
"""Ops of the engine (DESIGN: depthwise 3×3 of stride 1 or 2; a fully connected layer is a pointwise one)."""

HOST = {
    "max_pool": "max-pool: the engine's windows multiply or average",
    "local_response_norm": "local response normalisation",
    "concat": "concatenation",
    "channel_shuffle": "channel shuffle: a permutation of channels",
    "relu": "ReLU of its own: the tensor is also read without it",
    "shift": "picture shifted by one pixel",
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "detections": "decoding of boxes and non-maximum suppression",
}
"""Ops of the host and the reason."""

STRIDES = ((1, 1), (2, 2))


def check_op(spec: LayerSpec) -> None:
    """Raise ValueError unless the op of `spec` is one that can be counted."""
    if spec.op not in ENGINE and spec.op not in HOST:
        raise ValueError(f"{spec.name}: no op {spec.op!r}; the ops are {', '.join((*ENGINE, *HOST))}")


def host_reason(spec: LayerSpec, groups: int = 1) -> str:
    """Why a layer of `groups` groups is work of the host; empty when the engine runs it."""
    if spec.op in HOST:
        return HOST[spec.op]
    height, width = spec.kernel
    if groups > 1:
        return f"grouped {height}×{width} convolution"
    if spec.op == "depthwise" and spec.kernel != (3, 3):
        return f"depthwise {height}×{width}"
    if spec.op == "depthwise" and spec.stride not in STRIDES:
        return f"depthwise of stride {spec.stride[0]}"
    return ""
