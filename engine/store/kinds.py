"""A decision's changes, sorted by what is stored together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from engine.core.changes import Change, Create, Set

Kinds = defaultdict[type | str, list[Any]]
"""Changes in their order: under their type, those to rows under what they are about (see `by_kind`)."""

_OF_THEIR_OWN = frozenset({"ticket", "clock", "notification", "rule_use"})


def by_kind(changes: Sequence[Change]) -> Kinds:
    """What is stored together: "clock" has what is done to clocks, "ticket", "notification" and "rule_use" what is
    made of each; "other" has the remaining `Create` and `Set` in one order."""
    kinds: Kinds = defaultdict(list)
    for change in changes:
        if isinstance(change, Create):
            kinds[change.thing if change.thing in _OF_THEIR_OWN else "other"].append(change)
        elif isinstance(change, Set):
            kinds["clock" if change.thing == "clock" else "other"].append(change)
        else:
            kinds[type(change)].append(change)
    return kinds
