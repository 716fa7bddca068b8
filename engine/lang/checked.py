"""What checking makes of the rule files: rules whose every name is resolved. The compiler's input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.lang import ast, tree
from engine.lang.source import Span
from engine.lang.types import Duration


@dataclass(frozen=True, slots=True)
class EventRef:
    """An event a rule waits for. `after`: µs it has lasted, or None. `every`: the schedule, for `every …` only."""

    kind: str
    after: int | None = None
    every: Schedule | None = None

    @property
    def key(self) -> str:
        """What the index goes by: the kind, or kind and duration (`chat.waiting after 120000000`)."""
        if self.every is not None:
            return f"every {self.every}"
        return self.kind if self.after is None else f"{self.kind} after {self.after}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an `every …` rule runs: each `period` µs, or on a day (`day`, `mon`…, or `number` of the month) at `at`."""

    period: int | None
    day: str | None
    number: int | None
    at: str | None
    each: str | None

    def __str__(self) -> str:
        if self.period is not None:
            when = str(Duration(self.period))
        elif self.number is not None:
            when = f"month on {self.number} at {self.at}"
        else:
            when = f"{self.day} at {self.at}"
        return when + (f" for each {self.each}" if self.each else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times in a sliding window of `per` µs (None: ever), counted by `scope`."""

    count: int
    per: int | None
    scope: str


@dataclass(frozen=True, slots=True)
class Dynamic:
    """An argument known only when the rule acts. `needed`: without a value there is no action."""

    value: tree.Expr
    needed: bool = False


@dataclass(frozen=True, slots=True)
class CheckedAction:
    """An action with resolved arguments: constants, templates, or `Dynamic` values."""

    action: str
    args: Mapping[str, Any]
    span: Span


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule with every name resolved. `shop`: whose own it is. `variant`: the shop for which a shared rule means
    something else, because it uses a definition or word list the shop replaces."""

    id: str
    name: str
    title: str | None
    span: Span
    stage: str
    priority: int
    owner: str | None
    note: str | None
    shop: str | None
    variant: str | None
    starts: str | None
    ends: str | None
    limit: Limit | None
    events: tuple[EventRef, ...]
    condition: tree.Test | None
    actions: tuple[CheckedAction, ...]
    reads: frozenset[str]
    source: ast.Rule


@dataclass(frozen=True, slots=True)
class Checked:
    """All rule files, checked. Whether they may be used is for the findings to say."""

    rules: tuple[CheckedRule, ...]
    definitions: Mapping[str, tree.Defined]
    words: Mapping[str, tuple[str, ...]]
    stages: tuple[str, ...]
