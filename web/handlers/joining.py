"""Two tickets: merged, split, linked; and those that may tell the same trouble."""

from __future__ import annotations

from engine.desk import (
    KeepApart,
    Links,
    LinkTickets,
    MergeTicket,
    Repeats,
    SplitTicket,
    UnlinkTickets,
    UnmergeTicket,
)
from web import handling_schema, schema
from web.handlers.tickets import ONE, ticket_reply
from web.routes import Call, Reply, path_id, route

path_id("link", "The id of a link between tickets.")


@route(
    "POST",
    f"{ONE}/merge",
    {200: schema.Ticket},
    tag="tickets",
    body=handling_schema.MergeBody,
    match=True,
    example={"into": 42, "note": "the same parcel"},
)
async def merge_ticket(call: Call) -> Reply:
    """Merge the ticket into another, in which it goes on; it keeps its number and lines, and can be taken out again."""
    body: handling_schema.MergeBody = call.body
    command = MergeTicket(call.path["number"], body.into, body.note, body.confirm, call.version)
    return ticket_reply((await call.act(command))["ticket"])


@route("POST", f"{ONE}/unmerge", {200: schema.Ticket}, tag="tickets", match=True)
async def unmerge_ticket(call: Call) -> Reply:
    """Take a merged ticket out again, as it was; lines that came to the other one since stay there."""
    return ticket_reply((await call.act(UnmergeTicket(call.path["number"], call.version)))["ticket"])


@route(
    "POST",
    f"{ONE}/split",
    {201: schema.Ticket},
    tag="tickets",
    body=handling_schema.SplitBody,
    example={"messages": [3, 4], "subject": "the second parcel"},
)
async def split_ticket(call: Call) -> Reply:
    """Move lines into a new ticket of the same member; answers it."""
    body: handling_schema.SplitBody = call.body
    command = SplitTicket(call.path["number"], tuple(body.messages), body.subject, body.kind, body.type)
    return ticket_reply((await call.act(command))["ticket"], 201)


@route("GET", f"{ONE}/links", {200: handling_schema.LinkPage}, tag="tickets")
async def list_links(call: Call) -> Reply:
    """Tickets linked with it: by people, by rules, by a split."""
    return Reply(await call.need(Links(call.path["number"]), "ticket"))


@route(
    "POST",
    f"{ONE}/links",
    {200: handling_schema.LinkPage},
    tag="tickets",
    body=handling_schema.LinkBody,
    example={"to": 42, "kind": "related"},
)
async def link_tickets(call: Call) -> Reply:
    """Link the ticket with another; the same link twice is one."""
    body: handling_schema.LinkBody = call.body
    return Reply(await call.act(LinkTickets(call.path["number"], body.to, body.kind)))


@route("DELETE", f"{ONE}/links/{{link}}", {204: None}, tag="tickets")
async def unlink_tickets(call: Call) -> Reply:
    """Take a link away that people made."""
    await call.act(UnlinkTickets(call.path["number"], call.path["link"]))
    return Reply(status=204)


@route("GET", f"{ONE}/repeats", {200: handling_schema.RepeatPage}, tag="tickets")
async def list_repeats(call: Call) -> Reply:
    """Open tickets that may tell the same trouble (重複進線): to be merged, or kept apart."""
    return Reply(await call.need(Repeats(call.path["number"]), "ticket"))


@route("DELETE", f"{ONE}/repeats", {200: handling_schema.RepeatPage}, tag="tickets")
async def keep_apart(call: Call) -> Reply:
    """They are not the same trouble; nobody is asked again."""
    return Reply(await call.act(KeepApart(call.path["number"])))
