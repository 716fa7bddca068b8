"""Lines as agents write them: sent at once, later, or after a moment in which they may be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from web.lines_schema import Attachment
from web.schema import Author, Body, Line, Name, Time, Visibility

Moment = Annotated[datetime, Meta(tz=True)]
"""RFC 3339, with its offset."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Revision = Annotated[int, Meta(ge=1, le=9_007_199_254_740_991)]


class MessageBody(Body):
    text: Line
    visibility: Visibility = "public"
    attachments: Annotated[list[Name], Meta(max_length=20)] = field(default_factory=list)
    undo: bool = False
    """Agents: it may be taken back as long as the shop has set, and is sent then."""
    send_at: Moment | None = None
    """Agents: the desk keeps it and sends it then."""
    unless_answered: bool = False
    """With `send_at`: not if the member writes before."""
    draft: Revision | None = None
    """The draft that this was; without it, the one that says the same is done with."""


class ScheduledLine(Struct):
    """A line that the desk keeps, to send it as its writer."""

    id: int
    ticket: int
    author: Author
    mine: bool
    """Only its writer changes it; who may take back lines of colleagues may cancel it."""
    text: str
    visibility: Visibility
    attachments: list[Attachment]
    send_at: Time
    undo: bool
    """It waits only so that it may be taken back."""
    unless_answered: bool
    state: Literal["waiting", "kept"]
    """`kept`: its time came and it was not sent, or it will not be."""
    reason: str | None
    """Why it was not: `late`, `ticket-closed`, `member-wrote`, `permission-needed`, `writer-gone`, `cancelled` …"""
    created_at: Time


class SuggestedTime(Struct):
    name: Literal["today_opens", "today", "next_day"]
    """The beginning of today's hours, the end of them; the beginning of those of the next working day."""
    at: Time


class ScheduledPage(Struct):
    items: list[ScheduledLine]
    """The next first."""
    next: str | None
    times: list[SuggestedTime]
    """Times that offer themselves, by the shop's calendar."""
    unsend_within: int
    """Seconds after which a line that was sent can no longer be taken back."""


class ScheduledPatch(Body):
    text: Line | None = None
    send_at: Moment | None = None
    unless_answered: bool | None = None


def micros(at: datetime | None) -> int | None:
    """A moment as the desk counts, µs UTC."""
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)
