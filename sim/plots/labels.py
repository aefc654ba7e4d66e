"""Names beside points: one for points that lie together, none over another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in pixels."""

NEAR = 13.0
"""Points at most that many pixels apart share a label."""
MARK = 6.0
"""Half the side of the square a point takes, in pixels."""
RINGS = (14.0, 28.0, 48.0, 72.0, 100.0, 136.0)
"""Distances of a label's nearest corner or side from its point that are tried, in pixels."""
ANGLES = 16


@dataclass(frozen=True)
class Point:
    """A point in pixels, and its name."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Label:
    """Text beside the point (x, y); (left, bottom) is the place of its lower left corner."""

    text: str
    x: float
    y: float
    left: float
    bottom: float


def clustered(points: Sequence[Point]) -> list[Point]:
    """Points that lie together as one, at the place of the first, with the names of all."""
    clusters: list[list[Point]] = []
    for point in points:
        home = next((cluster for cluster in clusters
                     if hypot(cluster[0].x - point.x, cluster[0].y - point.y) <= NEAR), None)
        if home is None:
            clusters.append([point])
        else:
            home.append(point)
    return [Point(cluster[0].x, cluster[0].y, joined([point.name for point in cluster])) for cluster in clusters]


def joined(names: Sequence[str]) -> str:
    """Names in short: those that differ in one number only are told once, with their numbers."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for name in names:
        found = re.fullmatch(r"(.*?)(\d+)(\D*)", name)
        stem = (found[1], found[3]) if found else (name, "")
        numbers.setdefault(stem, []).extend([int(found[2])] if found else [])
    return ", ".join(f"{before}{_ranges(counts)}{after}" for (before, after), counts in numbers.items())


def _ranges(numbers: Sequence[int]) -> str:
    """``7–11, 13`` for 7, 8, 9, 10, 11 and 13."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}{'–' if len(run) > 2 else ', '}{run[-1]}"
                     for run in runs)


def placed(points: Sequence[Point], sizes: Sequence[tuple[float, float]], frame: Box, taken: Sequence[Box],
           crossable: Sequence[Box]) -> list[Label]:
    """A label for each point, inside the frame and over nothing that is there, over no other label and no point.

    `sizes` are the labels' (width, height). The line from a point to its label crosses no label, no other point, and of
    what is there only the `crossable`. A point for which there is no room goes without a label.
    """
    marks = [(point.x - MARK, point.y - MARK, point.x + MARK, point.y + MARK) for point in points]
    labels: list[Box] = []
    lines: list[Box] = []
    result = []
    for index, (point, size) in enumerate(zip(points, sizes, strict=True)):
        others = [*taken, *marks[:index], *marks[index + 1:], *labels]
        for box in _candidates(point, size):
            inside = frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]
            line = leader(point, box)
            if inside and _free([box], [*crossable, marks[index], *others, *lines]) and _free(line, others):
                labels.append(box)
                lines += line
                result.append(Label(text=point.name, x=point.x, y=point.y, left=box[0], bottom=box[1]))
                break
    return result


def leader(point: Point, box: Box) -> list[Box]:
    """Boxes that cover the line from a point to the middle of a label, as far as it is outside both."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    steps = int(max(abs(x - point.x), abs(y - point.y)))
    spots = ((point.x + (x - point.x) * step / steps, point.y + (y - point.y) * step / steps) for step in range(steps))
    mark = (point.x - MARK, point.y - MARK, point.x + MARK, point.y + MARK)
    small = ((across - 0.5, up - 0.5, across + 0.5, up + 0.5) for across, up in spots)
    return [spot for spot in small if _free([spot], [mark, box])]


def _candidates(point: Point, size: tuple[float, float]) -> Sequence[Box]:
    """Places round the point, the nearest first and from the right on."""
    width, height = size
    boxes = []
    for distance in RINGS:
        for step in range(ANGLES):
            turn = 2 * pi * (step + 1) // 2 / ANGLES if step else 0.0
            angle = turn if step % 2 else -turn
            x, y = point.x + distance * cos(angle), point.y + distance * sin(angle)
            left = x - width * (1 - cos(angle)) / 2
            bottom = y - height * (1 - sin(angle)) / 2
            boxes.append((left, bottom, left + width, bottom + height))
    return boxes


def _free(boxes: Sequence[Box], taken: Sequence[Box]) -> bool:
    return not any(_overlap(box, other) for box in boxes for other in taken)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
