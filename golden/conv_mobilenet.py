"""Conv MobileNet (Howard et al., table 4): MobileNetV1 with a full 3×3 convolution for each separable pair."""

from golden.layer import LayerSpec
from golden.mobilenet import chain, check, head
from golden.mobilenet_v1 import BLOCKS, FIRST_FILTERS, three
from golden.network import Network


def conv_mobilenet(
    alpha: float = 1.0, resolution: int = 224, channels_in: int = 3, classes: int = 1000
) -> Network:
    """Conv MobileNet: `conv_5` has the input and the output of MobileNetV1's `conv_dw_5` → `conv_pw_5`.

    Raises
    ------
    ValueError
        When `resolution` is less than 32, `alpha` leaves a layer without filters, or a count
        is not positive.
    """
    check("Conv MobileNet", alpha, resolution, channels_in, classes, filters=FIRST_FILTERS)
    layers: list[LayerSpec] = []
    shape = (resolution, resolution, channels_in)
    names = ("conv1", *(f"conv_{block}" for block in range(1, len(BLOCKS) + 1)))
    for name, (filters, stride) in zip(names, ((FIRST_FILTERS, 2), *BLOCKS), strict=True):
        layers.append(three(name, "conv", shape, int(filters * alpha), stride))
        shape = layers[-1].output_shape
    layers += head(shape, classes, classifier="conv_preds", op="fully_connected", softmax="predictions")
    return chain("conv_mobilenet", layers)
