"""SqueezeNet 1.0 (Iandola et al. 2016, arXiv 1602.07360, table 1)."""

from golden.layer import NO_PADDING, Shape
from golden.tables.builder import Builder, to_the_end
from golden.tables.counted import CountedNetwork

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""(squeeze, expand 1×1 = expand 3×3) of fire2 … fire9."""

POOLED_AFTER = (4, 8)


def squeezenet(resolution: int = 227) -> CountedNetwork:
    """SqueezeNet 1.0.

    The paper's table writes 224×224 and 111×111 after conv1; a 7×7 window of stride 2 without padding makes 111×111
    of 227×227, which is also what the authors' Caffe file reads.
    """
    builder = Builder(bias=True)
    shape = builder.conv("conv1", (resolution, resolution, 3), 96, 7, stride=2, padding=NO_PADDING)
    shape = builder.max_pool("maxpool1", shape, 3, 2, to_the_end(shape, 3, 2))
    for fire, (squeeze, expand) in enumerate(FIRES, start=2):
        shape = _fire(builder, f"fire{fire}", shape, squeeze, expand)
        if fire in POOLED_AFTER:
            shape = builder.max_pool(f"maxpool{fire}", shape, 3, 2, to_the_end(shape, 3, 2))
    shape = builder.conv("conv10", shape, 1000)
    shape = builder.mean("avgpool10", shape)
    builder.same("prob", "softmax", shape)
    source = "Iandola et al. 2016, arXiv 1602.07360, table 1"
    return builder.network(name="squeezenet", title="SqueezeNet 1.0", source=source)


def _fire(builder: Builder, name: str, shape: Shape, squeeze: int, expand: int) -> Shape:
    squeezed = builder.conv(f"{name}_squeeze1x1", shape, squeeze)
    one = builder.conv(f"{name}_expand1x1", squeezed, expand)
    three = builder.conv(f"{name}_expand3x3", squeezed, expand, 3)
    return builder.concat(f"{name}_concat", one, three)
