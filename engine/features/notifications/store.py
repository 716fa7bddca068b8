"""The statements of notifications; the machine writes the rows when a rule says `notify`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from peewee import JOIN

from engine.store import Tx
from engine.store.sql import Row
from engine.store.tables import Notification, Ticket


def listed(tx: Tx, agent_id: int, shops: Sequence[str] | None, limit: int, kind: str | None = None) -> list[Row]:
    """An agent's notifications with the ticket's `number`, newest first; tickets' only of the shops (None: all), and of
    one `kind` where it is named."""
    visible = Ticket.id == Notification.ticket_id
    if shops is not None:
        visible &= Ticket.shop.in_(list(shops))
    query = (
        Notification.select(Notification, Ticket.number)
        .join(Ticket, JOIN.LEFT_OUTER, on=visible)
        .where((Notification.agent_id == agent_id) & (Notification.ticket_id.is_null() | Ticket.id.is_null(False)))
        .order_by(Notification.id.desc())
        .limit(limit)
    )
    return tx.rows(query if kind is None else query.where(Notification.kind == kind))


def read(tx: Tx, agent_id: int, ids: Collection[int] | None) -> int:
    """Marks an agent's notifications as read, all of them where none are named. Returns how many were unread."""
    unread = (Notification.agent_id == agent_id) & Notification.read_at.is_null()
    if ids is not None:
        unread &= Notification.id.in_(list(ids))
    return tx.run(Notification.update(read_at=tx.now).where(unread))
