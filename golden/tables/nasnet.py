"""NASNet-A mobile, 4 @ 1056 (Zoph et al. 2018, arXiv 1707.07012, figure 4), as TF-Slim and Keras build it."""

from golden.layer import NO_PADDING, Shape
from golden.quantise import Activation
from golden.tables.builder import Builder
from golden.tables.counted import CountedNetwork

REPEATS = 4
PENULTIMATE = 1056
STEM = 32


def nasnet_mobile() -> CountedNetwork:
    """NASNet-A (4 @ 1056) on 224×224: two reduction cells of the stem, then 4 normal cells between reductions."""
    builder = Builder(batch_norm=True, activation="none")
    filters = PENULTIMATE // 24
    cells = _Cells(builder, builder.conv("stem_conv1", (224, 224, 3), STEM, 3, stride=2, padding=NO_PADDING))
    cells.reduction("stem_1", filters // 4)
    cells.reduction("stem_2", filters // 2)
    for stage in range(3):
        if stage:
            cells.reduction(f"reduce_{stage * REPEATS}", filters << stage)
        for index in range(REPEATS):
            cells.normal(f"cell_{stage * (REPEATS + 1) + index}", filters << stage)
    shape = builder.same("relu", "relu", cells.shape)
    shape = builder.fully_connected("predictions", builder.mean("global_average_pooling2d", shape), 1000)
    builder.same("prob", "softmax", shape)
    source = "Zoph et al. 2018, arXiv 1707.07012, figure 4; Keras' applications/nasnet.py"
    return builder.network(name="nasnet_mobile", title="NASNet-A mobile (4 @ 1056)", source=source)


class _Cells:
    """The last tensor and the one before it, which every cell reads."""

    def __init__(self, builder: Builder, shape: Shape) -> None:
        self.builder = builder
        self.shape = shape
        self.previous: Shape | None = None

    def normal(self, name: str, filters: int) -> None:
        """Five sums of one size, concatenated with the previous tensor."""
        build = self.builder
        p, h = self._inputs(name, filters)
        self._relu(f"{name}_p", p)
        self._relu(f"{name}_h", h)
        sums = [
            build.add(f"{name}_add_1", self._twice(f"{name}_left1", h, filters, 5),
                      self._twice(f"{name}_right1", p, filters, 3)),
            build.add(f"{name}_add_2", self._twice(f"{name}_left2", p, filters, 5),
                      self._twice(f"{name}_right2", p, filters, 3)),
            build.add(f"{name}_add_3", build.average_pool(f"{name}_left3", h, 3, 1), p),
            build.add(f"{name}_add_4", build.average_pool(f"{name}_left4", p, 3, 1),
                      build.average_pool(f"{name}_right4", p, 3, 1)),
            build.add(f"{name}_add_5", self._twice(f"{name}_left5", h, filters, 3), h),
        ]  # fmt: skip
        self._next(build.concat(f"{name}_concat", p, *sums))

    def reduction(self, name: str, filters: int) -> None:
        """Five sums at half the size, four of them concatenated; only ReLU of `p` is read, which its layers make."""
        build = self.builder
        p, h = self._inputs(name, filters, "relu")
        self._relu(f"{name}_h", h)
        first = build.add(f"{name}_add_1", self._twice(f"{name}_left1", h, filters, 5, 2),
                          self._twice(f"{name}_right1", p, filters, 7, 2))  # fmt: skip
        self._relu(f"{name}_add_1", first)
        second = build.add(f"{name}_add_2", build.max_pool(f"{name}_left2", h, 3, 2),
                           self._twice(f"{name}_right2", p, filters, 7, 2))  # fmt: skip
        third = build.add(f"{name}_add_3", build.average_pool(f"{name}_left3", h, 3, 2),
                          self._twice(f"{name}_right3", p, filters, 5, 2))  # fmt: skip
        fourth = build.add(f"{name}_add_4", build.average_pool(f"{name}_left4", first, 3, 1), second)
        fifth = build.add(f"{name}_add_5", self._twice(f"{name}_left5", first, filters, 3),
                          build.max_pool(f"{name}_right5", h, 3, 2))  # fmt: skip
        self._next(build.concat(f"{name}_concat", second, third, fourth, fifth))

    def _next(self, shape: Shape) -> None:
        self.previous, self.shape = self.shape, shape

    def _relu(self, name: str, shape: Shape) -> Shape:
        """ReLU of its own, once for all that read it."""
        return self.builder.same(f"{name}_relu", "relu", shape)

    def _inputs(self, name: str, filters: int, activation: Activation = "none") -> tuple[Shape, Shape]:
        """The previous tensor and the last one, both brought to `filters` channels and the last one's size."""
        h = self._relu(name, self.shape)
        p = self._adjusted(name, filters, activation)
        return p, self.builder.conv(f"{name}_conv_1", h, filters)

    def _adjusted(self, name: str, filters: int, activation: Activation) -> Shape:
        """The previous tensor after the ReLU its own cell took of it; the first cell has none and reads its input."""
        build, p = self.builder, self.previous
        if p is None:
            return self.shape
        if p[:2] != self.shape[:2]:
            shifted = build.same(f"{name}_adjust_shift", "shift", p)
            halves = []
            for half, source in ((1, p), (2, shifted)):
                pooled = build.average_pool(f"{name}_adjust_pool_{half}", source, 1, 2, NO_PADDING)
                halves.append(build.conv(f"{name}_adjust_conv_{half}", pooled, filters // 2, activation=activation))
            return build.concat(f"{name}_adjust_concat", *halves)
        if p[2] != filters:
            return build.conv(f"{name}_adjust_projection", p, filters, activation=activation)
        return p

    def _twice(self, name: str, shape: Shape, filters: int, kernel: int, stride: int = 1) -> Shape:
        """Every separable convolution of the cell is applied twice, after a ReLU; one normalisation for each pair."""
        for index, step in ((1, stride), (2, 1)):
            activation = "relu" if index == 1 else "none"
            shape = self.builder.depthwise(f"{name}_dw_{index}", shape, kernel, stride=step, batch_norm=False)
            shape = self.builder.conv(f"{name}_pw_{index}", shape, filters, activation=activation)
        return shape
