"""What was said: the lines of a ticket with their files, read, and as they are stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from peewee import JOIN

from engine.core import questions as ask
from engine.core.access import Scope
from engine.core.changes import Say
from engine.store import tables as t
from engine.store.log import to_json
from engine.store.merges import taken_in
from engine.store.paging import limited
from engine.store.queries import find_ticket, for_members
from engine.store.show import show_message
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx


def message_rows() -> Any:
    """Lines with what showing them needs: the agent who wrote, and how the delivery stands."""
    return (
        t.Message.select(
            t.Message,
            t.Agent.name.alias("agent_name"),
            t.Agent.username.alias("agent_username"),
            t.Outbox.state.alias("delivery"),
            _TAKER.name.alias("unsent_name"),
        )
        .join(t.Agent, JOIN.LEFT_OUTER, on=((t.Message.author_kind == "agent") & (t.Agent.id == t.Message.author_id)))
        .switch(t.Message)
        .join(t.Outbox, JOIN.LEFT_OUTER, on=(t.Outbox.message_id == t.Message.id))
        .switch(t.Message)
        .join(_TAKER, JOIN.LEFT_OUTER, on=(_TAKER.id == t.Message.unsent_by))
    )


_TAKER = t.Agent.alias("taker")


def messages(tx: Tx, scope: Scope, question: ask.Messages) -> dict[str, Any] | None:
    """A page of lines, oldest first: the last ones, those `before` an id, or those `after` one. None: not for the
    actor. Lines of tickets that were merged into this one stand among them, each with its own number; of those a
    member sees his own.

    `next` is the id to go on with in the same direction.
    """
    found = find_ticket(tx, scope, question.number)
    if found is None:
        return None
    whose = {found["id"]: (found["number"], found["m_name"])}
    for row in taken_in(tx, found["id"]):
        if scope.staff or row["member_id"] == found["member_id"]:
            whose[row["id"]] = (row["number"], row["m_name"])
    condition = t.Message.ticket_id.in_(list(whose)) if len(whose) > 1 else t.Message.ticket_id == found["id"]
    if not scope.staff:
        condition &= for_members()
    onward = question.after is not None
    if question.after is not None:
        condition &= t.Message.id > question.after
    if question.before is not None:
        condition &= t.Message.id < question.before
    limit = limited(question.limit)
    order = t.Message.id if onward else t.Message.id.desc()
    rows = tx.rows(message_rows().where(condition).order_by(order).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    following = str(rows[-1]["id"]) if more else None
    if not onward:
        rows.reverse()
    files = attachments_of(tx, [row["id"] for row in rows])
    items = [
        show_message({**row, "number": number, "m_name": name}, files[row["id"]], staff=scope.staff)
        for row in rows
        for number, name in (whose[row["ticket_id"]],)
    ]
    return {"items": items, "next": following}


def message(tx: Tx, message_id: int, *, staff: bool) -> dict[str, Any] | None:
    """One line by its id, for whoever may see it already: acknowledgements and transcripts. None: not for members."""
    row = tx.row(_LINE, id=message_id)
    if row is None or (not staff and row["visibility"] == "internal"):
        return None
    whose = tx.row(_WHOSE, id=row["ticket_id"]) or {"number": None, "m_name": None}
    files = [dict(file) for file in tx.rows(_FILES_OF_LINE, id=message_id)]
    return show_message({**row, **whose}, files, staff=staff)


_LINE = Prepared(lambda: message_rows().where(t.Message.id == p("id")))
_WHOSE = Prepared(
    lambda: (
        t.Ticket.select(t.Ticket.number, t.Member.name.alias("m_name"))
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .where(t.Ticket.id == p("id"))
    )
)
_FILES_OF_LINE = Prepared(
    lambda: (
        t.MessageFile.select(t.File.name.alias("id"), t.File.shown.alias("name"), t.File.media_type, t.File.size)
        .join(t.File, on=(t.File.id == t.MessageFile.file_id))
        .where(t.MessageFile.message_id == p("id"))
        .order_by(t.MessageFile.position)
    )
)


def attachments_of(tx: Tx, ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """Files by message: one statement."""
    found: dict[int, list[dict[str, Any]]] = {message_id: [] for message_id in ids}
    if found:
        query = (
            t.MessageFile.select(t.MessageFile.message_id, t.File.name, t.File.shown, t.File.media_type, t.File.size)
            .join(t.File, on=(t.File.id == t.MessageFile.file_id))
            .where(t.MessageFile.message_id.in_(list(found)))
            .order_by(t.MessageFile.message_id, t.MessageFile.position)
        )
        for row in tx.rows(query):
            found[row["message_id"]].append(
                {"id": row["name"], "name": row["shown"], "media_type": row["media_type"], "size": row["size"]}
            )
    return found


def line_row(say: Say, ticket_id: int) -> Row:
    """A line that a decision wants said, as its columns."""
    return {
        "ticket_id": ticket_id,
        "author_kind": say.author_kind,
        "author_id": say.author_id,
        "shown_as": say.shown_as,
        "visibility": say.visibility,
        "direction": say.direction,
        "automatic": say.automatic,
        "channel": say.channel,
        "channel_account": say.account or say.channel,
        "language": say.language,
        "text": say.text,
        "html": say.html,
        "rule": say.rule,
        "template": say.template,
        "client_key": say.client_key,
        "external_id": say.external_id,
        "reply_to": say.reply_to,
        "sender": to_json(say.sender) if say.sender else None,
        "created_at": say.at,
    }
