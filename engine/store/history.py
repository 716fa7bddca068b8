"""What people and rules did with a ticket, as rows: its events of some kinds, its decisions of a stretch of time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.core.access import Scope
from engine.store import packing
from engine.store import tables as t
from engine.store.paging import cursor, limited, read_cursor
from engine.store.queries import event_rows, find_ticket, shown_event
from engine.store.tx import Tx


def page(
    tx: Tx, scope: Scope, number: int, kinds: Collection[str], *, before: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None] | None:
    """Events of a ticket, newest first, as staff sees them, and the cursor of the next page. None: not for the actor.
    Raises BadCursor."""
    found = find_ticket(tx, scope, number) if scope.staff else None
    if found is None:
        return None
    wanted = (t.Event.ticket_id == found["id"]) & t.Event.kind.in_(sorted(kinds))
    if before is not None:
        wanted &= t.Event.id < read_cursor(before, 1)[0]
    most = limited(limit)
    rows = tx.rows(event_rows().where(wanted).order_by(t.Event.id.desc()).limit(most + 1))
    more, rows = len(rows) > most, rows[:most]
    return [shown_event(row, scope) for row in rows], cursor(rows[-1]["id"]) if more else None


def acted(tx: Tx, number: int, since: int, until: int) -> dict[int, list[Any]]:
    """By moment (µs UTC, both ends belong to it), what rules did to a ticket: entries of traces, in order."""
    query = (
        t.Decision.select(t.Decision.at, t.Decision.trace)
        .join(t.Ticket, on=(t.Ticket.id == t.Decision.ticket_id))
        .where((t.Ticket.number == number) & (t.Decision.at >= since) & (t.Decision.at <= until))
        .order_by(t.Decision.id)
    )
    found: dict[int, list[Any]] = {}
    for row in tx.rows(query):
        entries = [entry for entry in packing.unpack_trace(row["trace"]) if entry.outcome == "acted"]
        found.setdefault(row["at"], []).extend(entries)
    return found
