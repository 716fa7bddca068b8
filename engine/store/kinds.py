"""What the store reads of a decision; and its changes, sorted by what is stored together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.core.changes import Change, Create, Set
from engine.core.trace import TraceEntry


class Decided(Protocol):
    """What of a decision the store reads."""

    @property
    def root(self) -> str: ...
    @property
    def rulebook(self) -> str: ...
    @property
    def shop(self) -> str: ...
    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def trace(self) -> Sequence[TraceEntry]: ...
    @property
    def snapshot(self) -> Mapping[str, Any]: ...
    @property
    def micros(self) -> int: ...


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
