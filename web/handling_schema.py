"""What is sent and answered when a ticket is handed on or hurried."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from web.lines_schema import LinkedTicket
from web.schema import Author, Body, Line, Name, Time


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


class MergeBody(Body):
    into: Annotated[int, Meta(ge=1, le=10**15)]
    """The number of the ticket that goes on; of one that was merged itself, where that goes on."""
    note: Line = ""
    """For colleagues; it stands in the ticket that goes on."""
    confirm: bool = False
    """Needed where the tickets are of two members: what is answered goes to the member of the one that goes on."""


class SplitBody(Body):
    messages: Annotated[list[Annotated[int, Meta(ge=1, le=10**15)]], Meta(min_length=1, max_length=500)]
    """Ids of the lines that go."""
    subject: Annotated[str, Meta(min_length=1, max_length=500)]
    kind: Name | None = None
    """null: the ticket's own; of a live chat the kind that lines of its channel open."""
    type: Name | None = None


class LinkBody(Body):
    to: Annotated[int, Meta(ge=1, le=10**15)]
    kind: Literal["parent", "child", "related", "duplicate"]
    """What this ticket is to the other one: `duplicate` repeats it."""


class LinkPage(Struct):
    items: list[LinkedTicket]
    next: str | None


class Repeat(Struct):
    """An open ticket that may tell the same trouble."""

    number: int
    kind: str
    type: str
    subject: str
    state: str
    category: Literal["open", "pending", "closed"]
    channel: str
    order_no: str | None
    created_at: Time
    member: str | None
    """The name of its member, where that is another one."""
    why: list[Literal["member", "phone", "order", "type"]]
    """What is the same."""


class RepeatPage(Struct):
    items: list[Repeat]
    next: str | None
