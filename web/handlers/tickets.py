"""Tickets: list, open, change, talk, move, rate, explain."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from engine.desk import (
    AskRating,
    ChangeTicket,
    ClaimTicket,
    Events,
    FollowTicket,
    History,
    MarkRead,
    MoveTicket,
    Nudges,
    NudgeTicket,
    OpenTicket,
    RateTicket,
    TicketByNumber,
    Tickets,
    Trace,
    TransferTicket,
    Transitions,
    UnfollowTicket,
)
from web import handling_schema, people_schema, schema, trace_schema
from web.routes import API, Call, Reply, given, route

ONE = f"{API}/tickets/{{number}}"


def ticket_reply(ticket: dict[str, Any], status: int = 200) -> Reply:
    """A ticket with its ETag, and where a new one is found."""
    headers = {"ETag": f'"{ticket["version"]}"'}
    if status == 201:
        headers["Location"] = f"{API}/tickets/{ticket['number']}"
    return Reply(ticket, status, headers)


@route("GET", f"{API}/tickets", {200: schema.TicketPage}, tag="tickets", query=schema.TicketsQuery)
async def list_tickets(call: Call) -> Reply:
    """Tickets I may see, by view, filter or words."""
    q: schema.TicketsQuery = call.query
    question = Tickets(q.filter or None, q.view, q.q or None, q.sort, q.limit, q.cursor or None, q.count)
    return Reply(await call.ask(question))


@route("POST", f"{API}/tickets", {201: schema.Ticket}, tag="tickets", body=schema.TicketBody, errors=(404,))
async def open_ticket(call: Call) -> Reply:
    """Open a ticket with its first message; answers it as the rules left it."""
    body: schema.TicketBody = call.body
    requester = None if body.requester is UNSET else given(body.requester)
    done = await call.act(
        OpenTicket(
            subject=body.subject,
            text=body.text,
            kind=None if body.kind is UNSET else body.kind,
            shop=body.shop,
            values=given(body, "type", "priority", "team", "assignee", "order_no", "product", "fields"),
            tags=tuple(body.tags),
            requester=requester,
            attachments=tuple(body.attachments),
            author=None if body.author is UNSET else body.author,
        )
    )
    return ticket_reply(done["ticket"], 201)


@route("GET", ONE, {200: schema.Ticket}, tag="tickets")
async def get_ticket(call: Call) -> Reply:
    """One ticket, with its ETag."""
    return ticket_reply(await call.need(TicketByNumber(call.path["number"], links=True), "ticket"))


@route("PATCH", ONE, {200: schema.Ticket}, tag="tickets", body=schema.TicketPatch, match=True)
async def change_ticket(call: Call) -> Reply:
    """Change the fields that are named."""
    done = await call.act(ChangeTicket(call.path["number"], given(call.body), call.version))
    return ticket_reply(done["ticket"])


@route("GET", f"{ONE}/transitions", {200: schema.TransitionPage}, tag="tickets")
async def list_transitions(call: Call) -> Reply:
    """The transitions allowed now."""
    return Reply(_page(await call.need(Transitions(call.path["number"]), "ticket")))


@route("POST", f"{ONE}/transitions", {200: schema.Ticket}, tag="tickets", body=schema.TransitionBody, match=True)
async def move_ticket(call: Call) -> Reply:
    """Move the ticket along its lifecycle."""
    body: schema.TransitionBody = call.body
    done = await call.act(MoveTicket(call.path["number"], body.trigger, body.fields, call.version))
    return ticket_reply(done["ticket"])


@route(
    "POST",
    f"{ONE}/transfer",
    {200: schema.Ticket},
    tag="tickets",
    body=handling_schema.TransferBody,
    match=True,
    example={"team": "aftersales", "note": "photo in the second line", "tell_member": True},
)
async def transfer_ticket(call: Call) -> Reply:
    """Hand the ticket to a team or a colleague, with a note for them; whoever held it gives it up."""
    body: handling_schema.TransferBody = call.body
    command = TransferTicket(call.path["number"], body.team, body.agent, body.note, body.tell_member, call.version)
    return ticket_reply((await call.act(command))["ticket"])


@route("POST", f"{ONE}/claim", {200: schema.Ticket}, tag="tickets", match=True)
async def claim_ticket(call: Call) -> Reply:
    """Take the ticket, if nobody has it."""
    return ticket_reply((await call.act(ClaimTicket(call.path["number"], call.version)))["ticket"])


@route("PUT", f"{ONE}/followers/{{username}}", {200: people_schema.Followers}, tag="tickets")
async def follow_ticket(call: Call) -> Reply:
    """I follow the ticket, or a colleague does, and hear of it from here on; asked again, nothing happens."""
    return Reply(await call.act(FollowTicket(call.path["number"], call.path["username"])))


@route("DELETE", f"{ONE}/followers/{{username}}", {200: people_schema.Followers}, tag="tickets")
async def unfollow_ticket(call: Call) -> Reply:
    """I follow the ticket no longer, or a colleague does; asked again, nothing happens."""
    return Reply(await call.act(UnfollowTicket(call.path["number"], call.path["username"])))


@route("GET", f"{ONE}/history", {200: handling_schema.HistoryPage}, tag="tickets", query=schema.PageQuery)
async def history(call: Call) -> Reply:
    """What people and rules did with it, one line each, newest first."""
    q: schema.PageQuery = call.query
    return Reply(await call.need(History(call.path["number"], q.limit, q.cursor or None), "ticket"))


@route("GET", f"{ONE}/nudge", {200: handling_schema.Nudges}, tag="tickets")
async def nudges(call: Call) -> Reply:
    """How often somebody asked to hurry, and from when on I may."""
    return Reply(await call.need(Nudges(call.path["number"]), "ticket"))


@route(
    "POST",
    f"{ONE}/nudge",
    {200: schema.Ticket},
    tag="tickets",
    body=handling_schema.NudgeBody,
    example={"note": "the customer called again"},
)
async def nudge_ticket(call: Call) -> Reply:
    """Ask to hurry (催單): its member, or a colleague of who has it, once in a while."""
    body: handling_schema.NudgeBody = call.body
    return ticket_reply((await call.act(NudgeTicket(call.path["number"], body.note)))["ticket"])


@route("GET", f"{ONE}/trace", {200: trace_schema.TracePage}, tag="tickets", query=trace_schema.TraceQuery)
async def trace(call: Call) -> Reply:
    """Why the ticket is as it is: every rule that acted, lost or nearly acted."""
    q: trace_schema.TraceQuery = call.query
    return Reply(_page(await call.need(Trace(call.path["number"], q.event, q.nearly, q.rule), "ticket")))


@route("GET", f"{ONE}/events", {200: schema.EventPage}, tag="tickets", query=schema.EventsQuery)
async def list_events(call: Call) -> Reply:
    """What happened, oldest first."""
    q: schema.EventsQuery = call.query
    kinds = tuple(kind.strip() for kind in q.kind.split(",") if kind.strip())
    return Reply(_page(await call.need(Events(call.path["number"], q.since, q.limit, kinds), "ticket")))


@route("POST", f"{ONE}/rating", {200: schema.Ticket}, tag="tickets", body=schema.RateBody)
async def rate_ticket(call: Call) -> Reply:
    """The member's verdict, 5 (very satisfied) to 1."""
    body: schema.RateBody = call.body
    done = await call.act(RateTicket(body.score, body.comment, call.path["number"]))
    return ticket_reply(done["ticket"])


@route("POST", f"{ONE}/rating-request", {200: schema.Ticket}, tag="tickets")
async def ask_rating(call: Call) -> Reply:
    """Ask the member to rate."""
    return ticket_reply((await call.act(AskRating(call.path["number"])))["ticket"])


@route("POST", f"{ONE}/read", {204: None}, tag="tickets", by_itself=True, body=schema.ReadBody)
async def mark_read(call: Call) -> Reply:
    """How far I have read."""
    await call.act(MarkRead(call.path["number"], call.body.seq))
    return Reply(status=204)


def _page(found: Any) -> dict[str, Any]:
    """A list that has no pages is one page."""
    return {"next": None, **found} if isinstance(found, dict) else {"items": found, "next": None}
