"""The one log as its readers see it: who did what, when, on what, and from where. Nothing of what customers wrote."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from peewee import JOIN

from engine.store import Tx
from engine.store import tables as t
from engine.store.paging import cursor, limited, read_cursor

REFUSED = "session.refused"
"""A sign-in that failed."""

_COLUMNS = (
    t.Event.id.alias("seq"), t.Event.at, t.Event.kind, t.Event.shop, t.Event.actor_kind, t.Event.member_id,
    t.Event.ticket_id, t.Event.message_id, t.Event.address, t.Event.device, t.Event.body,
    t.Agent.username, t.Agent.name, t.Ticket.number,
)  # fmt: skip


def log(
    tx: Tx,
    shops: Sequence[str] | None,
    kind: str | None,
    actor: str | None,
    people: bool,
    limit: int,
    after: str | None,
) -> dict[str, Any]:
    """A page of the log, newest first: of these shops (None: all), and what is of no shop. `kind`: only such events;
    `actor`: only what the agent of this username did;
    `people`: only what agents did, and sign-ins that failed. Raises BadCursor."""
    limit = limited(limit)
    agent = (t.Event.actor_kind == "agent") & (t.Agent.id == t.Event.actor_id)
    query = (
        t.Event.select(*_COLUMNS)
        .join(t.Agent, JOIN.LEFT_OUTER, on=agent)
        .switch(t.Event)
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Event.ticket_id))
    )
    if shops is not None:
        query = query.where(t.Event.shop.is_null() | t.Event.shop.in_(list(shops)))
    if kind is not None:
        query = query.where(t.Event.kind == kind)
    if people:
        query = query.where((t.Event.actor_kind == "agent") | (t.Event.kind == REFUSED))
    if actor is not None:
        query = query.where(t.Agent.username == actor)
    if after is not None:
        query = query.where(t.Event.id < read_cursor(after, 1)[0])
    rows = tx.rows(query.order_by(t.Event.id.desc()).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    tried = {row["seq"]: json.loads(row["body"] or "{}").get("account") for row in rows if row["kind"] == REFUSED}
    ours = _agents_of(tx, {name for name in tried.values() if name})
    items = [{**_entry(row), "account": ours.get(tried.get(row["seq"]) or "")} for row in rows]
    return {"items": items, "next": cursor(rows[-1]["seq"]) if more else None}


def _agents_of(tx: Tx, accounts: Collection[str]) -> dict[str, str]:
    """Those of these accounts that are agents'; a member's account is no matter of the log's readers."""
    if not accounts:
        return {}
    found = (t.Login.owner_kind == "agent") & t.Login.username.in_(sorted(accounts))
    return {row["username"]: row["username"] for row in tx.rows(t.Login.select(t.Login.username).where(found))}


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
