"""Keras' layer names by position, for files that call their layers otherwise."""

from collections.abc import Sequence

POOLS = ("average_pool", "mean")
CLASSIFIERS = ("pointwise", "conv", "fully_connected")
_ENGINE = ("conv", "depthwise", "pointwise", "fully_connected", "add", *POOLS)


def name_layers(ops: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """`(family, names)` of layers given by their ops in execution order.

    A family is recognised by the order of its engine layers: V1 is conv1 and separable pairs, V2 is Conv1, a
    first pair and inverted residuals; a pool and a classifier may follow. Anything else is "unknown" and its
    layers are called after their op and position (`conv_0`). Host layers are called after their op; the
    softmax that ends a V1 is Keras' `predictions`.
    """
    engine = [index for index, op in enumerate(ops) if op in _ENGINE]
    kinds = [ops[index] for index in engine]
    names = [f"{op}_{index}" for index, op in enumerate(ops)]
    for family, grammar in (("mobilenet_v1", _name_v1), ("mobilenet_v2", _name_v2)):
        found = grammar(kinds)
        if found is not None:
            for index, name in zip(engine, found, strict=True):
                names[index] = name
            _name_host(ops, names, "predictions" if family == "mobilenet_v1" else "softmax")
            return family, tuple(names)
    return "unknown", tuple(names)


def _name_v1(kinds: list[str]) -> list[str] | None:
    """conv1 (conv depthwise pointwise …), by conv or, for one input channel, by a depthwise of multiplier >
    1."""
    if not kinds or kinds[0] not in ("conv", "depthwise"):
        return None
    names, position = ["conv1"], 1
    while kinds[position : position + 2] == ["depthwise", "pointwise"]:
        block = (position + 1) // 2
        names += [f"conv_dw_{block}", f"conv_pw_{block}"]
        position += 2
    if position == 1 or not _is_head(kinds[position:]):
        return None
    return names + _head(kinds[position:], "conv_preds")


def _name_v2(kinds: list[str]) -> list[str] | None:
    """Conv1, the first block without expansion, (expand depthwise project add?)…, Conv_1."""
    if kinds[:3] != ["conv", "depthwise", "pointwise"]:
        return None
    names, position, block = ["Conv1", "expanded_conv_depthwise", "expanded_conv_project"], 3, 1
    if kinds[3:4] == ["add"]:  # narrow networks, whose first block keeps its shape
        names.append("expanded_conv_add")
        position += 1
    while kinds[position : position + 3] == ["pointwise", "depthwise", "pointwise"]:
        names += [f"block_{block}_{part}" for part in ("expand", "depthwise", "project")]
        position += 3
        if kinds[position : position + 1] == ["add"]:
            names.append(f"block_{block}_add")
            position += 1
        block += 1
    if block == 1:
        return None
    if kinds[position : position + 1] == ["pointwise"]:
        names.append("Conv_1")
        position += 1
    if not _is_head(kinds[position:]):
        return None
    return names + _head(kinds[position:], "predictions")


def _is_head(kinds: list[str]) -> bool:
    pooled = bool(kinds) and kinds[0] in POOLS
    return not kinds or (pooled and (len(kinds) == 1 or (len(kinds) == 2 and kinds[1] in CLASSIFIERS)))


def _head(kinds: list[str], classifier: str) -> list[str]:
    return ["global_average_pooling2d", classifier][: len(kinds)]


def _name_host(ops: Sequence[str], names: list[str], softmax: str) -> None:
    taken = set(names)
    for index, op in enumerate(ops):
        if op not in _ENGINE:
            plain = softmax if op == "softmax" else op
            if plain not in taken:
                names[index] = plain
                taken.add(plain)
