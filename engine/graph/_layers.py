"""A layered layout, left to right: boxes in columns, lines only between neighbouring columns.

Ordering by barycentres, places by least squares without overlap. Small pictures: tens of boxes, not thousands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

_SWEEPS = 12


@dataclass(slots=True)
class Box:
    """Something with a size in a column. `x` and `y` are its centre, in pixels, once it is arranged."""

    name: str
    layer: int
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Arranged:
    """Columns and their edges: `left` and `right` by layer; the whole is `width` by `height`, from 0."""

    boxes: Mapping[str, Box]
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def arrange(
    boxes: Sequence[Box],
    edges: Collection[tuple[str, str]],
    *,
    across: float = 56.0,
    between: float = 14.0,
    fixed: Collection[int] = (),
) -> Arranged:
    """Gives every box its place.

    `edges`: names of boxes in neighbouring layers. `across`: pixels between columns; `between`: between boxes of one.
    Boxes of the layers `fixed` keep the order given.
    """
    known = {box.name: box for box in boxes}
    layers: list[list[Box]] = [[] for _ in range(1 + max((box.layer for box in boxes), default=-1))]
    for box in boxes:
        layers[box.layer].append(box)
    near: dict[str, list[Box]] = {box.name: [] for box in boxes}
    for one, other in edges:
        near[one].append(known[other])
        near[other].append(known[one])
    _order(layers, near, edges, fixed)
    _places(layers, near, between)
    result = Arranged(known)
    at = 0.0
    for layer in layers:
        width = max((box.width for box in layer), default=0.0)
        result.left.append(at)
        result.right.append(at + width)
        for box in layer:
            box.x = at + width / 2
        at += width + across
    top = min((box.y - box.height / 2 for box in boxes), default=0.0)
    for box in boxes:
        box.y -= top
    result.width = max(at - across, 0.0)
    result.height = max((box.y + box.height / 2 for box in boxes), default=0.0)
    return result


def _order(
    layers: list[list[Box]], near: Mapping[str, list[Box]], edges: Collection[tuple[str, str]], fixed: Collection[int]
) -> None:
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, edges)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        order = range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1)
        for index in order:
            if index in fixed:
                continue
            beside = index - 1 if forward else index + 1
            place = {box.name: n for n, box in enumerate(layers[beside])}
            own = {box.name: n for n, box in enumerate(layers[index])}

            def centre(box: Box, place: dict[str, int] = place, own: dict[str, int] = own) -> float:
                found = [place[other.name] for other in near[box.name] if other.name in place]
                return sum(found) / len(found) if found else float(own[box.name])

            layers[index].sort(key=centre)
        crossed = _crossings(layers, edges)
        if crossed < fewest:
            fewest, best = crossed, [list(layer) for layer in layers]
    layers[:] = best


def _crossings(layers: Sequence[Sequence[Box]], edges: Collection[tuple[str, str]]) -> int:
    place = {box.name: (index, n) for index, layer in enumerate(layers) for n, box in enumerate(layer)}
    by_gap: dict[int, list[tuple[int, int]]] = {}
    for one, other in edges:
        first, second = sorted((place[one], place[other]))
        by_gap.setdefault(first[0], []).append((first[1], second[1]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for lines in by_gap.values()
        for n, a in enumerate(lines)
        for b in lines[n + 1 :]
    )


def _places(layers: Sequence[Sequence[Box]], near: Mapping[str, list[Box]], between: float) -> None:
    for layer in layers:
        at = -sum(box.height + between for box in layer) / 2
        for box in layer:
            box.y = at + box.height / 2
            at += box.height + between
    for sweep in range(_SWEEPS * 2):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [
                sum(other.y for other in near[box.name]) / len(near[box.name]) if near[box.name] else box.y
                for box in layer
            ]
            for box, y in zip(layer, _apart(layer, wanted, between), strict=True):
                box.y = y


def _apart(layer: Sequence[Box], wanted: Sequence[float], between: float) -> list[float]:
    """The places nearest to those wanted (least squares) at which nothing overlaps: pooled neighbours."""
    offsets, at = [], 0.0
    for n, box in enumerate(layer):
        if n:
            at += layer[n - 1].height / 2 + between + box.height / 2
        offsets.append(at)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            more, others = pools.pop()
            total, count = total + more, count + others
        pools.append((total, count))
    free = [total / count for total, count in pools for _ in range(count)]
    return [start + offset for start, offset in zip(free, offsets, strict=True)]
