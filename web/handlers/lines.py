"""Lines of a ticket: read, written, sent later, taken back."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.desk import (
    CancelScheduled,
    ChangeScheduled,
    Messages,
    PostMessage,
    Refused,
    Retry,
    Scheduled,
    ScheduleLine,
    SendScheduled,
    TicketByNumber,
    UnsendMessage,
)
from web import scheduled_schema, schema
from web.routes import API, Call, Reply, path_id, route

ONE = f"{API}/tickets/{{number}}"
LATER = f"{ONE}/scheduled"
path_id("line", "A scheduled line's id.")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@route("GET", f"{ONE}/messages", {200: schema.MessagePage}, tag="tickets", query=schema.MessagesQuery)
async def list_messages(call: Call) -> Reply:
    """Lines and, for staff, notes; oldest first."""
    q: schema.MessagesQuery = call.query
    return Reply(await call.need(Messages(call.path["number"], q.before, q.after, q.limit), "ticket"))


@route(
    "POST",
    f"{ONE}/messages",
    {201: schema.Message, 202: scheduled_schema.ScheduledLine},
    tag="tickets",
    body=scheduled_schema.MessageBody,
)
async def post_message(call: Call) -> Reply:
    """Write a line or a note: said now (201), or kept by the desk until its time (202)."""
    body: scheduled_schema.MessageBody = call.body
    if body.unless_answered and body.send_at is None:
        raise Refused("invalid", "no-time", "this is for lines that are sent later", pointer="/unless_answered")
    number, files = call.path["number"], tuple(body.attachments)
    if body.send_at is None and not body.undo:
        done = await call.act(PostMessage(number, body.text, body.visibility, files, draft=body.draft))
    else:
        at = scheduled_schema.micros(body.send_at)
        command = ScheduleLine(number, body.text, body.visibility, files, at, body.unless_answered, body.draft)
        done = await call.act(command)
    if done.get("draft_done"):
        call.web.hub.tell_draft(call.actor, number, body.visibility, None)
    if "message" in done:
        return Reply(done["message"], 201)
    call.web.hub.tell_later(call.actor, number)
    return Reply(done["scheduled"], 202)


@route("POST", f"{ONE}/messages/{{message}}/retry", {204: None}, tag="tickets")
async def retry_message(call: Call) -> Reply:
    """Send a failed or uncertain line again."""
    await call.need(TicketByNumber(call.path["number"]), "ticket")
    await call.act(Retry(call.path["message"]))
    return Reply(status=204)


@route("POST", f"{ONE}/messages/{{message}}/unsend", {200: schema.Message}, tag="tickets")
async def unsend_message(call: Call) -> Reply:
    """Take a line back that was sent a moment ago; its member reads that there was one."""
    return Reply((await call.act(UnsendMessage(call.path["number"], call.path["message"])))["message"])


@route("GET", LATER, {200: scheduled_schema.ScheduledPage}, tag="tickets")
async def list_scheduled(call: Call) -> Reply:
    """Lines that wait to be sent, and my own that could not be."""
    return Reply(await call.need(Scheduled(call.path["number"]), "ticket"))


@route(
    "PATCH",
    f"{LATER}/{{line}}",
    {200: scheduled_schema.ScheduledLine},
    tag="tickets",
    body=scheduled_schema.ScheduledPatch,
    example={"send_at": "2027-01-04T09:00:00+08:00"},
)
async def change_scheduled(call: Call) -> Reply:
    """Other words or another time."""
    body: scheduled_schema.ScheduledPatch = call.body
    number, line = call.path["number"], call.path["line"]
    at = scheduled_schema.micros(body.send_at)
    done = await call.act(ChangeScheduled(number, line, body.text, at, body.unless_answered))
    call.web.hub.tell_later(call.actor, number)
    return Reply(done["scheduled"])


@route("DELETE", f"{LATER}/{{line}}", {200: scheduled_schema.ScheduledLine}, tag="tickets")
async def cancel_scheduled(call: Call) -> Reply:
    """Not send it, or take it back; answers what it was. A colleague's stays, not to be sent, for the colleague."""
    done = await call.act(CancelScheduled(call.path["number"], call.path["line"]))
    call.web.hub.tell_later(call.actor, call.path["number"])
    return Reply(done["scheduled"])


@route("POST", f"{LATER}/{{line}}/send", {200: schema.Message}, tag="tickets")
async def send_scheduled(call: Call) -> Reply:
    """Send it now."""
    done = await call.act(SendScheduled(call.path["number"], call.path["line"]))
    call.web.hub.tell_later(call.actor, call.path["number"])
    return Reply(done["message"])
