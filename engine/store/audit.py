"""The one log as its readers see it: who did what, when, on what, and from where. Nothing of what customers wrote."""

from __future__ import annotations

import json
from typing import Any

from peewee import JOIN

from engine.core import questions as ask
from engine.core.access import Scope
from engine.store import tables as t
from engine.store.paging import cursor, limited, read_cursor
from engine.store.tx import Tx

_COLUMNS = (
    t.Event.id.alias("seq"), t.Event.at, t.Event.kind, t.Event.shop, t.Event.actor_kind, t.Event.member_id,
    t.Event.ticket_id, t.Event.message_id, t.Event.address, t.Event.device, t.Event.body,
    t.Agent.username, t.Agent.name, t.Ticket.number,
)  # fmt: skip


def log(tx: Tx, scope: Scope, question: ask.Audit) -> dict[str, Any]:
    """A page of the log, newest first: of the shops of the scope, and what is of no shop. Raises BadCursor."""
    limit = limited(question.limit)
    agent = (t.Event.actor_kind == "agent") & (t.Agent.id == t.Event.actor_id)
    query = (
        t.Event.select(*_COLUMNS)
        .join(t.Agent, JOIN.LEFT_OUTER, on=agent)
        .switch(t.Event)
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Event.ticket_id))
    )
    if scope.shops is not None:
        query = query.where(t.Event.shop.is_null() | t.Event.shop.in_(list(scope.shops)))
    if question.kind is not None:
        query = query.where(t.Event.kind == question.kind)
    if question.actor is not None:
        query = query.where(t.Agent.username == question.actor)
    if question.cursor is not None:
        query = query.where(t.Event.id < read_cursor(question.cursor, 1)[0])
    rows = tx.rows(query.order_by(t.Event.id.desc()).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    return {"items": [_entry(row) for row in rows], "next": cursor(rows[-1]["seq"]) if more else None}


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    """`details` only of what is about the desk itself and was done by a colleague or the desk: what is said of a case,
    a member or a line may hold what a customer wrote, and is read where these are seen."""
    of_the_desk = row["actor_kind"] in ("agent", "system") and not (
        row["ticket_id"] or row["member_id"] or row["message_id"]
    )
    return {
        **{name: row[name] for name in ("seq", "at", "kind", "shop", "address", "device")},
        "actor": {"kind": row["actor_kind"], "username": row["username"], "name": row["name"]},
        "ticket": row["number"],
        "details": json.loads(row["body"]) if of_the_desk and row["body"] else {},
    }
