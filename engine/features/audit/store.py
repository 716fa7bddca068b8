"""The statements of the audit list, over the event log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from peewee import JOIN

from engine.store import Tx
from engine.store.paging import cursor, limited, read_cursor
from engine.store.tables import Agent, Event, Login

REFUSED = "session.refused"


def acts(tx: Tx, shops: Sequence[str] | None, refused: bool, limit: int, after: str | None) -> dict[str, Any]:
    """A page of events by agents, and of sign-ins that failed; only those of the shops, or of none (None: all).
    Raises BadCursor."""
    failed = Event.kind == REFUSED
    where = failed if refused else failed | (Event.actor_kind == "agent")
    if shops is not None:
        where &= Event.shop.is_null() | Event.shop.in_(list(shops))
    if after is not None:
        where &= Event.id < read_cursor(after, 1)[0]
    limit = limited(limit)
    query = (
        Event.select(
            Event.id, Event.at, Event.kind, Event.address, Event.device, Event.body, Agent.username, Agent.name
        )
        .join(Agent, JOIN.LEFT_OUTER, on=((Event.actor_kind == "agent") & (Agent.id == Event.actor_id)))
        .where(where)
        .order_by(Event.id.desc())
        .limit(limit + 1)
    )
    rows = tx.rows(query)
    more, rows = len(rows) > limit, rows[:limit]
    return {"items": rows, "next": cursor(rows[-1]["id"]) if more else None}


def agents_of(tx: Tx, accounts: Collection[str]) -> dict[str, str]:
    """Those of these accounts that are agents', by their own name."""
    if not accounts:
        return {}
    ours = (Login.owner_kind == "agent") & Login.username.in_(sorted(accounts))
    return {row["username"]: row["username"] for row in tx.rows(Login.select(Login.username).where(ours))}
