"""Unions of boxes: which cases a condition takes. A box says for some axes which regions they may be in.

A box is a mapping axis id → mask; an axis that is not in it may be anywhere. Boxes are never changed once made.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import combinations

Box = dict[int, int]

CAP = 256
"""Parts of a condition past which it counts as opaque."""


class TooManyError(Exception):
    """More boxes than are looked at."""


def meet(one: Box, other: Box) -> Box | None:
    """What lies in both; None when nothing does."""
    if len(one) < len(other):
        one, other = other, one
    out = dict(one)
    for axis, mask in other.items():
        held = out.get(axis)
        if held is None:
            out[axis] = mask
        else:
            held &= mask
            if not held:
                return None
            out[axis] = held
    return out


def apart(one: Box, other: Box) -> bool:
    """Whether the boxes share nothing, as far as single axes tell."""
    if len(one) > len(other):
        one, other = other, one
    for axis, mask in one.items():
        held = other.get(axis)
        if held is not None and not held & mask:
            return True
    return False


def within(one: Box, other: Box) -> bool:
    """Whether `one` lies in `other`."""
    for axis, mask in other.items():
        held = one.get(axis)
        if held is None or held & ~mask:
            return False
    return True


def subtract(one: Box, other: Box, full: Sequence[int]) -> list[Box]:
    """`one` without `other`, as boxes that share nothing. `full`: each axis's whole mask."""
    if apart(one, other):
        return [one]
    pieces: list[Box] = []
    rest = one
    for axis, mask in other.items():
        held = rest.get(axis, full[axis])
        outside = held & ~mask
        if outside:
            pieces.append({**rest, axis: outside})
            rest = {**rest, axis: held & mask}
    return pieces


def join(boxes: Iterable[Box]) -> list[Box]:
    """The boxes with those left out that lie in another, and those on one single axis put together."""
    single: dict[int, int] = {}
    found: list[Box] = []
    for box in boxes:
        if not box:
            return [box]
        if len(box) == 1:
            ((axis, mask),) = box.items()
            single[axis] = single.get(axis, 0) | mask
        else:
            found.append(box)
    found.extend({axis: mask} for axis, mask in single.items())
    if len(found) > 64:
        unique = {tuple(sorted(box.items())): box for box in found}
        return list(unique.values())
    kept: list[Box] = []
    for place, box in enumerate(found):
        if not any(within(box, other) for other in kept) and not any(
            within(box, other) and not within(other, box) for other in found[place + 1 :]
        ):
            kept.append(box)
    return kept


def every(parts: Iterable[list[Box]], possible: Callable[[Box], bool]) -> list[Box]:
    """What lies in each of the unions. Raises TooManyError past `CAP` boxes."""
    found: list[Box] = [{}]
    for part in sorted(parts, key=len):
        more = (meet(one, other) for one in found for other in part)
        found = join(box for box in _few(more) if possible(box))
        if not found:
            return []
        if len(found) > CAP * 2:
            raise TooManyError
    return found


def _few(boxes: Iterable[Box | None]) -> Iterable[Box]:
    count = 0
    for box in boxes:
        if box is not None:
            count += 1
            if count > CAP * 8:
                raise TooManyError
            yield box


def checked(boxes: list[Box]) -> list[Box]:
    """The boxes; raises TooManyError when they are more than `CAP`."""
    if len(boxes) > CAP:
        raise TooManyError
    return boxes


def pairs(
    boxes: Sequence[tuple[int, Box]],
    full: Sequence[int],
    kinds: Sequence[Hashable],
    group: Callable[[int], Hashable] = lambda owner: owner,
) -> Iterable[tuple[int, int]]:
    """The owners (in ascending order, each pair once) of boxes that are not apart on any single axis.

    Two owners of one of the `kinds` (by owner) have nothing to do with each other and are left out, and so are those
    that the caller has put into one `group` meanwhile.

    Instead of comparing each with each, the axis that tells most boxes apart is cut and the parts are looked at by
    themselves.
    """
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Sequence[tuple[int, Box]], frozenset[int]]] = [(boxes, frozenset())]
    while stack:
        items, done = stack.pop()
        if len({kinds[owner] for owner, _ in items}) < 2 or len({group(owner) for owner, _ in items}) < 2:
            continue
        axis = _telling(items, done, full) if len(items) > 16 else None
        if axis is None:
            for (one, a), (other, b) in combinations(items, 2):
                if kinds[one] == kinds[other]:
                    continue
                key = (one, other) if one < other else (other, one)
                if key not in seen and not apart(a, b) and group(one) != group(other):
                    seen.add(key)
                    yield key
            continue
        for part in _parts(items, axis):
            single = not part & (part - 1)
            inside = [
                (owner, box if single or axis not in box else {**box, axis: box[axis] & part})
                for owner, box in items
                if box.get(axis, -1) & part
            ]
            if len(inside) > 1:
                stack.append((inside, done | {axis} if single or len(inside) == len(items) else done))


def _telling(items: Sequence[tuple[int, Box]], done: frozenset[int], full: Sequence[int]) -> int | None:
    """The axis on which most of the boxes leave most out."""
    score: dict[int, float] = {}
    for _, box in items:
        for axis, mask in box.items():
            if axis not in done:
                score[axis] = score.get(axis, 0.0) + 1 - mask.bit_count() / max(1, full[axis].bit_count())
    if not score:
        return None
    best = max(score, key=lambda axis: (score[axis], -axis))
    return best if score[best] > len(items) / 8 else None


def _parts(items: Sequence[tuple[int, Box]], axis: int, most: int = 24) -> list[int]:
    """The axis's regions that boxes name, cut into at most `most` stretches."""
    used = 0
    for _, box in items:
        used |= box.get(axis, 0)
    count = used.bit_count()
    step = -(-count // most)
    parts: list[int] = []
    part, size = 0, 0
    while used:
        bit = used & -used
        used ^= bit
        part |= bit
        size += 1
        if size == step:
            parts.append(part)
            part, size = 0, 0
    if part:
        parts.append(part)
    return parts
