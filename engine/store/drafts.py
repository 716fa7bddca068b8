"""Drafts: what an agent has written on a ticket and not sent. Each statement names the agent: nobody else reads one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from peewee import fn

from engine.core.access import Scope
from engine.core.entities import DAY
from engine.store import tables as t
from engine.store import uploads
from engine.store.queries import of_ticket
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

KEEP = 30 * DAY
"""How long drafts outlive the end of their ticket."""
SWEPT = 500
"""Drafts taken out in one step."""


def holder(agent_id: int, ticket_id: int, visibility: str) -> str:
    """As which a draft holds its files."""
    return f"draft:{agent_id}:{ticket_id}:{visibility}"


def _is(agent_id: int, ticket_id: int, visibilities: Collection[str] | None = None) -> Any:
    mine = (t.Draft.agent_id == agent_id) & (t.Draft.ticket_id == ticket_id)
    return mine if visibilities is None else mine & t.Draft.visibility.in_(list(visibilities))


def of_ticket_by(tx: Tx, agent_id: int, ticket_id: int) -> list[Row]:
    """An agent's drafts on a ticket, each with its files."""
    rows = tx.rows(t.Draft.select().where(_is(agent_id, ticket_id)).order_by(t.Draft.visibility))
    files = uploads.held(tx, [holder(agent_id, ticket_id, row["visibility"]) for row in rows])
    return [{**row, "attachments": files[holder(agent_id, ticket_id, row["visibility"])]} for row in rows]


def listed(tx: Tx, scope: Scope, agent_id: int, limit: int) -> list[Row]:
    """All drafts of an agent on tickets that the scope still shows, the newest first, with the ticket's number."""
    query = (
        t.Draft.select(t.Draft, t.Ticket.number)
        .join(t.Ticket, on=(t.Ticket.id == t.Draft.ticket_id))
        .where((t.Draft.agent_id == agent_id) & of_ticket(scope))
        .order_by(t.Draft.updated_at.desc(), t.Draft.ticket_id, t.Draft.visibility)
        .limit(limit)
    )
    return tx.rows(query)


def one(tx: Tx, agent_id: int, ticket_id: int, visibility: str) -> Row | None:
    """One draft with its files."""
    return next((row for row in of_ticket_by(tx, agent_id, ticket_id) if row["visibility"] == visibility), None)


def count(tx: Tx, agent_id: int) -> int:
    """How many drafts an agent keeps."""
    return int(tx.value(t.Draft.select(fn.COUNT(t.Draft.ticket_id)).where(t.Draft.agent_id == agent_id)))


def save(
    tx: Tx, agent_id: int, ticket_id: int, visibility: str, text: str, files: Sequence[str], base: int | None
) -> bool:
    """Keeps a draft in the place of its revision `base` (None: of none). False where another one stands there.

    Raises FileRefused where a file is not the agent's own.
    """
    now = max(tx.now, (base or 0) + 1)  # also after it was taken out and begun anew a revision is never used twice
    values = {"text": text, "revision": now, "updated_at": tx.now}
    if base is None:
        key = {"agent_id": agent_id, "ticket_id": ticket_id, "visibility": visibility}
        done = tx.run(t.Draft.insert({**key, **values}).on_conflict_ignore())
    else:
        done = tx.run(t.Draft.update(values).where(_is(agent_id, ticket_id, [visibility]) & (t.Draft.revision == base)))
    if not done:
        return False
    uploads.hold(tx, holder(agent_id, ticket_id, visibility), files, f"agent:{agent_id}")
    return True


def drop(tx: Tx, agent_id: int, ticket_id: int, visibilities: Collection[str], revision: int | None = None) -> bool:
    """Takes drafts out, of `revision` only where one is named. False where there is none."""
    these = _is(agent_id, ticket_id, visibilities)
    if revision is not None:
        these &= t.Draft.revision == revision
    if not tx.run(t.Draft.delete().where(these)):
        return False
    uploads.release(tx, [holder(agent_id, ticket_id, visibility) for visibility in visibilities])
    return True


_TEXT = Prepared(
    lambda: t.Draft.select(t.Draft.text, t.Draft.revision).where(
        (t.Draft.agent_id == p("agent_id"))
        & (t.Draft.ticket_id == p("ticket_id"))
        & (t.Draft.visibility == p("visibility"))
    )
)


def clear_sent(tx: Tx, agent_id: int, ticket_id: int, visibility: str, text: str, revision: int | None) -> bool:
    """Takes out the draft that became a line: the one of `revision`, else the one that says the same. Another one,
    written meanwhile in another tab, stays. Returns whether there was one."""
    row = tx.row(_TEXT, agent_id=agent_id, ticket_id=ticket_id, visibility=visibility)
    if row is None:
        return False
    was_it = row["revision"] == revision if revision is not None else row["text"].strip() == text.strip()
    return was_it and drop(tx, agent_id, ticket_id, [visibility])


def sweep(tx: Tx) -> bool:
    """Takes out drafts of tickets that ended long ago. Returns whether there may be more."""
    ended = t.Ticket.closed_at.is_null(False) & (t.Ticket.closed_at <= tx.now - KEEP)
    query = (
        t.Draft.select(t.Draft.agent_id, t.Draft.ticket_id, t.Draft.visibility)
        .join(t.Ticket, on=(t.Ticket.id == t.Draft.ticket_id))
        .where(ended & (t.Draft.updated_at <= tx.now - KEEP))
        .limit(SWEPT)
    )
    rows = tx.rows(query)
    for row in rows:
        drop(tx, row["agent_id"], row["ticket_id"], [row["visibility"]])
    return len(rows) == SWEPT


def erase(tx: Tx, agent_id: int) -> None:
    """Takes out all of an agent's."""
    for row in tx.rows(t.Draft.select(t.Draft.ticket_id, t.Draft.visibility).where(t.Draft.agent_id == agent_id)):
        drop(tx, agent_id, row["ticket_id"], [row["visibility"]])
