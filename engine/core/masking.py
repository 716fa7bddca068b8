"""What a line leaves behind once its words are masked: conditions go on seeing it whole, all that is stored or shown
does not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from engine.core.changes import Change, Create, Record, Say, Set
from engine.core.trace import TraceEntry
from engine.core.values import Struct, replace
from engine.lang import WordSet
from engine.lang import mask as masked


class Mask(Struct, frozen=True):
    """One line as it was written, and the words that are hidden in it. Several actions `mask` make one of all
    their words, so their order means nothing."""

    line: int
    """The line's reference in its decision."""
    text: str
    words: tuple[str, ...] = ()

    def over(self, words: tuple[str, ...]) -> Mask:
        """The mask with more words under it."""
        return replace(self, words=tuple(dict.fromkeys((*self.words, *words))))

    @property
    def shown(self) -> str:
        """The line as everybody sees it."""
        return self.hide(self.text)

    def hide(self, text: str) -> str:
        """Any text with the words masked."""
        return masked(text, _set_of(self.words))

    def change(self, change: Change) -> Change:
        """A change of the decision as it may be stored."""
        if isinstance(change, Say):
            return replace(change, text=self.shown) if change.ref == self.line else change
        if isinstance(change, (Create, Set)) and change.thing in ("ticket", "member"):
            return replace(change, values=self._values(change.values, isinstance(change, Create)))
        if isinstance(change, Record) and change.kind == "ticket.changed":
            both = {name: self._values(values, False) for name, values in change.body.items()}
            return replace(change, body=both)
        return change

    def entry(self, entry: TraceEntry) -> TraceEntry:
        """A rule's entry in the trace as it may be kept."""
        values = {k: self.hide(v) if isinstance(v, str) and k in _READ else v for k, v in entry.values.items()}
        shown = self.shown
        changes = [change.hidden(lambda text: text.replace(self.text, shown)) for change in entry.changes]
        return replace(entry, values=values, changes=changes)

    def _values(self, values: Mapping[str, Any], new: bool) -> dict[str, Any]:
        """Values without copies of the line; the subject of a new case is most often made of it."""
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Mapping) and name == "fields":
                value = self._values(value, False)
            elif value == self.text and name not in _NOUNS:
                value = self.shown
            elif new and name == "subject":
                value = self.hide(value)
            clean[name] = value
        return clean


_READ = frozenset({"message.text", "ticket.subject"})
_NOUNS = frozenset(
    {"kind", "shop", "type", "state", "category", "priority", "channel", "language", "team", "assignee", "route_by"}
)
"""Values that are names: a line may well say just that."""


@lru_cache(maxsize=64)
def _set_of(words: tuple[str, ...]) -> WordSet:
    return WordSet(words)
