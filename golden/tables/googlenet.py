"""GoogLeNet, Inception v1 (Szegedy et al. 2014, arXiv 1409.4842, table 1)."""

from golden.layer import NO_PADDING, Shape
from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork

INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, projection after the pool."""

POOLED_AFTER = ("3b", "4e")
PAPER = "Szegedy et al. 2014, arXiv 1409.4842, table 1"


def googlenet() -> CountedNetwork:
    """GoogLeNet on 224×224 as it is at inference: the two auxiliary classifiers are for training only."""
    builder = Builder(bias=True)
    shape = builder.conv("conv1", (224, 224, 3), 64, 7, stride=2)
    shape = builder.max_pool("pool1", shape, 3, 2)
    shape = builder.same("norm1", "local_response_norm", shape)
    shape = builder.conv("conv2_reduce", shape, 64)
    shape = builder.conv("conv2", shape, 192, 3)
    shape = builder.same("norm2", "local_response_norm", shape)
    shape = builder.max_pool("pool2", shape, 3, 2)
    for name, filters in INCEPTIONS.items():
        shape = _inception(builder, f"inception_{name}", shape, filters)
        if name in POOLED_AFTER:
            shape = builder.max_pool(f"pool{name[0]}", shape, 3, 2)
    shape = builder.average_pool("pool5", shape, 7, 1, NO_PADDING)
    shape = builder.fully_connected("loss3_classifier", shape, 1000)
    builder.same("prob", "softmax", shape)
    return builder.network(name="googlenet", title="GoogLeNet", source=PAPER)


def _inception(builder: Builder, name: str, shape: Shape, filters: tuple[int, int, int, int, int, int]) -> Shape:
    one, reduce_three, three, reduce_five, five, projection = filters
    first = builder.conv(f"{name}_1x1", shape, one)
    second = builder.conv(f"{name}_3x3", builder.conv(f"{name}_3x3_reduce", shape, reduce_three), three, 3)
    third = builder.conv(f"{name}_5x5", builder.conv(f"{name}_5x5_reduce", shape, reduce_five), five, 5)
    pooled = builder.max_pool(f"{name}_pool", shape, 3, 1)
    fourth = builder.conv(f"{name}_pool_proj", pooled, projection)
    return builder.concat(f"{name}_output", first, second, third, fourth)
