"""What a rule action is: everything about it in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.asking import helpers_for
from engine.core.draft import Draft
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange
from engine.lang import Duration, Effect
from engine.lang.verbs import Args, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Verb):
    """An action rules may take: what the language has to know of it, and what the desk does."""

    perform: Callable[[Draft, Effect], TraceChange]
    """Carries it out on the draft. Returns what holds then, or what kept it from doing anything."""
    words: Callable[[TraceChange], str]
    """What it did, in words for people."""
    wanted: Callable[[Rulebook, Args], TraceChange]
    """What a trace holds of it where it is not carried out: what stood before and who is free is not known."""
    misses: Mapping[str, Callable[[TraceChange], str]] = field(default_factory=dict)
    """Why it may have done nothing, by `TraceChange.missed`, in words; what is not here its own `words` tell."""
    anything: Callable[[Rulebook, Args], bool] = lambda book, args: False
    """Whether it may have changed whatever rules may write, so that a simulation cannot go on from it."""
    last: bool = False
    """Whether it waits for the end of its wave, because it makes a text of the fields as the wave leaves them."""


def value_of(draft: Draft, field: str) -> Any:
    """What a field is as the draft stands."""
    return draft.book.getter(field)(draft)


def moment_after(draft: Draft, after: Duration) -> int:
    """The moment a duration from now, in µs UTC; of working time by the ticket's calendar."""
    return helpers_for(draft.book, draft).add_business(draft.now, after) if after.business else draft.now + after.micros


def by_itself(name: str) -> Callable[[Rulebook, Args], TraceChange]:
    """`wanted` of an action that says nothing more than its name."""
    return lambda book, args: TraceChange(name)


def nothing(checker: Any, action: Any) -> dict[str, Any]:
    """`check` of an action without arguments."""
    return {}


def given(**more: Any) -> dict[str, Any]:
    """What is not empty of these."""
    return {name: value for name, value in more.items() if value}
