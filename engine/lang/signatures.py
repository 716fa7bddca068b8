"""Which sets of fields an index looks rows up by: few, because each costs every event, and those that spare most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod

Signature = tuple[str, ...]
"""Fields, in order of their names, that are looked up together."""

_KINDS = 300
_WIDEST = 6


def choose(rows: Sequence[Mapping[str, float]], most: int) -> list[Signature]:
    """At most `most` signatures for rows that are given by the fields they name and, for each, the share of events
    that it lets pass. At each step the one is taken that spares most rows their asking, until none spares a whole one.
    """
    count: Counter[Signature] = Counter()
    shares: dict[Signature, dict[str, float]] = {}
    for row in rows:
        kind = tuple(sorted(row))
        if kind:
            count[kind] += 1
            total = shares.setdefault(kind, dict.fromkeys(kind, 0.0))
            for slot in kind:
                total[slot] += row[slot]
    spared: dict[Signature, list[tuple[Signature, float]]] = {}
    for kind, _ in count.most_common(_KINDS):
        best = sorted(kind, key=shares[kind].__getitem__)[:_WIDEST]
        subsets = {tuple(sorted(best))}
        subsets.update(tuple(sorted(some)) for size in (1, 2, 3) for some in combinations(best, size))
        for subset in subsets:
            spared.setdefault(subset, [])
    for kind, number in count.items():
        names = set(kind)
        for subset, helped in spared.items():
            if names.issuperset(subset):
                helped.append((kind, prod(shares[kind][slot] / number for slot in subset)))
    left = dict.fromkeys(count, 1.0)
    chosen: list[Signature] = []
    while len(chosen) < most and spared:
        gain, signature = max(
            (sum(count[kind] * max(left[kind] - share, 0.0) for kind, share in helped), subset)
            for subset, helped in spared.items()
        )
        if gain < 1.0:
            break
        chosen.append(signature)
        for kind, share in spared.pop(signature):
            left[kind] = min(left[kind], share)
    return chosen
