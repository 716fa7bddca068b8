"""What is sent and answered when a ticket is handed on or hurried."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from web.schema import Author, Body, Line, Name, Query, Time


class TransferBody(Body):
    team: Name | None = None
    agent: Name | None = None
    """A username. Without a team, the ticket is in a team of the agent's."""
    note: Line = ""
    """For colleagues."""
    tell_member: bool = False


class HistoryRule(Struct):
    id: str
    title: str | None
    file: str
    line: int


class FieldChange(Struct):
    field: str
    """As the ticket has it: `priority`, `tags`, or a field of the shop's own."""
    old: Any
    new: Any


class HistoryItem(Struct):
    """Something that a person, a rule or the clock did."""

    seq: int
    at: Time
    kind: str
    actor: Author | None
    """Who caused it; where a rule did it, whose line or act the rule heard of."""
    rule: HistoryRule | None
    changes: list[FieldChange]
    """Of `ticket.changed`."""
    body: dict[str, Any]


class HistoryPage(Struct):
    items: list[HistoryItem]
    next: str | None


class HistoryQuery(Query):
    limit: Annotated[int, Meta(ge=1, le=200)] = 100
    cursor: Annotated[str, Meta(max_length=300)] | None = None


class NudgeBody(Body):
    note: Line = ""
    """Of a colleague, for colleagues."""


class Nudges(Struct):
    count: int | None
    """Staff: how often."""
    nudged_at: Time | None
    """When somebody last did."""
    next_at: Time | None
    """From when on the next nudge is taken; null where there is nothing to ask for."""
