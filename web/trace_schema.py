"""The trace of a ticket: why it is as it is, in words and as data."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from web.schema import Id, Locale, Name, Query, Time


class TraceReason(Struct):
    kind: str
    """priority, name (the winner comes first by its name), stage (takes one rule), closed, error; false, not-asked,
    limit, dates, shop, stopped, repeated, unknown of a rule asked again; text: as an older desk kept it."""
    winner: str | None
    """The rule it lost to."""
    target: str | None
    """What it lost: a field, a tag, a timer; or the stage."""
    text: str | None


class TraceChange(Struct):
    action: str
    """As rules name it, with `_` for the space; text: a sentence as an older desk kept it."""
    target: str | None
    """What it is about: a field, a timer, a template."""
    value: Any
    """What holds after it."""
    more: dict[str, Any]
    """What else it says, by name."""
    missed: str | None
    """Why nothing was done: transition, agent, stored, longer, internal, silent, depth, fits, error."""


class TraceRule(Struct):
    rule: str
    title: str | None
    file: str
    line: int
    stage: str
    wave: int
    outcome: Literal["acted", "lost", "nearly", "failed", "not"]
    why: str
    """nearly, not: the first false part of its condition as text; lost: the rule it lost to and what."""
    reasons: list[TraceReason]
    """The same as data."""
    values: dict[str, Any]
    changes: list[str]
    did: list[TraceChange]
    """The changes as data, each at the place of its text."""
    reason: str | UnsetType = UNSET
    """not: false, not-asked, limit, dates, shop, stopped, repeated, or unknown where a value was not recorded."""
    held: int | UnsetType = UNSET
    """not: how many parts of its condition held, of `parts`."""
    parts: int | UnsetType = UNSET


class TraceItem(Struct):
    event: str
    seq: int
    """Of the event that was decided: what `?event=` asks for."""
    at: Time
    rulebook: str
    rules: list[TraceRule]


class TracePage(Struct):
    items: list[TraceItem]
    """Newest first."""
    next: str | None = None


class TraceQuery(Query):
    event: Id | None = None
    nearly: bool = True
    """Also the rules that nearly acted."""
    rule: Name | None = None
    """Only this rule, in every decision: also why it did not act."""
    locale: Locale = "en"
    """Of the texts for people in the answer."""


class TriedReply(Struct):
    """An automatic line, as it would be sent."""

    text: str
    author: Literal["bot", "desk"]
    visibility: Literal["public", "internal"]
    at: Time
    """When it would go out."""
    rule: str | None


class TriedRefusal(Struct):
    code: str
    message: str
