"""VGG-16 (Simonyan and Zisserman 2015, arXiv 1409.1556, table 1, configuration D)."""

from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""(convolutions, filters) of each stage; a 2×2 max-pool follows each."""


def vgg16() -> CountedNetwork:
    """VGG-16 on 224×224, biases and no batch normalisation."""
    builder = Builder(bias=True)
    shape = (224, 224, 3)
    for stage, (convolutions, filters) in enumerate(STAGES, start=1):
        for index in range(1, convolutions + 1):
            shape = builder.conv(f"conv{stage}_{index}", shape, filters, 3)
        shape = builder.max_pool(f"pool{stage}", shape, 2, 2)
    for name in ("fc6", "fc7"):
        shape = builder.fully_connected(name, shape, 4096, activation="relu")
    shape = builder.fully_connected("fc8", shape, 1000)
    builder.same("prob", "softmax", shape)
    source = "Simonyan and Zisserman 2015, arXiv 1409.1556, table 1, configuration D"
    return builder.network(name="vgg16", title="VGG-16", source=source)
