"""AlexNet (Krizhevsky et al., NIPS 2012), in its two groups as published, and with the groups taken away."""

from golden.layer import NO_PADDING
from golden.tables.builder import Builder, around, to_the_end
from golden.tables.counted import CountedNetwork

PAPER = "Krizhevsky et al., NIPS 2012, section 3.5"


def alexnet(groups: int = 2) -> CountedNetwork:
    """AlexNet on 227×227: two groups are the paper's two GPUs; one group is a single tower of the same filters.

    The paper writes 224×224, from which 11×11 of stride 4 does not make its 55×55; 227×227 does.
    """
    builder = Builder(bias=True)
    shape = builder.conv("conv1", (227, 227, 3), 96, 11, stride=4, padding=NO_PADDING)
    shape = _normalise_and_pool(builder, "1", shape)
    shape = builder.conv("conv2", shape, 256, 5, padding=around(2), groups=groups)
    shape = _normalise_and_pool(builder, "2", shape)
    shape = builder.conv("conv3", shape, 384, 3)
    shape = builder.conv("conv4", shape, 384, 3, groups=groups)
    shape = builder.conv("conv5", shape, 256, 3, groups=groups)
    shape = builder.max_pool("pool5", shape, 3, 2, to_the_end(shape, 3, 2))
    for name in ("fc6", "fc7"):
        shape = builder.fully_connected(name, shape, 4096, activation="relu")
    shape = builder.fully_connected("fc8", shape, 1000)
    builder.same("prob", "softmax", shape)
    if groups == 1:
        return builder.network(name="alexnet_one_group", title="AlexNet without groups", source=PAPER)
    return builder.network(name="alexnet", title="AlexNet", source=PAPER)


def _normalise_and_pool(builder: Builder, stage: str, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    shape = builder.same(f"norm{stage}", "local_response_norm", shape)
    return builder.max_pool(f"pool{stage}", shape, 3, 2, to_the_end(shape, 3, 2))
