"""ShuffleNet (Zhang et al. 2017, arXiv 1707.01083, table 1 and figure 2)."""

from golden.layer import Shape
from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork

PAPER = "Zhang et al. 2017, arXiv 1707.01083"

CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
"""Output channels of stage 2 for each number of groups, at scale 1; each further stage has twice as many."""

REPEATS = (3, 7, 3)
"""Units of stride 1 that follow the one of stride 2 in stages 2, 3 and 4."""


FIRST = 24
"""Channels of conv1 at scale 1."""


def shufflenet(scale: float, groups: int = 3, *, first: int = 0) -> CountedNetwork:
    """ShuffleNet `scale`× with `groups` groups on 224×224.

    A unit's bottleneck has a quarter of its output channels; the first pointwise layer of stage 2 is not grouped
    (table 1). "ShuffleNet s× means scaling the number of filters s times" (section 3.3), which conv1 follows
    unless `first` gives its channels.
    """
    builder = Builder(batch_norm=True)
    shape = builder.conv("conv1", (224, 224, 3), first or round(FIRST * scale), 3, stride=2)
    shape = builder.max_pool("maxpool", shape, 3, 2)
    channels = round(CHANNELS[groups] * scale)
    for stage, repeats in enumerate(REPEATS, start=2):
        shape = _unit(builder, f"stage{stage}_1", shape, channels, groups, stride=2, first=stage == 2)
        for unit in range(2, repeats + 2):
            shape = _unit(builder, f"stage{stage}_{unit}", shape, channels, groups, stride=1)
        channels *= 2
    shape = builder.fully_connected("fc", builder.mean("globalpool", shape), 1000)
    builder.same("prob", "softmax", shape)
    title = f"ShuffleNet {scale:g}× (g = {groups})"
    return builder.network(name=f"shufflenet_{scale:g}_g{groups}", title=title, source=f"{PAPER}, table 1")


def _unit(
    builder: Builder, name: str, shape: Shape, channels: int, groups: int, *, stride: int, first: bool = False
) -> Shape:
    """Grouped 1×1, shuffle, depthwise 3×3, grouped 1×1; then add, or at stride 2 concatenate the pooled input."""
    made = channels - shape[2] if stride == 2 else channels
    middle = builder.conv(f"{name}_gconv1", shape, channels // 4, groups=1 if first else groups)
    middle = builder.same(f"{name}_shuffle", "channel_shuffle", middle)
    middle = builder.depthwise(f"{name}_dwconv", middle, stride=stride, activation="none")
    activation = "none" if stride == 1 else "relu"
    middle = builder.conv(f"{name}_gconv2", middle, made, groups=groups, activation=activation)
    if stride == 1:
        return builder.add(f"{name}_add", shape, middle, activation="relu")
    pooled = builder.average_pool(f"{name}_avgpool", shape, 3, 2)
    return builder.concat(f"{name}_concat", pooled, middle)
