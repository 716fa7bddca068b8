"""Lines that are sent later: kept for their time or to be taken back, changed, cancelled, sent now."""

from __future__ import annotations

from typing import Any

from engine.core import access
from engine.core.commands import (
    CancelScheduled,
    ChangeScheduled,
    PostMessage,
    ScheduleLine,
    SendScheduled,
)
from engine.core.draft import Draft
from engine.core.entities import DAY
from engine.core.errors import Refused, missing
from engine.core.handlers.messages import UNSEND_OTHERS, may_post
from engine.core.own_settings import own_setting
from engine.core.rights import WRITING
from engine.desk import locate, results, sending
from engine.desk.context import Work
from engine.desk.rows import PlainCommand, check_length
from engine.store import scheduled
from engine.store.sql import Row

MOST = 200
"""Lines that wait for one agent."""
FURTHEST = 366 * DAY
"""How far ahead a line may be scheduled."""
ANY_LINE = tuple(WRITING.values())


def shown(row: Row, agent_id: int | None) -> dict[str, Any]:
    """A kept line as the API has it; to colleagues too, of whom only its writer changes it.

    One that waits while its writer's account is disabled will not be sent, and says so before its time."""
    stays = row["state"] == "waiting" and not row["writer_enabled"]
    return {
        "id": row["id"],
        "ticket": row["number"],
        "author": {"kind": "agent", "name": row["agent_name"], "username": row["username"]},
        "mine": row["agent_id"] == agent_id,
        "text": row["text"],
        "visibility": row["visibility"],
        "attachments": row["attachments"],
        "send_at": row["send_at"],
        "undo": bool(row["undo"]),
        "unless_answered": bool(row["unless_answered"]),
        "state": "kept" if stays else row["state"],
        "reason": "writer-gone" if stays else row["reason"],
        "created_at": row["created_at"],
    }


def suggested(work: Work, shop: str) -> list[dict[str, Any]]:
    """Times that offer themselves, by the shop's calendar: the beginning of today's hours and their end, the beginning
    of the next working day."""
    calendar, now = work.book.calendar_of(shop, None), work.tx.now
    found = (
        ("today_opens", calendar.opens_today(now)),
        ("today", calendar.closes(now)),
        ("next_day", calendar.opens_on_a_later_day(now)),
    )
    return [{"name": name, "at": at} for name, at in found if at is not None]


def _schedule(work: Work, command: ScheduleLine) -> dict[str, Any]:
    """Keeps the line; says it at once where there is no time in which to take it back."""
    check_length(work.context, "text", command.text)
    case = locate.ticket(work, command.number)
    ticket = locate.need(case).ticket
    if ticket is None or work.agent_id is None:
        raise missing("ticket")
    may_post(Draft(work.book, case, work.actor, work.tx.now), command)
    send_at, undo = command.send_at, command.send_at is None
    if undo:
        live = ticket.kind in work.words.live_kinds
        wait = own_setting(work.book, "undo_send_chats" if live else "undo_send", ticket.shop)
        if wait <= 0 or command.visibility == "internal" or _full(work, work.agent_id, undo=True):
            return _say(work, command)
        send_at = work.tx.now + wait
    _check_time(work, send_at)
    if not undo:
        _check_room(work, work.agent_id)
    values = {
        "agent_id": work.agent_id,
        "ticket_id": ticket.id,
        "visibility": command.visibility,
        "text": command.text,
        "undo": undo,
        "unless_answered": command.unless_answered,
        "send_at": send_at,
    }
    line_id = scheduled.add(work.tx, values, command.attachments)
    if not undo:
        _note(work, "message.scheduled", line_id, ticket.id, ticket.shop, at=send_at)
    return {"scheduled": _read(work, line_id), "draft_done": sending.done_with_draft(work, command, case)}


def _say(work: Work, command: ScheduleLine) -> dict[str, Any]:
    """The line said now."""
    post = PostMessage(command.number, command.text, command.visibility, command.attachments, draft=command.draft)
    sending.first_what_may_be_taken_back(work, post)
    case = locate.ticket(work, command.number)
    decided = work.decide(post, case)
    if decided.decision.rejected is not None:
        raise Refused("invalid", "rejected", decided.decision.rejected or "this desk does not take this message")
    message = results.line(work, decided.refs[sending.own_line(decided.decision).ref], case.shop)
    return {"message": message, "draft_done": sending.done_with_draft(work, command, case)}


def _change(work: Work, command: ChangeScheduled) -> dict[str, Any]:
    row = _own(work, command)
    if command.send_at is not None and (row["undo"] or row["state"] != "waiting"):
        _check_room(work, row["agent_id"])
    values: dict[str, Any] = {}
    if command.text is not None:
        check_length(work.context, "text", command.text)
        if not command.text.strip() and not row["attachments"]:
            raise Refused("invalid", "empty-message", "write something or attach a file", pointer="/text")
        values["text"] = command.text
    if command.send_at is not None:
        _check_time(work, command.send_at)
        values["send_at"] = command.send_at
        values["undo"] = False
    elif row["state"] != "waiting":
        raise Refused("invalid", "time-needed", "say when it is to be sent", pointer="/send_at")
    if command.unless_answered is not None:
        values["unless_answered"] = command.unless_answered
    if not scheduled.change(work.tx, row["id"], values):
        raise _gone()
    _note(work, "message.scheduled", row["id"], row["ticket_id"], row["shop"], at=values.get("send_at", row["send_at"]))
    return {"scheduled": _read(work, row["id"])}


def _cancel(work: Work, command: CancelScheduled) -> dict[str, Any]:
    """Gives what it was: whoever takes it back goes on writing it. A colleague's stays for the colleague to see."""
    row = _on_ticket(work, command)
    own = row["agent_id"] == work.agent_id
    access.require(work.actor, WRITING[row["visibility"]] if own else UNSEND_OTHERS)
    if not own and row["undo"]:
        raise _not_yours()
    if not own and row["state"] != "waiting" and row["reason"] not in scheduled.FOR_OTHERS:
        raise _gone()
    if not own and row["state"] == "waiting" and row["writer_enabled"]:
        if not sending.not_sent(work, row, "cancelled"):
            raise _gone()
    else:
        if row["state"] == "waiting" and not scheduled.take(work.tx, row["id"]):
            raise _gone()
        scheduled.drop(work.tx, [row["id"]])
    if not row["undo"]:
        _note(work, "message.unscheduled", row["id"], row["ticket_id"], row["shop"])
    return {"scheduled": shown(row, work.agent_id)}


def _send_now(work: Work, command: SendScheduled) -> dict[str, Any]:
    row = _own(work, command)
    case = locate.ticket(work, command.number)
    post = PostMessage(row["number"], row["text"], row["visibility"], tuple(f["id"] for f in row["attachments"]))
    may_post(Draft(work.book, case, work.actor, work.tx.now), post)
    if row["state"] != "waiting":
        scheduled.change(work.tx, row["id"], {})
    if not scheduled.take(work.tx, row["id"]):
        raise _gone()
    message_id = sending.send(work, {**row, "unless_answered": False})
    if message_id is None:
        raise Refused("invalid", "rejected", "this desk does not take this message")
    return {"message": results.line(work, message_id, row["shop"])}


def _on_ticket(work: Work, command: ChangeScheduled | CancelScheduled | SendScheduled) -> Row:
    """A line of a ticket that the actor sees. Raises Refused; for one that was sent meanwhile that it is too late."""
    case = locate.ticket(work, command.number)
    row = scheduled.one(work.tx, command.line_id)
    if row is None:
        raise _gone()
    if case.ticket is None or row["ticket_id"] != case.ticket.id:
        raise missing("ticket")
    return row


def _own(work: Work, command: ChangeScheduled | SendScheduled) -> Row:
    """A line of the actor's own, as `_on_ticket` finds it. Raises Refused."""
    row = _on_ticket(work, command)
    if row["agent_id"] != work.agent_id:
        raise _not_yours()
    access.require(work.actor, WRITING[row["visibility"]])
    return row


def _not_yours() -> Refused:
    return Refused("forbidden", "permission-needed", "only who wrote this line does this")


def _full(work: Work, agent_id: int, *, undo: bool = False) -> bool:
    """Whether as many lines wait for an agent as may; with `undo` also of those that may be taken back."""
    kinds = (False, True) if undo else (False,)
    return any(scheduled.count(work.tx, agent_id, undo=kind) >= MOST for kind in kinds)


def _check_room(work: Work, agent_id: int) -> None:
    if _full(work, agent_id):
        raise Refused("conflict", "too-many-scheduled", f"{MOST} of your lines wait already; send or cancel some first")


def _gone() -> Refused:
    return Refused("conflict", "already-sent", "this line was sent already, or taken back")


def _check_time(work: Work, send_at: int | None) -> None:
    if send_at is None or send_at <= work.tx.now:
        raise Refused("invalid", "time-over", "this time is over; choose one to come", pointer="/send_at")
    if send_at - work.tx.now > FURTHEST:
        raise Refused("invalid", "too-far", "a line is scheduled for a year ahead at most", pointer="/send_at")


def _read(work: Work, line_id: int) -> dict[str, Any]:
    row = scheduled.one(work.tx, line_id)
    if row is None:
        raise _gone()
    return shown(row, work.agent_id)


def _note(work: Work, kind: str, line_id: int, ticket_id: int, shop: str, **more: Any) -> None:
    """The history has that a line waits, and not what it says."""
    work.tx.record(kind, {"scheduled": line_id, **more}, actor=work.actor, shop=shop, ticket_id=ticket_id)


COMMANDS = (
    PlainCommand(ScheduleLine, _schedule, rights=ANY_LINE),
    PlainCommand(ChangeScheduled, _change, rights=ANY_LINE),
    PlainCommand(CancelScheduled, _cancel, rights=(*ANY_LINE, UNSEND_OTHERS)),
    PlainCommand(SendScheduled, _send_now, rights=ANY_LINE),
)
