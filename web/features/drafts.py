"""Drafts: what I have begun to write and not sent. Nobody else reads them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from engine.features.drafts.commands import AllDrafts, Drafts, DropDraft, SaveDraft
from web.lines_schema import Attachment
from web.routes import API, Call, Reply, route
from web.scheduled_schema import Revision
from web.schema import Body, Line, Name, Query, Time, Visibility

ONE = f"{API}/tickets/{{number}}/draft"


class Draft(Struct):
    """What stands in my composer on a ticket, by who is to read it."""

    visibility: Visibility
    text: str
    attachments: list[Attachment]
    revision: int
    """What I name when I keep it anew: a newer one is not written over."""
    updated_at: Time


class DraftPage(Struct):
    items: list[Draft]
    next: str | None


class DraftPlace(Struct):
    """Where I have a draft."""

    ticket: int
    visibility: Visibility
    words: str
    """Its first words."""
    at: Time
    revision: int


class DraftPlacePage(Struct):
    items: list[DraftPlace]
    """The newest first."""
    next: str | None


class DraftBody(Body):
    visibility: Visibility
    text: Line
    attachments: Annotated[list[Name], Meta(max_length=20)] = field(default_factory=list)
    base: Revision | None = None
    """The revision it grew from; null where there was none."""


class DraftKept(Struct):
    draft: Draft | None
    """Null: it was empty, and is kept no more."""


class DraftQuery(Query):
    visibility: Visibility | None = None
    """Only this one; all of the ticket's without it."""


@route("GET", f"{API}/drafts", {200: DraftPlacePage}, tag="drafts")
async def all_drafts(call: Call) -> Reply:
    """Where I have drafts."""
    return Reply(await call.ask(AllDrafts()))


@route("GET", ONE, {200: DraftPage}, tag="drafts")
async def ticket_drafts(call: Call) -> Reply:
    """My drafts on a ticket."""
    return Reply(await call.need(Drafts(call.path["number"]), "ticket"))


@route(
    "PUT",
    ONE,
    {200: DraftKept},
    tag="drafts",
    body=DraftBody,
    errors=(412,),
    example={"visibility": "public", "text": "您好，這邊幫您"},
)
async def keep_draft(call: Call) -> Reply:
    """Keep what I have written so far; 412 where it was changed elsewhere since."""
    body: DraftBody = call.body
    number = call.path["number"]
    done = await call.act(SaveDraft(number, body.visibility, body.text, tuple(body.attachments), body.base))
    kept = done["draft"]
    call.web.hub.tell_draft(call.actor, number, body.visibility, None if kept is None else kept["revision"])
    return Reply({"draft": kept})


@route("DELETE", ONE, {204: None}, tag="drafts", query=DraftQuery)
async def drop_draft(call: Call) -> Reply:
    """Discard a draft, or all of the ticket's."""
    visibility: Any = call.query.visibility
    await call.act(DropDraft(call.path["number"], visibility))
    for one in ("public", "anonymous", "internal") if visibility is None else (visibility,):
        call.web.hub.tell_draft(call.actor, call.path["number"], one, None)
    return Reply(status=204)
